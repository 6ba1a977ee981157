package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.IoVec;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** A volume on a real ring, driven from the test's thread. */
final class VolumeRig implements AutoCloseable {
    static final long SMALL_LOG = VolumeContext.MIN_LOG_SIZE;

    private static final long PATIENCE_NS = 60_000_000_000L;
    private static final long SETTLE_NS = 500_000_000L;

    final IoRing ring;
    final Volume volume;
    private final Mapping memory;
    private int outstanding;
    private int failed;
    private int lastFailure;

    VolumeRig(final ObjectStore store, final Path cache) throws IOException, VolumeException {
        this(context(store, cache));
    }

    VolumeRig(final VolumeContext context) throws IOException, VolumeException {
        this(ring -> context);
    }

    VolumeRig(final Function<IoRing, VolumeContext> context) throws IOException, VolumeException {
        ring = IoRings.open(64);
        try {
            volume = Volume.open(context.apply(ring).ring(ring));
        } catch (final VolumeException | RuntimeException e) {
            ring.close();
            throw e;
        }
        memory = Memory.allocate(16 << 20);
    }

    /** A volume that was followed with a ring. */
    VolumeRig(final IoRing ring, final VolumeFollower follower) throws IOException, VolumeException {
        this.ring = ring;
        follower.take();
        volume = follower.open();
        memory = Memory.allocate(16 << 20);
    }

    static VolumeContext context(final ObjectStore store, final Path cache) {
        return new VolumeContext()
                .store(store)
                .name("disk")
                .cacheDirectory(cache)
                .logSizeBytes(SMALL_LOG)
                .destageDelayNs(50_000_000);
    }

    /** Memory for one request, by its index in a round of at most 16. */
    long buffer(final int index) {
        return memory.address() + ((long) index << 20);
    }

    void submitWrite(final int index, final long offset, final byte[] data) {
        Memory.copy(data, 0, buffer(index), data.length);
        outstanding++;
        volume.write(offset, vector(index, data.length), false, this::onDone, index);
    }

    void submitFlush() {
        outstanding++;
        volume.flush(this::onDone, 0);
    }

    /** Goes on for a while with nothing to wait for, to see that nothing happens. */
    void turnFor(final long ms) {
        final long endNs = System.nanoTime() + ms * 1_000_000;
        while (System.nanoTime() < endNs) {
            turn();
        }
    }

    /** Whether everything is answered within a while; a request that has to wait is not. */
    boolean settles() {
        final long endNs = System.nanoTime() + SETTLE_NS;
        while (outstanding > 0 && System.nanoTime() < endNs) {
            turn();
        }
        return outstanding == 0;
    }

    void submitDiscard(final long offset, final long length) {
        outstanding++;
        volume.discard(offset, length, false, this::onDone, 0);
    }

    void snapshot(final String name) {
        outstanding++;
        volume.snapshot(name, 0, this::onDone, 0);
        awaitAll();
    }

    void submitRead(final int index, final long offset, final int length) {
        outstanding++;
        volume.read(offset, vector(index, length), this::onDone, index);
    }

    void write(final long offset, final byte[] data) {
        submitWrite(0, offset, data);
        awaitAll();
    }

    void writeDurably(final long offset, final byte[] data) {
        Memory.copy(data, 0, buffer(0), data.length);
        outstanding++;
        volume.write(offset, vector(0, data.length), true, this::onDone, 0);
        awaitAll();
    }

    void writeCache(final boolean isOn) {
        submitWriteCache(isOn);
        awaitAll();
    }

    void submitWriteCache(final boolean isOn) {
        outstanding++;
        volume.writeCache(isOn, this::onDone, 0);
    }

    void discard(final long offset, final long length) {
        submitDiscard(offset, length);
        awaitAll();
    }

    void flush() {
        submitFlush();
        awaitAll();
    }

    byte[] read(final long offset, final int length) {
        Memory.fill(buffer(0), length, (byte) 0xee);
        submitRead(0, offset, length);
        awaitAll();
        return taken(0, length);
    }

    /** What a read has brought. */
    byte[] taken(final int index, final int length) {
        final byte[] data = new byte[length];
        Memory.copy(buffer(index), data, 0, length);
        return data;
    }

    void awaitAll() {
        await(() -> outstanding == 0);
        assertThat(failed).as("requests that failed").isZero();
    }

    int outstanding() {
        return outstanding;
    }

    int takeFailed() {
        final int count = failed;
        failed = 0;
        return count;
    }

    /** How the last request that failed was answered. */
    int lastFailure() {
        return lastFailure;
    }

    void await(final BooleanSupplier condition) {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("patience").isLessThan(deadline);
            turn();
        }
    }

    void turn() {
        if (volume.doWork() == 0) {
            ring.turn(Math.min(volume.maxIdleNs(), 1_000_000));
        } else {
            ring.turn(0);
        }
    }

    void shutDown() {
        volume.shutdown();
        await(volume::isShutDown);
    }

    /** Ends as kill -9 would: what is in flight lands or not, nothing is said to anybody. */
    void crash() {
        ring.close();
        volume.close();
        memory.close();
    }

    @Override
    public void close() {
        shutDown();
        crash();
    }

    private IoVec vector(final int index, final int length) {
        final IoVec vector = new IoVec();
        vector.add(buffer(index), length);
        return vector;
    }

    private void onDone(final long token, final int status) {
        outstanding--;
        if (status != VolumeCompletion.OK) {
            failed++;
            lastFailure = status;
        }
    }
}
