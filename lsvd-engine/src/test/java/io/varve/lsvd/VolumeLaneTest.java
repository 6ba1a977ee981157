package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.IoVec;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.lsvd.cache.DirectoryCacheFile;
import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.read.LaneReads;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A lane reads beside a reactor that writes, whose log goes round. */
@Timeout(120)
class VolumeLaneTest {
    private static final int SIZE = 4096;
    private static final int BLOCKS = 3000;
    private static final int CACHE_SIZE = 32 << 20;
    private static final long GOLDEN = 0x9e37_79b9_7f4a_7c15L;

    @TempDir
    Path directory;

    private ObjectStore store;
    private final AtomicIntegerArray begun = new AtomicIntegerArray(BLOCKS);
    private final AtomicIntegerArray done = new AtomicIntegerArray(BLOCKS);
    private final AtomicIntegerArray discards = new AtomicIntegerArray(BLOCKS);
    private volatile boolean isOver;

    @BeforeEach
    void makeVolume() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        new VolumeCatalog(store).create("disk", 64 << 20);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void readsAreTrueWhileTheLogGoesRound() throws Exception {
        try (ReadCache cache = ReadCache.open(
                        DirectoryCacheFile.open(directory.resolve("cache")), CACHE_SIZE, new SystemRuntime());
                VolumeRig rig = new VolumeRig(ring -> VolumeRig.context(store, directory.resolve("log"))
                        .ring(ring)
                        .readCache(() -> cache))) {
            final Lane lane = new Lane(rig.volume);
            lane.start();
            try {
                // The log goes round three times, and is still meanwhile for so long that what it holds is read from
                // its file.
                for (int round = 0; round < 12; round++) {
                    write(rig, new Random(round), 2200);
                    rig.turnFor(150);
                    for (int i = 0; i < 300; i++) {
                        rig.submitRead(i % 16, (long) (i * 10) * SIZE, SIZE);
                        if (i % 16 == 15) {
                            rig.awaitAll();
                        }
                    }
                    rig.awaitAll();
                }
            } finally {
                isOver = true;
                lane.join();
            }
            assertThat(lane.failure).isNull();
            assertThat(lane.fromMemory).as("served at once").isGreaterThan(100);
            assertThat(lane.fromDisk).as("served from a file").isGreaterThan(100);
            rig.turnFor(200);
            assertThat(rig.volume.stats().cache().hits()).isPositive();
        }
    }

    private void write(final VolumeRig rig, final Random random, final int count) {
        final byte[] data = new byte[SIZE];
        final int[] written = new int[16];
        for (int i = 0; i < count; i += 16) {
            for (int j = 0; j < 16; j++) {
                written[j] = j * (BLOCKS / 16) + random.nextInt(BLOCKS / 16);
                final int block = written[j];
                final int generation = begun.get(block) + 1;
                if (random.nextInt(20) == 0) {
                    discards.set(block, generation);
                    begun.set(block, generation);
                    rig.submitDiscard((long) block * SIZE, SIZE);
                } else {
                    begun.set(block, generation);
                    stamp(data, block, generation);
                    rig.submitWrite(j, (long) block * SIZE, data);
                }
            }
            rig.awaitAll();
            for (final int block : written) {
                done.set(block, begun.get(block));
            }
        }
    }

    private static void stamp(final byte[] data, final int block, final int generation) {
        final java.nio.ByteBuffer buffer = java.nio.ByteBuffer.wrap(data).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < SIZE; i += Long.BYTES) {
            buffer.putLong(i, word(block, generation, i));
        }
    }

    private static long word(final int block, final int generation, final int at) {
        return at == 0 ? (long) generation << 32 | block : ((long) generation << 32 | block) * GOLDEN + at;
    }

    private final class Lane extends Thread {
        private final Volume volume;
        private final Random random = new Random(99);
        private final IoVec buffers = new IoVec();
        private volatile Throwable failure;
        private volatile long fromMemory;
        private volatile long fromDisk;
        private boolean isDone;
        private boolean isServed;

        Lane(final Volume volume) {
            this.volume = volume;
        }

        @Override
        public void run() {
            try (IoRing ring = IoRings.open(64);
                    Mapping memory = Memory.allocate(SIZE);
                    LaneReads reads = volume.lane(ring, (token, length, served) -> {
                        isDone = true;
                        isServed = served;
                    })) {
                buffers.add(memory.address(), SIZE);
                while (!isOver) {
                    readOne(ring, reads, memory.address());
                }
            } catch (final Throwable e) {
                failure = e;
            }
        }

        private void readOne(final IoRing ring, final LaneReads reads, final long address) {
            final int block = random.nextInt(BLOCKS);
            final int least = done.get(block);
            isDone = false;
            if (!reads.read((long) block * SIZE, buffers, 0)) {
                return;
            }
            final boolean isAtOnce = isDone;
            while (!isDone) {
                ring.turn(1_000_000);
            }
            if (!isServed) {
                return;
            }
            final int most = begun.get(block);
            final long first = Memory.getLong(address);
            final int generation = (int) (first >>> 32);
            for (int i = 0; i < SIZE; i += Long.BYTES) {
                if (Memory.getLong(address + i) != (first == 0 ? 0 : word(block, generation, i))) {
                    throw new AssertionError("block " + block + " is torn or another: " + Long.toHexString(first));
                }
            }
            final boolean isRight =
                    first == 0 ? least == 0 || discards.get(block) >= least : generation >= least && generation <= most;
            if (!isRight) {
                throw new AssertionError(
                        "block " + block + " has generation " + generation + " of " + least + " to " + most);
            }
            if (isAtOnce) {
                fromMemory++;
            } else {
                fromDisk++;
            }
        }
    }
}
