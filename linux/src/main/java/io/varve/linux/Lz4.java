package io.varve.linux;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Blocks of LZ4, by liblz4 (lz4.h), between segments of native memory. Any thread. */
public final class Lz4 {
    private static final FunctionDescriptor SIGNATURE = FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);

    private static MethodHandle compress;
    private static MethodHandle decompress;

    private Lz4() {}

    /**
     * Loads the library, unless that has been done.
     *
     * @throws UnsupportedOperationException in one line for people, when this host lacks it.
     */
    public static synchronized void load() {
        if (compress == null) {
            final SystemLibrary library = new SystemLibrary("liblz4.so.1");
            decompress = library.link("LZ4_decompress_safe", SIGNATURE);
            compress = library.link("LZ4_compress_default", SIGNATURE);
        }
    }

    /** Compresses to a block; gives its length, or 0 when there is not enough room for it. The library has been {@linkplain #load loaded}. */
    public static int compress(final MemorySegment source, final MemorySegment target) {
        return call(compress, source, target);
    }

    /** Decompresses a block; gives the length of what was in it, or less than 0 when it is none, or there is not enough room for it. */
    public static int decompress(final MemorySegment source, final MemorySegment target) {
        return call(decompress, source, target);
    }

    private static int call(final MethodHandle function, final MemorySegment source, final MemorySegment target) {
        try {
            return (int) function.invokeExact(source, target, (int) source.byteSize(), (int) target.byteSize());
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }
}
