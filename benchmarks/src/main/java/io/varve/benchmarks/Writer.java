package io.varve.benchmarks;

import io.varve.linux.IoRing;
import io.varve.linux.IoVec;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCompletion;
import java.io.IOException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;

/** The reactor of one volume, and its only client: keeps writes of 4 KiB in flight, as fast as they are answered or at a rate. */
public final class Writer {
    /** Length of a write in bytes. */
    public static final int BLOCK = 4096;

    private static final long HIGHEST_LATENCY_NS = TimeUnit.MINUTES.toNanos(5);
    private static final long MAX_IDLE_NS = 1_000_000;
    private static final long PACED_IDLE_NS = 50_000;

    private final IoRing ring;
    private final Volume volume;
    private final Distribution distribution;
    private final Random random;
    private final IoVec[] vectors;
    private final long[] dueNs;
    private final int[] free;
    private final Histogram latencyNs = new Histogram(HIGHEST_LATENCY_NS, 3);
    private final Histogram snapshotNs = new Histogram(HIGHEST_LATENCY_NS, 3);
    private int freeCount;
    private long snapshotEvery = Long.MAX_VALUE;
    private long snapshots;
    private long submitted;
    private long failed;

    /**
     * Makes a writer.
     *
     * @param depth  greatest number of writes in flight.
     * @param memory {@code depth} blocks of it.
     */
    public Writer(
            final IoRing ring,
            final Volume volume,
            final Distribution distribution,
            final Random random,
            final int depth,
            final Mapping memory) {
        this.ring = ring;
        this.volume = volume;
        this.distribution = distribution;
        this.random = random;
        vectors = new IoVec[depth];
        dueNs = new long[depth];
        free = new int[depth];
        final byte[] content = new byte[depth * BLOCK];
        random.nextBytes(content);
        Memory.copy(content, 0, memory.address(), content.length);
        for (int i = 0; i < depth; i++) {
            vectors[i] = new IoVec();
            vectors[i].add(memory.address() + (long) i * BLOCK, BLOCK);
            free[freeCount++] = i;
        }
    }

    /**
     * Writes, and waits until all of it is answered.
     *
     * @param perSecond  writes a second, submitted when they are due however many are in flight, or 0 for as many as go.
     * @return nanoseconds.
     */
    public long write(final long count, final long perSecond) throws IOException {
        final long startNs = System.nanoTime();
        final long end = submitted + count;
        final long first = submitted;
        while (submitted < end || freeCount < free.length) {
            final long nowNs = System.nanoTime();
            while (submitted < end && freeCount > 0) {
                final long dueAtNs = perSecond == 0
                        ? nowNs
                        : startNs + (submitted - first) * TimeUnit.SECONDS.toNanos(1) / perSecond;
                if (dueAtNs > nowNs) {
                    break;
                }
                submit(dueAtNs);
            }
            turn(perSecond == 0 ? MAX_IDLE_NS : PACED_IDLE_NS);
        }
        return System.nanoTime() - startNs;
    }

    /** From now on a snapshot is taken whenever so many more writes have been submitted. */
    void takeSnapshots(final long everyWrites) {
        snapshotEvery = everyWrites;
    }

    /** How long it took until a snapshot was durable in the log. */
    Histogram snapshotNs() {
        return snapshotNs;
    }

    /** Goes on until something holds. */
    public void await(final BooleanSupplier condition) throws IOException {
        while (!condition.getAsBoolean()) {
            turn(MAX_IDLE_NS);
        }
    }

    /** How long writes took, from when they were due. */
    Histogram latencyNs() {
        return latencyNs;
    }

    private void submit(final long dueAtNs) {
        final int slot = free[--freeCount];
        dueNs[slot] = dueAtNs;
        submitted++;
        if (submitted % snapshotEvery == 0) {
            volume.snapshot("s" + ++snapshots, 0, this::onSnapshot, System.nanoTime());
        }
        volume.write((long) distribution.next(random) * BLOCK, vectors[slot], false, this::onDone, slot);
    }

    private void onSnapshot(final long askedNs, final int status) {
        snapshotNs.recordValue(Math.min(System.nanoTime() - askedNs, HIGHEST_LATENCY_NS));
        if (status != VolumeCompletion.OK) {
            failed++;
        }
    }

    private void onDone(final long slot, final int status) {
        latencyNs.recordValue(Math.min(System.nanoTime() - dueNs[(int) slot], HIGHEST_LATENCY_NS));
        free[freeCount++] = (int) slot;
        if (status != VolumeCompletion.OK) {
            failed++;
        }
    }

    private void turn(final long idleNs) throws IOException {
        ring.turn(volume.doWork() > 0 ? 0 : Math.min(idleNs, volume.maxIdleNs()));
        if (failed > 0) {
            throw new IOException(
                    failed + " writes or snapshots failed" + (volume.failure() == null ? "" : ": " + volume.failure()));
        }
    }
}
