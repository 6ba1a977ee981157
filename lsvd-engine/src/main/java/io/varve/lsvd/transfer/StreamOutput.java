package io.varve.lsvd.transfer;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** An output that takes one byte after the other, such as a pipe: holes become zeros. */
public final class StreamOutput implements SparseOutput {
    private static final int ZEROS = 1 << 20;

    private final WritableByteChannel channel;
    private final MemorySegment zeros = Arena.ofAuto().allocate(ZEROS);
    private long position;

    /** An output to a channel, which is left open. */
    public StreamOutput(final WritableByteChannel channel) {
        this.channel = channel;
    }

    @Override
    public void put(final long offset, final MemorySegment bytes) throws IOException {
        fill(offset);
        write(bytes);
    }

    @Override
    public void finish(final long length) throws IOException {
        fill(length);
    }

    private void fill(final long end) throws IOException {
        if (end < position) {
            throw new IllegalArgumentException("offset " + end + " is before " + position);
        }
        while (position < end) {
            write(zeros.asSlice(0, Math.min(ZEROS, end - position)));
        }
    }

    private void write(final MemorySegment bytes) throws IOException {
        final ByteBuffer buffer = bytes.asByteBuffer();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        position += bytes.byteSize();
    }
}
