package io.varve.testsupport;

import io.varve.block.BlockDevice;
import io.varve.block.Changes;
import io.varve.block.Extents;
import io.varve.linux.IoVec;
import io.varve.linux.Memory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/**
 * A block device in memory: completes within the call, or later and in any order, or not until it is told to. One thread.
 *
 * <p>A request that is not completed within the call touches its buffers when it completes and not before, so that a
 * buffer that is unmapped too early is found out. A {@link MemoryLane} reads it beside.
 */
public final class MemoryBlockDevice implements BlockDevice, AutoCloseable {
    private static final int BLOCK_SIZE = 4096;
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int OTHER = 2;

    private record Pending(int kind, long offset, IoVec buffers, Completion completion, long token, int status) {}

    private final Arena arena = Arena.ofShared();
    private final long address;
    private final List<Pending> pending = new ArrayList<>();

    private volatile long capacity;
    private boolean readOnly;
    private boolean isReady = true;
    private boolean mayRepeat = true;
    private Function<String, Changes> changes = earlier -> null;
    private volatile Random delay;
    private volatile boolean held;
    private volatile int failures;
    private long durableWrites;
    private long writes;
    private long flushes;
    private long discards;
    private long writeZeroes;

    /**
     * Creates a device of zeros.
     *
     * @param capacity in bytes, a multiple of {@link BlockDevice#SECTOR_SIZE}.
     */
    public MemoryBlockDevice(final long capacity) {
        this.capacity = capacity;
        address = arena.allocate(capacity, SECTOR_SIZE).address();
    }

    private MemoryBlockDevice(final FileChannel file, final long capacity) throws IOException {
        this.capacity = capacity;
        address = file.map(FileChannel.MapMode.READ_WRITE, 0, capacity, arena).address();
    }

    /**
     * Creates a device whose contents are those of a file, and outlive the process.
     *
     * @param path     created and made larger as needed.
     * @param capacity in bytes, a multiple of {@link BlockDevice#SECTOR_SIZE}.
     */
    public static MemoryBlockDevice ofFile(final Path path, final long capacity) throws IOException {
        try (FileChannel file =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return new MemoryBlockDevice(file, capacity);
        }
    }

    /** Refuses changes from now on. */
    public MemoryBlockDevice readOnly() {
        readOnly = true;
        return this;
    }

    /** Completes requests in {@link #doWork()} only, in an order taken from a seed; null: at once again. */
    public MemoryBlockDevice delayed(final Random random) {
        delay = random;
        return this;
    }

    /** Completes nothing until told otherwise; what comes meanwhile is kept. */
    public void hold(final boolean newHeld) {
        held = newHeld;
    }

    /** Takes requests, as at first, or does not. */
    public void ready(final boolean value) {
        isReady = value;
    }

    /** Lets requests be done again, as at first, or does not. */
    public void mayRepeat(final boolean value) {
        mayRepeat = value;
    }

    /** Tells of changes what a function does; by default nothing. */
    public void changes(final Function<String, Changes> newChanges) {
        changes = newChanges;
    }

    @Override
    public Changes changesSince(final String earlier) {
        return changes.apply(earlier);
    }

    /** Lets so many of the next requests fail. */
    public void failNext(final int count) {
        failures = count;
    }

    /** Whether it would complete a request well, and within the call. Any thread. */
    boolean isPlain() {
        return !held && delay == null && failures == 0;
    }

    /** Fills buffers at once; false when the guest's memory is gone. Any thread. */
    boolean copyTo(final long offset, final IoVec buffers) {
        try {
            transfer(READ, offset, buffers);
            return true;
        } catch (final InternalError e) {
            return false;
        }
    }

    /** Completes some of what is pending. Returns how many. */
    public int doWork() {
        if (held || pending.isEmpty()) {
            return 0;
        }
        final int count = delay == null ? pending.size() : 1 + delay.nextInt(pending.size());
        for (int i = 0; i < count; i++) {
            final int last = pending.size() - 1;
            final int chosen = delay == null ? 0 : delay.nextInt(pending.size());
            final Pending request = pending.get(chosen);
            if (delay == null) {
                pending.removeFirst();
            } else {
                pending.set(chosen, pending.get(last));
                pending.remove(last);
            }
            complete(request);
        }
        return count;
    }

    /** Whether {@link #doWork()} has something to do. */
    public boolean hasWork() {
        return !held && !pending.isEmpty();
    }

    /** Requests that are not completed. */
    public int pendingCount() {
        return pending.size();
    }

    /** Writes so far. */
    public long writes() {
        return writes;
    }

    /** Writes, discards and write-zeroes so far that were asked to be durable. */
    public long durableWrites() {
        return durableWrites;
    }

    /** Flushes so far. */
    public long flushes() {
        return flushes;
    }

    /** Calls of discard so far. */
    public long discards() {
        return discards;
    }

    /** Calls of write-zeroes so far. */
    public long writeZeroesCalls() {
        return writeZeroes;
    }

