package io.varve.testvms.powercut;

import io.varve.launcher.torture.DiskHistory;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.IoVec;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCompletion;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.testsupport.BlockStamps;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The volume after a cut, opened by the engine itself and driven by this thread. Ends as by kill -9. */
final class CutVolume implements AutoCloseable {
    private static final int CHUNK = 1 << 20;
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long MAX_SLEEP_NS = 1_000_000;

    private final DirectoryStore store;
    private final IoRing ring;
    private final Volume volume;
    private final Mapping memory;
    private final BlockStamps stamps = new BlockStamps(DiskHistory.SECTOR_SIZE);
    private final byte[] sectorBytes = new byte[DiskHistory.SECTOR_SIZE];
    private boolean isAnswered;
    private int answer;

    private CutVolume(final DirectoryStore store, final Path cache) throws IOException, VolumeException {
        this.store = store;
        ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
        try {
            volume = Volume.open(new VolumeContext()
                    .store(store)
                    .name("data")
                    .cacheDirectory(cache)
                    .logSizeBytes(VolumeContext.MIN_LOG_SIZE)
                    .ring(ring));
        } catch (final VolumeException | RuntimeException e) {
            ring.close();
            throw e;
        }
        memory = Memory.allocate(CHUNK);
    }

    /**
     * Opens the volume.
     *
     * @throws VolumeException when it is not there, or is refused.
     */
    static CutVolume open(final Path directory, final Path cache) throws IOException, VolumeException {
        final DirectoryStore store;
        try {
            store = DirectoryStore.open(directory, false);
        } catch (final IOException e) {
            throw new VolumeException(e.getMessage(), e);
        }
        try {
            return new CutVolume(store, cache);
        } catch (final IOException | VolumeException | RuntimeException e) {
            store.close();
            throw e;
        }
    }

    /** The stamp of every sector. */
    long[] readAll() {
        final long[] seen = new long[(int) (volume.sizeBytes() / DiskHistory.SECTOR_SIZE)];
        for (long at = 0; at < volume.sizeBytes(); at += CHUNK) {
            begin();
            volume.read(at, vector(CHUNK), this::onDone, 0);
            await("a read at " + at);
            for (int i = 0; i < CHUNK / DiskHistory.SECTOR_SIZE; i++) {
                final int sector = (int) (at / DiskHistory.SECTOR_SIZE) + i;
                Memory.copy(memory.address() + (long) i * sectorBytes.length, sectorBytes, 0, sectorBytes.length);
                seen[sector] = stamps.generation(sectorBytes, sector);
            }
        }
        return seen;
    }

    /** Writes to the volume. */
    void write(final int sector, final int count, final long stamp) {
        for (int i = 0; i < count; i++) {
            stamps.stamp(sectorBytes, sector + i, stamp);
            Memory.copy(sectorBytes, 0, memory.address() + (long) i * sectorBytes.length, sectorBytes.length);
        }
        begin();
        volume.write(
                (long) sector * DiskHistory.SECTOR_SIZE,
                vector(count * DiskHistory.SECTOR_SIZE),
                false,
                this::onDone,
                0);
        await("a write of sector " + sector);
    }

    /** Has all that was written be safe. */
    void flush() {
        begin();
        volume.flush(this::onDone, 0);
        await("a flush");
    }

    private IoVec vector(final int length) {
        final IoVec vector = new IoVec();
        vector.add(memory.address(), length);
        return vector;
    }

    private void begin() {
        isAnswered = false;
    }

    private void onDone(final long token, final int status) {
        isAnswered = true;
        answer = status;
    }

    private void await(final String what) {
        final long deadlineNs = System.nanoTime() + PATIENCE_NS;
        while (!isAnswered) {
            ring.turn(volume.doWork() > 0 ? 0 : Math.min(volume.maxIdleNs(), MAX_SLEEP_NS));
            if (System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError(what + " is not answered");
            }
        }
        if (answer != VolumeCompletion.OK) {
            throw new AssertionError(what + " failed");
        }
    }

    @Override
    public void close() {
        ring.close();
        volume.close();
        memory.close();
        store.close();
    }
}
