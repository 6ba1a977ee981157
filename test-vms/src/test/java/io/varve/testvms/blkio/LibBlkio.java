package io.varve.testvms.blkio;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A vhost-user-blk disk, opened with libblkio's driver {@code virtio-blk-vhost-user}, with one queue and one region of
 * memory for its buffers. The C interface is blkio(3), version 1. Used from one thread.
 *
 * <p>Requests are given an identity, a number from 0, that comes back with their completion.
 */
final class LibBlkio implements AutoCloseable {
    /** A request that could not be finished in time: the daemon is gone, or has lost it. */
    static final class TimeoutException extends IOException {
        private static final long serialVersionUID = 1;

        TimeoutException(final Duration limit) {
            super("no request was completed within " + limit.toMillis() + " ms");
        }
    }

    /** Told of each request that is complete. */
    @FunctionalInterface
    interface CompletionHandler {
        /**
         * A request is complete.
         *
         * @param id     that it was submitted with.
         * @param result 0, or the negative errno.
         */
        void onCompletion(int id, int result) throws IOException;
    }

    /** {@code struct blkio_mem_region}: addr, len, iova, fd_offset, fd, flags. */
    private static final long REGION_LENGTH = 40;

    private static final int REGION_ADDR_OFFSET = 0;

    /** {@code struct blkio_completion}: user_data, error_msg, ret, reserved. */
    private static final long COMPLETION_LENGTH = 32;

    private static final int COMPLETION_USER_DATA_OFFSET = 0;
    private static final int COMPLETION_RET_OFFSET = 16;
    private static final int MAX_COMPLETIONS = 64;
    private static final int ETIME = 62;

    private final Arena arena = Arena.ofConfined();
    private final Linker linker = Linker.nativeLinker();
    private final SymbolLookup library;
    private final MethodHandle doIo;
    private final MethodHandle read;
    private final MethodHandle write;
    private final MethodHandle discard;
    private final MethodHandle writeZeroes;
    private final MethodHandle flush;
    private final MemorySegment disk;
    private final MemorySegment queue;
    private final MemorySegment buffers;
    private final MemorySegment completions;
    private final MemorySegment timeout;