    /** Bytes of the disk. */
    public byte[] contents(final long offset, final int length) {
        final byte[] result = new byte[length];
        Memory.copy(address + offset, result, 0, length);
        return result;
    }

    /** All of the disk. */
    public MemorySegment memory() {
        return MemorySegment.ofAddress(address).reinterpret(capacity);
    }

    /** Is of another size from now on, at most that of the beginning. */
    public void resize(final long newCapacity) {
        capacity = newCapacity;
    }

    @Override
    public long capacity() {
        return capacity;
    }

    @Override
    public int preferredBlockSize() {
        return BLOCK_SIZE;
    }

    @Override
    public boolean isReady() {
        return isReady;
    }

    @Override
    public boolean mayRepeat() {
        return mayRepeat;
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public String serial() {
        return "memory-0123456789";
    }

    @Override
    public void read(final long offset, final IoVec buffers, final Completion completion, final long token) {
        check(offset, buffers.totalLength());
        accept(READ, offset, buffers, completion, token);
    }

    @Override
    public void write(
            final long offset,
            final IoVec buffers,
            final boolean durable,
            final Completion completion,
            final long token) {
        check(offset, buffers.totalLength());
        writes++;
        count(durable);
        accept(WRITE, offset, buffers, completion, token);
    }

    @Override
    public void flush(final Completion completion, final long token) {
        flushes++;
        accept(OTHER, 0, null, completion, token);
    }

    @Override
    public void discard(
            final long offset,
            final long length,
            final boolean durable,
            final Completion completion,
            final long token) {
        discards++;
        zero(offset, length, durable, completion, token);
    }

    @Override
    public void writeZeroes(
            final long offset,
            final long length,
            final boolean mayUnmap,
            final boolean durable,
            final Completion completion,
            final long token) {
        writeZeroes++;
        zero(offset, length, durable, completion, token);
    }

    /** What is all zeros counts as not allocated, by blocks of {@link #preferredBlockSize()}. */
    @Override
    public void extents(
            final long offset, final long length, final Extents answer, final Completion completion, final long token) {
        check(offset, length);
        answer.clear();
        long at = offset;
        while (at < offset + length) {
            final long end = Math.min(offset + length, (at / BLOCK_SIZE + 1) * BLOCK_SIZE);
            if (!answer.add(end - at, !isZero(at / BLOCK_SIZE * BLOCK_SIZE))) {
                break;
            }
            at = end;
        }
        accept(OTHER, 0, null, completion, token);
    }

    private boolean isZero(final long block) {
        final long length = Math.min(BLOCK_SIZE, capacity - block);
        for (long at = block; at < block + length; at += Long.BYTES) {
            if (Memory.getLong(address + at) != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void cancel(final Completion completion) {
        pending.removeIf(request -> request.completion == completion);
    }

    @Override
    public String waitsFor() {
        return held ? "the test" : null;
    }

    private void zero(
            final long offset,
            final long length,
            final boolean durable,
            final Completion completion,
            final long token) {
        check(offset, length);
        count(durable);
        Memory.zero(address + offset, length);
        accept(OTHER, 0, null, completion, token);
    }

    private void count(final boolean durable) {
        if (readOnly) {
            throw new IllegalStateException("a change to a read-only device");
        }
        durableWrites += durable ? 1 : 0;
    }

    private void check(final long offset, final long length) {
        if (offset < 0
                || length <= 0
                || offset % SECTOR_SIZE != 0
                || length % SECTOR_SIZE != 0
                || length > capacity - offset) {
            throw new IllegalArgumentException("offset " + offset + ", length " + length);
        }
    }

    private void accept(
            final int kind, final long offset, final IoVec buffers, final Completion completion, final long token) {
        final int status = failures > 0 ? STATUS_IO_ERROR : STATUS_OK;
        failures = Math.max(0, failures - 1);
        if (!held && delay == null && pending.isEmpty()) {
            if (status == STATUS_OK) {
                transfer(kind, offset, buffers);
            }
            completion.onComplete(token, status);
        } else {
            pending.add(new Pending(kind, offset, buffers, completion, token, status));
        }
    }

    private void complete(final Pending request) {
        int status = request.status;
        try {
            if (status == STATUS_OK) {
                transfer(request.kind, request.offset, request.buffers);
            }
        } catch (final InternalError e) {
            status = STATUS_IO_ERROR;
        }
        request.completion.onComplete(request.token, status);
    }

    private void transfer(final int kind, final long offset, final IoVec buffers) {
        if (kind == OTHER) {
            return;
        }
        long position = address + offset;
        for (int i = 0; i < buffers.count(); i++) {
            if (kind == READ) {
                Memory.copy(position, buffers.address(i), buffers.length(i));
            } else {
                Memory.copy(buffers.address(i), position, buffers.length(i));
            }
            position += buffers.length(i);
        }
        Memory.surfaceFaults();
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
