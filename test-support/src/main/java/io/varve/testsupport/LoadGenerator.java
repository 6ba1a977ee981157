package io.varve.testsupport;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;

/**
 * Random reads and writes of blocks through a {@link Driver}, at a queue depth, over part of a disk. Every block written
 * tells its number and generation; every block read is checked, and so can all be after a restart. No two requests in flight
 * touch the same block. One thread.
 */
public final class LoadGenerator {
    private static final byte[] EMPTY = {};
    private static final int SPINS_BEFORE_WAITING = 200;
    private static final long HIGHEST_LATENCY_NS = 60_000_000_000L;

    private final Driver driver;
    private final Random random;
    private final int blockSize;
    private final int sectorsPerBlock;
    private final BlockStamps stamps;
    private final long[] acknowledged;
    private final long[] attempted;
    private final boolean[] busy;
    private final Deque<Slot> idle = new ArrayDeque<>();
    private final Map<BlkRequest, Slot> slots = new IdentityHashMap<>();
    private final Histogram readLatencyNs = new Histogram(HIGHEST_LATENCY_NS, 3);
    private final Histogram writeLatencyNs = new Histogram(HIGHEST_LATENCY_NS, 3);

    private int writePercent = 50;
    private int flushEvery;
    private boolean polling;
    private Framing framing = Framing.USUAL;
    private long submitted;
    private int inFlight;
    private int nextQueue;

    private static final class Slot {
        private final BlkRequest request = BlkRequest.flush();
        private final byte[] data;
        private int block;
        private boolean write;

        private Slot(final int blockSize) {
            data = new byte[blockSize];
        }
    }

    /**
     * Prepares load on the blocks from 0.
     *
     * @param driver     started.
     * @param blocks     how many.
     * @param blockSize  in bytes, a multiple of 512, at most the queues' data length.
     * @param queueDepth requests in flight, over all queues.
     * @param seed       of every decision.
     */
    public LoadGenerator(
            final Driver driver, final int blocks, final int blockSize, final int queueDepth, final long seed) {
        this.driver = driver;
        this.blockSize = blockSize;
        random = new Random(seed);
        sectorsPerBlock = blockSize / 512;
        stamps = new BlockStamps(blockSize);
        acknowledged = new long[blocks];
        attempted = new long[blocks];
        busy = new boolean[blocks];
        for (int i = 0; i < queueDepth; i++) {
            final Slot slot = new Slot(blockSize);
            slots.put(slot.request, slot);
            idle.add(slot);
        }
    }

    /** Sets how many of 100 requests are writes. */
    public LoadGenerator writePercent(final int percent) {
        writePercent = percent;
        return this;
    }

    /** Puts a flush among every so many requests; 0 for none. */
    public LoadGenerator flushEvery(final int requests) {
        flushEvery = requests;
        return this;
    }

    /** Looks for what comes back without a pause, and asks for no calls. */
    public LoadGenerator polling() {
        polling = true;
        for (int i = 0; i < driver.queueCount(); i++) {
            driver.queue(i).refuseCalls();
        }
        return this;
    }

    /** Sets how requests are cut. */
    public LoadGenerator framing(final Framing newFraming) {
        framing = newFraming;
        return this;
    }

    /** Runs so many requests and waits for all of them. */
    public void run(final long count) throws IOException {
        final long end = submitted + count;
        while (submitted < end || inFlight > 0) {
            while (submitted < end && submitOne()) {
                continue;
            }
            publishAll();
            reapOne();
        }
    }

    /** Keeps requests in flight until told to stop, and leaves them in flight; the back-end may die meanwhile. */
    public void runUntil(final BooleanSupplier isOver) {
        while (!isOver.getAsBoolean()) {
            fill();
            if (reap() == 0) {
                Thread.onSpinWait();
            }
        }
    }

    /** Submits as many requests as the depth allows and returns with them in flight. */
    public void fill() {
        while (submitOne()) {
            continue;
        }
        publishAll();
    }

    /** Waits for everything in flight. */
    public void drain() throws IOException {
        while (inFlight > 0) {
            reapOne();
        }
    }

