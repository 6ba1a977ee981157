package io.varve.lsvd.objects;

import io.varve.linux.Lz4;
import io.varve.linux.Zstd;
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
    private final MemorySegment compressed;
    private final Zstd zstd;

    /**
     * Makes a codec.
     *
     * @throws UnsupportedOperationException in one line for people, when this host lacks the library.
     */
    FrameCodec(final Compression compression) {
        this.compression = compression;
        load(compression.codec());
        compressed = compression.codec() == Codec.NONE ? null : Arena.ofAuto().allocate(Frames.SIZE, 64);
        zstd = compression.codec() == Codec.ZSTD ? new Zstd() : null;
    }

    static void load(final Codec codec) {
        if (codec == Codec.LZ4) {
            Lz4.load();
        } else if (codec == Codec.ZSTD) {
            Zstd.load();
        }
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
            case LZ4 -> Lz4.compress(frame, compressed.asSlice(0, most));
            case ZSTD -> zstd.compress(frame, compressed.asSlice(0, most), compression.level());
            default -> 0;
        };
        return length <= 0 ? null : compressed.asSlice(0, length);
    }

    /** Decompresses a frame to all of a target; false when it is damaged. */
    static boolean decompress(final Codec codec, final MemorySegment stored, final MemorySegment target) {
        load(codec);
        return target.byteSize()
                == (codec == Codec.LZ4 ? Lz4.decompress(stored, target) : Zstd.decompress(stored, target));
    }

    /** Frees its memory. Idempotent. */
    @Override
    public void close() {
        if (zstd != null) {
            zstd.close();
        }
    }
}
