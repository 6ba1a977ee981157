package io.varve.lsvd.read;

import io.varve.linux.IoVec;

/** A read being served. Made once and used again. */
final class ReadRequest {
    IoVec buffers;
    long offset;
    long length;
    long done;
    long token;
    int pieces;
    boolean isFailed;

    void set(final long newOffset, final IoVec newBuffers, final long newToken) {
        offset = newOffset;
        buffers = newBuffers;
        length = newBuffers.totalLength();
        token = newToken;
        done = 0;
        pieces = 0;
        isFailed = false;
    }
}
