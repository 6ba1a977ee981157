package io.varve.lsvd.objects;

import com.github.luben.zstd.Zstd;
import io.varve.lsvd.format.Codec;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Frames;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/** Compresses and decompresses frames between segments of native memory. One thread's. */
final class FrameCodec {
    /** A frame is stored compressed if that saves this share of it at least. */
    private static final int WORTH = 16;

    /** What next of nothing can be compressed to: LZ4 asks for room for the worst case. */
    private static final int SCRATCH = Frames.SIZE + Frames.SIZE / 128 + 64;

    private static final LZ4Compressor LZ4_COMPRESSOR =
            LZ4Factory.fastestInstance().fastCompressor();
    private static final LZ4SafeDecompressor LZ4_DECOMPRESSOR =
            LZ4Factory.fastestInstance().safeDecompressor();

    private final MemorySegment scratch = Arena.ofAuto().allocate(SCRATCH, 64);
    private final ByteBuffer scratchBuffer = scratch.asByteBuffer();

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
    MemorySegment compress(final Compression compression, final MemorySegment frame) {
        final long length = switch (compression.codec()) {
            case LZ4 ->
                LZ4_COMPRESSOR.compress(frame.asByteBuffer(), 0, (int) frame.byteSize(), scratchBuffer, 0, SCRATCH);
            case ZSTD ->
                Zstd.compressUnsafe(
                        scratch.address(), SCRATCH, frame.address(), frame.byteSize(), compression.level(), false);
            default -> frame.byteSize();
        };
        final boolean isWorthIt =
                length > 0 && !Zstd.isError(length) && length <= frame.byteSize() - frame.byteSize() / WORTH;
        return isWorthIt ? scratch.asSlice(0, length) : null;
    }

    /** Decompresses a frame to all of a target; false when it is damaged. */
    static boolean decompress(final Codec codec, final MemorySegment stored, final MemorySegment target) {
        if (!stored.isNative() || !target.isNative()) {
            throw new IllegalArgumentException("memory of the heap");
        }
        final long length = switch (codec) {
            case LZ4 -> decompressLz4(stored, target);
            case ZSTD ->
                Zstd.decompressUnsafe(target.address(), target.byteSize(), stored.address(), stored.byteSize());
            default -> -1;
        };
        return length == target.byteSize();
    }

    private static long decompressLz4(final MemorySegment stored, final MemorySegment target) {
        try {
            return LZ4_DECOMPRESSOR.decompress(
                    stored.asByteBuffer(), 0, (int) stored.byteSize(), target.asByteBuffer(), 0, (int)
                            target.byteSize());
        } catch (final LZ4Exception e) {
            return -1;
        }
    }
}