    /**
     * Connects to a disk and starts it.
     *
     * @param libraryFile  libblkio.so.1.
     * @param socket       of the daemon.
     * @param bufferBytes  size of the memory for buffers, a multiple of the page size.
     */
    LibBlkio(final Path libraryFile, final Path socket, final long bufferBytes) throws IOException {
        library = SymbolLookup.libraryLookup(libraryFile, arena);
        final MemorySegment handle = arena.allocate(ADDRESS);
        check("blkio_create", call("blkio_create", text("virtio-blk-vhost-user"), handle));
        disk = handle.get(ADDRESS, 0);
        check("set path", call("blkio_set_str", disk, text("path"), text(socket.toString())));
        check("blkio_connect", call("blkio_connect", disk));
        check("blkio_start", call("blkio_start", disk));
        final MemorySegment region = arena.allocate(REGION_LENGTH, 8);
        check("blkio_alloc_mem_region", call("blkio_alloc_mem_region", disk, region, bufferBytes));
        check("blkio_map_mem_region", call("blkio_map_mem_region", disk, region));
        buffers = region.get(ADDRESS, REGION_ADDR_OFFSET).reinterpret(bufferBytes);
        queue = firstQueue();
        completions = arena.allocate(COMPLETION_LENGTH * MAX_COMPLETIONS, 8);
        timeout = arena.allocate(16, 8);
        final FunctionDescriptor transfer =
                FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT);
        final FunctionDescriptor range = FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT);
        read = function("blkioq_read", transfer);
        write = function("blkioq_write", transfer);
        discard = function("blkioq_discard", range);
        writeZeroes = function("blkioq_write_zeroes", range);
        flush = function("blkioq_flush", FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_INT));
        doIo = function("blkioq_do_io", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
    }

    /** The memory that reads and writes have to use. */
    MemorySegment buffers() {
        return buffers;
    }

    /** A property of the disk, such as {@code capacity}, in bytes. */
    long longProperty(final String name) throws IOException {
        final MemorySegment value = arena.allocate(JAVA_LONG);
        check(name, call("blkio_get_uint64", disk, text(name), value));
        return value.get(JAVA_LONG, 0);
    }

    /** A property of the disk, such as {@code request-alignment}, in bytes. */
    int intProperty(final String name) throws IOException {
        final MemorySegment value = arena.allocate(JAVA_INT);
        check(name, call("blkio_get_int", disk, text(name), value));
        return value.get(JAVA_INT, 0);
    }

    void read(final int id, final long offset, final MemorySegment buffer) {
        invoke(() -> {
            read.invokeExact(queue, offset, buffer, buffer.byteSize(), (long) id, 0);
        });
    }

    void write(final int id, final long offset, final MemorySegment buffer) {
        invoke(() -> {
            write.invokeExact(queue, offset, buffer, buffer.byteSize(), (long) id, 0);
        });
    }

    void discard(final int id, final long offset, final long length) {
        invoke(() -> {
            discard.invokeExact(queue, offset, length, (long) id, 0);
        });
    }

    void writeZeroes(final int id, final long offset, final long length) {
        invoke(() -> {
            writeZeroes.invokeExact(queue, offset, length, (long) id, 0);
        });
    }

    void flush(final int id) {
        invoke(() -> {
            flush.invokeExact(queue, (long) id, 0);
        });
    }

    /**
     * Submits what was prepared and waits until at least one request is complete.
     *
     * @throws TimeoutException when none is within the limit.
     */
    void awaitCompletions(final Duration limit, final CompletionHandler handler) throws IOException {
        timeout.set(JAVA_LONG, 0, limit.toSeconds());
        timeout.set(JAVA_LONG, 8, limit.toNanosPart());
        final int[] count = new int[1];
        invoke(() -> count[0] = (int) doIo.invokeExact(queue, completions, 1, MAX_COMPLETIONS, timeout));
        if (count[0] == -ETIME) {
            throw new TimeoutException(limit);
        }
        check("blkioq_do_io", count[0]);
        for (int i = 0; i < count[0]; i++) {
            final long offset = i * COMPLETION_LENGTH;
            handler.onCompletion(
                    (int) completions.get(JAVA_LONG, offset + COMPLETION_USER_DATA_OFFSET),
                    completions.get(JAVA_INT, offset + COMPLETION_RET_OFFSET));
        }
    }

    @Override
    public void close() {
        final MemorySegment handle = arena.allocate(ADDRESS);
        handle.set(ADDRESS, 0, disk);
        final MethodHandle destroy = function("blkio_destroy", FunctionDescriptor.ofVoid(ADDRESS));
        invoke(() -> {
            destroy.invokeExact(handle);
        });
        arena.close();
    }

    private MemorySegment firstQueue() {
        final MethodHandle getQueue = function("blkio_get_queue", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
        final MemorySegment[] result = new MemorySegment[1];
        invoke(() -> result[0] = (MemorySegment) getQueue.invokeExact(disk, 0));
        return result[0];
    }

    private MemorySegment text(final String value) {
        return arena.allocateFrom(value);
    }

    private MethodHandle function(final String name, final FunctionDescriptor descriptor) {
        return linker.downcallHandle(library.findOrThrow(name), descriptor);
    }

    /** Calls a function of the set-up, which takes addresses and 64-bit numbers and returns an int. */
    private int call(final String name, final Object... arguments) {
        final MemoryLayout[] layouts = new MemoryLayout[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            layouts[i] = arguments[i] instanceof Long ? JAVA_LONG : ADDRESS;
        }
        final MethodHandle handle = function(name, FunctionDescriptor.of(JAVA_INT, layouts));
        final int[] result = new int[1];
        invoke(() -> result[0] = (int) handle.invokeWithArguments(arguments));
        return result[0];
    }

    private void check(final String what, final int result) throws IOException {
        if (result < 0) {
            final MethodHandle getMessage = function("blkio_get_error_msg", FunctionDescriptor.of(ADDRESS));
            final String[] message = new String[1];
            invoke(() -> message[0] = ((MemorySegment) getMessage.invokeExact())
                    .reinterpret(Long.MAX_VALUE)
                    .getString(0));
            throw new IOException("libblkio: " + what + ": " + message[0] + " (errno " + -result + ")");
        }
    }

    @FunctionalInterface
    private interface NativeCall {
        void run() throws Throwable;
    }

    private static void invoke(final NativeCall call) {
        try {
            call.run();
        } catch (final RuntimeException | Error e) {
            throw e;
        } catch (final Throwable e) {
            throw new AssertionError("a native call throws nothing", e);
        }
    }
}
