package io.varve.lsvd.map;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExtentMapReaderTest {
    private static final int BLOCKS = 60_000;
    private static final int READERS = 2;
    private static final long RUN_NS = 2_000_000_000L;

    /** Locations tell block and generation: the sum carries the block along an extent. */
    private static final int GENERATION_SHIFT = 24;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void agreesWithTheMap(final long seed) {
        final Random random = new Random(seed);
        try (ExtentMap map = new ExtentMap()) {
            final ExtentMapReader reader = new ExtentMapReader(map);
            expectAgreement(map, reader);
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < 2000; i++) {
                    final int block = random.nextInt(BLOCKS);
                    final int length = 1 + random.nextInt(Math.min(20, BLOCKS - block));
                    if (random.nextInt(5) == 0) {
                        map.remove(block, Math.min(BLOCKS - block, length * (round % 2 == 0 ? 1 : 300)));
                    } else {
                        map.put(block, length, ((long) i << GENERATION_SHIFT) + block);
                    }
                }
                expectAgreement(map, reader);
            }
        }
    }

    private static void expectAgreement(final ExtentMap map, final ExtentMapReader reader) {
        for (int block = 0; block < BLOCKS; block++) {
            assertThat(reader.find(block)).isTrue();
            final boolean isAny = map.find(block);
            final boolean isMapped = isAny && map.foundBlock() <= block;
            if (reader.isMapped() != isMapped) {
                assertThat(reader.isMapped()).as("block " + block).isEqualTo(isMapped);
            }
            if (isMapped) {
                final long skip = block - map.foundBlock();
                if (reader.location() != map.foundLocation() + skip || reader.run() != map.foundLength() - skip) {
                    assertThat(reader.location()).as("block " + block).isEqualTo(map.foundLocation() + skip);
                    assertThat(reader.run()).as("block " + block).isEqualTo(map.foundLength() - skip);
                }
            } else if (reader.run() != (isAny ? map.foundBlock() - block : Long.MAX_VALUE)) {
                assertThat(reader.run()).as("block " + block).isEqualTo(map.foundBlock() - block);
            }
        }
    }

    @Test
    @Timeout(60)
    void seesOneStateOfAMapThatChanges() throws InterruptedException {
        final Changes changes = new Changes();
        final List<Reading> readings = new ArrayList<>();
        for (int i = 0; i < READERS; i++) {
            readings.add(new Reading(changes, i));
        }
        readings.forEach(Thread::start);
        changes.run();
        for (final Reading reading : readings) {
            reading.join();
            assertThat(reading.failure).isNull();
            assertThat(reading.sure).isGreaterThan(1000);
        }
        expectAgreement(changes.map, new ExtentMapReader(changes.map));
        changes.map.close();
    }

    /** What is done to a map, and for each block what is about to be done to it last and what has been. */
    private static final class Changes {
        final ExtentMap map = new ExtentMap();
        final AtomicLongArray begun = new AtomicLongArray(BLOCKS);
        final AtomicLongArray done = new AtomicLongArray(BLOCKS);
        final AtomicLongArray removalsBegun = new AtomicLongArray(BLOCKS);
        volatile boolean isOver;

        void run() {
            final Random random = new Random(7);
            final long endNs = System.nanoTime() + RUN_NS;
            try {
                for (long generation = 1; System.nanoTime() < endNs; generation++) {
                    final int block = random.nextInt(BLOCKS);
                    final boolean isRemoval = random.nextInt(4) == 0;
                    final int longest = !isRemoval ? 6 : random.nextInt(200) == 0 ? BLOCKS : 12;
                    change(block, 1 + random.nextInt(Math.min(longest, BLOCKS - block)), isRemoval, generation);
                }
            } finally {
                isOver = true;
            }
        }

        private void change(final int block, final int length, final boolean isRemoval, final long generation) {
            for (int i = block; i < block + length; i++) {
                begun.set(i, generation);
                if (isRemoval) {
                    removalsBegun.set(i, generation);
                }
            }
            if (isRemoval) {
                map.remove(block, length);
            } else {
                map.put(block, length, (generation << GENERATION_SHIFT) + block);
            }
            for (int i = block; i < block + length; i++) {
                done.set(i, generation);
            }
        }
    }

    private static final class Reading extends Thread {
        private final Changes changes;
        private final Random random;
        private final ExtentMapReader reader;
        private volatile long sure;
        private volatile Throwable failure;

        Reading(final Changes changes, final long seed) {
            this.changes = changes;
            random = new Random(seed);
            reader = new ExtentMapReader(changes.map);
        }

        @Override
        public void run() {
            try {
                while (!changes.isOver) {
                    look(random.nextInt(BLOCKS));
                }
            } catch (final Throwable e) {
                failure = e;
            }
        }

        private void look(final int block) {
            final long least = changes.done.get(block);
            if (!reader.find(block)) {
                return;
            }
            sure++;
            final String what = "block " + block + " behind generation " + least;
            if (reader.run() < 1) {
                throw new AssertionError(what + ": a run of " + reader.run());
            }
            if (!reader.isMapped()) {
                if (least > 0 && changes.removalsBegun.get(block) < least) {
                    throw new AssertionError(what + " is not mapped, and has not been removed");
                }
                return;
            }
            final long generation = reader.location() >>> GENERATION_SHIFT;
            final long of = reader.location() & (1 << GENERATION_SHIFT) - 1;
            if (of != block || generation < least || generation > changes.begun.get(block)) {
                throw new AssertionError(what + " is block " + of + " of generation " + generation);
            }
        }
    }
}
