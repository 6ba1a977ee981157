package io.varve.lsvd.read;

import io.varve.linux.IoVec;

/** A read being served, or a part of one that is read again from elsewhere. Made once and used again. */
final class ReadRequest {
    IoVec buffers;
    long base;
    long offset;
    long length;
    long done;
    long token;
    int pieces;
    boolean isFailed;
    ReadRequest whole;
    int tries;
    boolean passesCache;

    void set(final long newOffset, final IoVec newBuffers, final long newToken) {
        set(newOffset, newBuffers.totalLength(), newBuffers, 0);
        token = newToken;
        whole = null;
        tries = 0;
        passesCache = false;
    }

    /** Becomes the part of a request that one of its pieces was to fill. */
    void setPart(final ReadRequest newWhole, final ReadPiece piece) {
        set(newWhole.offset + piece.requestOffset, piece.length, newWhole.buffers, newWhole.base + piece.requestOffset);
        whole = newWhole;
        tries = newWhole.tries + 1;
        passesCache = newWhole.passesCache;
    }

    /** The token of the request that this is, or is a part of. */
    long wholeToken() {
        ReadRequest request = this;
        while (request.whole != null) {
            request = request.whole;
        }
        return request.token;
    }

    /** Leaves the buffers of this, and of what it is a part of, alone from now on. */
    void cancel() {
        for (ReadRequest request = this; request != null; request = request.whole) {
            request.buffers = null;
            request.isFailed = true;
        }
    }

    boolean isCancelled() {
        return buffers == null;
    }

    private void set(final long newOffset, final long newLength, final IoVec newBuffers, final long newBase) {
        offset = newOffset;
        length = newLength;
        buffers = newBuffers;
        base = newBase;
        done = 0;
        pieces = 0;
        isFailed = false;
    }
}
