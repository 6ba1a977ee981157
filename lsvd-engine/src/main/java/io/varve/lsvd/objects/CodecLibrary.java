package io.varve.lsvd.objects;

import io.varve.lsvd.format.Codec;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Functions of liblz4 (lz4.h) and libzstd (zstd.h), which every distribution has. A library is loaded when it is first needed. Any thread,
 * but for contexts, which are one thread's.
 */
final class CodecLibrary {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong SIZE = ValueLayout.JAVA_LONG;
    private static final ValueLayout ADDRESS = ValueLayout.ADDRESS;

    private CodecLibrary() {}

    /** liblz4. */
    private static final class Lz4 {
        static final SymbolLookup LIBRARY = load("liblz4.so.1");
        static final MethodHandle COMPRESS =
                link(LIBRARY, "LZ4_compress_default", FunctionDescriptor.of(INT, ADDRESS, ADDRESS, INT, INT));
        static final MethodHandle DECOMPRESS =
                link(LIBRARY, "LZ4_decompress_safe", FunctionDescriptor.of(INT, ADDRESS, ADDRESS, INT, INT));
    }

    /** libzstd. */
    private static final class Zstd {
        static final SymbolLookup LIBRARY = load("libzstd.so.1");
        static final MethodHandle CREATE = link(LIBRARY, "ZSTD_createCCtx", FunctionDescriptor.of(ADDRESS));
        static final MethodHandle FREE = link(LIBRARY, "ZSTD_freeCCtx", FunctionDescriptor.of(SIZE, ADDRESS));
        static final MethodHandle COMPRESS = link(
                LIBRARY, "ZSTD_compressCCtx", FunctionDescriptor.of(SIZE, ADDRESS, ADDRESS, SIZE, ADDRESS, SIZE, INT));
        static final MethodHandle DECOMPRESS =
                link(LIBRARY, "ZSTD_decompress", FunctionDescriptor.of(SIZE, ADDRESS, SIZE, ADDRESS, SIZE));
        static final MethodHandle IS_ERROR = link(LIBRARY, "ZSTD_isError", FunctionDescriptor.of(INT, SIZE));
    }

    /**
     * Loads what a codec needs.
     *
     * @throws UnsupportedOperationException in one line for people, when this host lacks it.
     */
    static void require(final Codec codec) {
        try {
            switch (codec) {
                case LZ4 -> Lz4.COMPRESS.type();
                case ZSTD -> Zstd.COMPRESS.type();
                default -> {}
            }
        } catch (final ExceptionInInitializerError | NoClassDefFoundError e) {
            final String library = codec == Codec.LZ4 ? "liblz4.so.1" : "libzstd.so.1";
            throw new UnsupportedOperationException(
                    "what is stored is compressed with " + codec.name().toLowerCase(java.util.Locale.ROOT) + ", and "
                            + library + " is not on this host: install it",
                    e);
        }
    }

    private static SymbolLookup load(final String name) {
        return SymbolLookup.libraryLookup(name, Arena.global());
    }

    private static MethodHandle link(
            final SymbolLookup library, final String name, final FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), descriptor);
    }

    /** Compresses by LZ4; 0 when there is not enough room for what comes out. */
    static int compressLz4(final MemorySegment source, final MemorySegment target) {
        try {
            return (int) Lz4.COMPRESS.invokeExact(source, target, (int) source.byteSize(), (int) target.byteSize());
        } catch (final Throwable e) {
            throw unexpected(e);
        }
    }

    /** Decompresses a block of LZ4; below 0 when it is none, or longer than its target. */
    static int decompressLz4(final MemorySegment source, final MemorySegment target) {
        try {
            return (int) Lz4.DECOMPRESS.invokeExact(source, target, (int) source.byteSize(), (int) target.byteSize());
        } catch (final Throwable e) {
            throw unexpected(e);
        }
    }

    /** Makes a context, which is freed with an arena. */
    static MemorySegment createZstd(final Arena arena) {
        try {
            final MemorySegment context = (MemorySegment) Zstd.CREATE.invokeExact();
            if (context.equals(MemorySegment.NULL)) {
                throw new OutOfMemoryError("no memory for compression");
            }
            return context.reinterpret(arena, CodecLibrary::freeZstd);
        } catch (final Throwable e) {
            throw unexpected(e);
        }
    }

    private static void freeZstd(final MemorySegment context) {
        try {
            final long ignored = (long) Zstd.FREE.invokeExact(context);
        } catch (final Throwable e) {
            throw unexpected(e);
        }
    }

    /** Compresses to one frame of Zstandard; 0 when there is not enough room for what comes out. */
    static long compressZstd(
            final MemorySegment context, final MemorySegment source, final MemorySegment target, final int level) {
        try {
            final long length = (long)
                    Zstd.COMPRESS.invokeExact(context, target, target.byteSize(), source, source.byteSize(), level);
            return isError(length) ? 0 : length;
        } catch (final Throwable e) {
            throw unexpected(e);
        }
    }

    /** Decompresses frames of Zstandard; below 0 when there are none, or longer ones than their target. */
    static long decompressZstd(final MemorySegment source, final MemorySegment target) {
        try {
            final long length =
                    (long) Zstd.DECOMPRESS.invokeExact(target, target.byteSize(), source, source.byteSize());
            return isError(length) ? -1 : length;
        } catch (final Throwable e) {
            throw unexpected(e);
        }
    }

    private static boolean isError(final long code) throws Throwable {
        return (int) Zstd.IS_ERROR.invokeExact(code) != 0;
    }

    private static Error unexpected(final Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        if (e instanceof RuntimeException exception) {
            throw exception;
        }
        throw new AssertionError(e);
    }
}
