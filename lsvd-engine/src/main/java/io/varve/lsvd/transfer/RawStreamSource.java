package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** The contents of a raw image that comes through a pipe; its size is known only at its end. */
public final class RawStreamSource implements ChangeSource {
    private final ReadableByteChannel channel;
    private final long maxBytes;
    private volatile long position;

    /**
     * A source that reads a channel to its end.
     *
     * @param maxBytes how long it may be; 0 for any length.
     */
    public RawStreamSource(final ReadableByteChannel channel, final long maxBytes) {
        this.channel = channel;
        this.maxBytes = maxBytes == 0 ? Blocks.MAX_VOLUME_SIZE : maxBytes;
    }

    /** How much has come so far, in whole sectors: at the end the size of the disk, in bytes. */
    public long position() {
        return position;
    }

    @Override
    public Change next(final MemorySegment target) throws IOException {
        final ByteBuffer buffer = target.asByteBuffer();
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
            // Until it is full, or the end is reached.
        }
        final long count = buffer.position();
        if (count == 0) {
            return null;
        }
        final long length = Blocks.align(count);
        if (position + count > maxBytes) {
            throw new IOException("there is more than " + maxBytes + " bytes of it");
        }
        target.asSlice(count, length - count).fill((byte) 0);
        final Change change = new Change(Kind.DATA, position, length);
        position += Blocks.alignToSector(count);
        return change;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
