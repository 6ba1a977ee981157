package io.varve.linux;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Frames of Zstandard (RFC 8878), by libzstd (zstd.h), between segments of native memory. One thread's. */
public final class Zstd implements AutoCloseable {
    private static final ValueLayout.OfLong SIZE = ValueLayout.JAVA_LONG;
    private static final ValueLayout ADDRESS = ValueLayout.ADDRESS;

    private static MethodHandle create;
    private static MethodHandle free;
    private static MethodHandle compress;
    private static MethodHandle decompress;
    private static MethodHandle isError;

    private boolean isClosed;
    private final MemorySegment context;

    /**
     * Makes a context to compress with.
     *
     * @throws UnsupportedOperationException in one line for people, when this host lacks the library.
     */
    public Zstd() {
        load();
        context = createContext();
        if (context.equals(MemorySegment.NULL)) {
            throw new OutOfMemoryError("no memory for compression");
        }
    }

    /**
     * Loads the library, unless that has been done.
     *
     * @throws UnsupportedOperationException in one line for people, when this host lacks it.
     */
    public static synchronized void load() {
        if (isError == null) {
            final SystemLibrary library = new SystemLibrary("libzstd.so.1");
            create = library.link("ZSTD_createCCtx", FunctionDescriptor.of(ADDRESS));
            free = library.link("ZSTD_freeCCtx", FunctionDescriptor.of(SIZE, ADDRESS));
            compress = library.link(
                    "ZSTD_compressCCtx",
                    FunctionDescriptor.of(SIZE, ADDRESS, ADDRESS, SIZE, ADDRESS, SIZE, ValueLayout.JAVA_INT));
            decompress = library.link("ZSTD_decompress", FunctionDescriptor.of(SIZE, ADDRESS, SIZE, ADDRESS, SIZE));
            isError = library.link("ZSTD_isError", FunctionDescriptor.of(ValueLayout.JAVA_INT, SIZE));
        }
    }

    private static MemorySegment createContext() {
        try {
            return (MemorySegment) create.invokeExact();
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    /** Compresses to a frame; gives its length, or 0 when there is not enough room for it. */
    public long compress(final MemorySegment source, final MemorySegment target, final int level) {
        try {
            final long length =
                    (long) compress.invokeExact(context, target, target.byteSize(), source, source.byteSize(), level);
            return (int) isError.invokeExact(length) != 0 ? 0 : length;
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    /**
     * Decompresses a frame; gives the length of what was in it, or less than 0 when it is none, or there is not enough room for it. The
     * library has been {@linkplain #load loaded}. Any thread.
     */
    public static long decompress(final MemorySegment source, final MemorySegment target) {
        try {
            final long length = (long) decompress.invokeExact(target, target.byteSize(), source, source.byteSize());
            return (int) isError.invokeExact(length) != 0 ? -1 : length;
        } catch (final Throwable t) {
            throw Downcalls.unexpected(t);
        }
    }

    /** Frees the context. Idempotent. */
    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            try {
                final long ignored = (long) free.invokeExact(context);
            } catch (final Throwable t) {
                throw Downcalls.unexpected(t);
            }
        }
    }
}