    private boolean submitOne() {
        final Slot slot = idle.peek();
        if (slot == null) {
            return false;
        }
        if (flushEvery > 0 && submitted % flushEvery == flushEvery - 1) {
            slot.block = -1;
            slot.request.set(BlkRequest.FLUSH, 0, EMPTY, EMPTY);
        } else if (!chooseBlock(slot)) {
            return false;
        }
        final DriverQueue queue = driver.queue(nextQueue);
        nextQueue = (nextQueue + 1) % driver.queueCount();
        if (!queue.submit(slot.request, framing)) {
            release(slot);
            return false;
        }
        idle.remove();
        submitted++;
        inFlight++;
        return true;
    }

    private boolean chooseBlock(final Slot slot) {
        int block = random.nextInt(busy.length);
        for (int tries = 1; busy[block]; tries++) {
            if (tries == busy.length) {
                return false;
            }
            block = (block + 1) % busy.length;
        }
        busy[block] = true;
        slot.block = block;
        slot.write = random.nextInt(100) < writePercent;
        final long sector = (long) block * sectorsPerBlock;
        if (slot.write) {
            stamps.stamp(slot.data, block, ++attempted[block]);
            slot.request.set(BlkRequest.OUT, sector, slot.data, EMPTY);
        } else {
            slot.request.set(BlkRequest.IN, sector, EMPTY, slot.data);
        }
        return true;
    }

    private void publishAll() {
        for (int i = 0; i < driver.queueCount(); i++) {
            driver.queue(i).publish();
        }
    }

    private void reapOne() throws IOException {
        if (inFlight == 0) {
            return;
        }
        final long deadlineNs = System.nanoTime() + FrontEndChannel.TIMEOUT_MS * 1_000_000L;
        for (int spin = 0; polling ? System.nanoTime() < deadlineNs : spin < SPINS_BEFORE_WAITING; spin++) {
            if (reap() > 0) {
                return;
            }
            Thread.onSpinWait();
        }
        boolean there = false;
        for (int i = 0; i < driver.queueCount(); i++) {
            there |= driver.queue(i).wantCalls();
        }
        if (!there && !driver.awaitCall(deadlineNs)) {
            throw new IOException(inFlight + " requests did not come back");
        }
        reap();
    }

    private int reap() {
        int count = 0;
        for (int i = 0; i < driver.queueCount(); i++) {
            for (BlkRequest request = driver.queue(i).poll();
                    request != null;
                    request = driver.queue(i).poll()) {
                finish(slots.get(request));
                count++;
            }
        }
        return count;
    }

    private void finish(final Slot slot) {
        final long latencyNs = System.nanoTime() - slot.request.submittedNs();
        if (slot.request.status() != BlkRequest.OK) {
            throw new AssertionError("failed: " + slot.request);
        }
        if (slot.block >= 0) {
            if (slot.write) {
                acknowledged[slot.block] = attempted[slot.block];
                writeLatencyNs.recordValue(latencyNs);
            } else {
                check(slot.block, slot.data);
                readLatencyNs.recordValue(latencyNs);
            }
        }
        release(slot);
        idle.add(slot);
        inFlight--;
    }

    private void release(final Slot slot) {
        if (slot.block >= 0) {
            busy[slot.block] = false;
        }
    }

    private void check(final int block, final byte[] data) {
        final long generation = stamps.generation(data, block);
        if (generation < acknowledged[block] || generation > attempted[block]) {
            throw new AssertionError("block " + block + " has generation " + generation + ", acknowledged was "
                    + acknowledged[block] + ", attempted " + attempted[block]);
        }
    }

    /**
     * Reads every block and checks it: at least what was acknowledged, at most what was attempted, and what is found counts from now
     * on. Through another driver too, after a restart.
     */
    public void verifyAll(final Driver through) throws IOException {
        final byte[] data = new byte[blockSize];
        final BlkRequest request = BlkRequest.flush();
        for (int block = 0; block < busy.length; block++) {
            through.run(request.set(BlkRequest.IN, (long) block * sectorsPerBlock, EMPTY, data));
            if (request.status() != BlkRequest.OK) {
                throw new AssertionError("failed: " + request);
            }
            check(block, data);
            acknowledged[block] = stamps.generation(data, block);
        }
    }

    /** Latencies of reads, in nanoseconds. */
    public Histogram readLatencyNs() {
        return readLatencyNs;
    }

    /** Latencies of writes, in nanoseconds. */
    public Histogram writeLatencyNs() {
        return writeLatencyNs;
    }

    /** Requests in flight. */
    public int inFlight() {
        return inFlight;
    }

    /** Requests submitted so far. */
    public long submitted() {
        return submitted;
    }
}
