package io.varve.lsvd.objects;

import io.varve.lsvd.format.Codec;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Frames;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Compresses and decompresses frames between segments of native memory. One thread's. */
final class FrameCodec implements AutoCloseable {
    /** A frame is stored compressed if that saves this share of it at least. */
    private static final int WORTH = 16;

    private final Compression compression;
    private final Arena arena;
    private final MemorySegment compressed;
    private final MemorySegment context;

    /**
     * Makes a codec.
     *
     * @throws UnsupportedOperationException in one line for people, when this host lacks the library.
     */
    FrameCodec(final Compression compression) {
        this.compression = compression;
        final boolean isNeeded = compression.codec() != Codec.NONE;
        CodecLibrary.require(compression.codec());
        arena = isNeeded ? Arena.ofShared() : null;
        compressed = isNeeded ? arena.allocate(Frames.SIZE, 64) : null;
        context = compression.codec() == Codec.ZSTD ? CodecLibrary.createZstd(arena) : null;
    }

    /** Whether every byte is zero. */
    static boolean isZeros(final MemorySegment frame) {
        return frame.get(ValueLayout.JAVA_BYTE, 0) == 0
                && frame.asSlice(1).mismatch(frame.asSlice(0, frame.byteSize() - 1)) < 0;
    }

    /**
     * Compresses a frame, if that is worth it.
     *
     * @return what it has become, which counts until the next call; null when it should be stored as it is.
     */
    MemorySegment compress(final MemorySegment frame) {
        final long most = frame.byteSize() - frame.byteSize() / WORTH;
        final long length = switch (compression.codec()) {
            case LZ4 -> CodecLibrary.compressLz4(frame, compressed.asSlice(0, most));
            case ZSTD -> CodecLibrary.compressZstd(context, frame, compressed.asSlice(0, most), compression.level());
            default -> 0;
        };
        return length == 0 ? null : compressed.asSlice(0, length);
    }

    /** Decompresses a frame to all of a target; false when it is damaged. */
    static boolean decompress(final Codec codec, final MemorySegment stored, final MemorySegment target) {
        CodecLibrary.require(codec);
        return target.byteSize()
                == (codec == Codec.LZ4
                        ? CodecLibrary.decompressLz4(stored, target)
                        : CodecLibrary.decompressZstd(stored, target));
    }

    /** Frees its memory. Idempotent. */
    @Override
    public void close() {
        if (arena != null && arena.scope().isAlive()) {
            arena.close();
        }
    }
}
