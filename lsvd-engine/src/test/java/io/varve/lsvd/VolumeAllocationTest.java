package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.IoVec;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.testsupport.CompiledJvm;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The reactor leaves next to nothing to the garbage collector. Rounds go on until the count is steady, and batches end by their size,
 * not by the clock: so it does not depend on how busy the machine is.
 */
@Timeout(600)
class VolumeAllocationTest {
    private static final int REQUESTS = 40_000;

    /** Rounds at most until the code is compiled for good: seven are usual. */
    private static final int MOST_ROUNDS = 40;

    /**
     * Some objects are made for each batch of the log and each object in the store, of some thousand requests; none for
     * each request.
     */
    private static final long MOST_BYTES = 4L * REQUESTS;

    @TempDir
    private Path directory;

    @Test
    void requestsAllocateNothing() throws Exception {
        final String[] figures = CompiledJvm.run(Load.class, directory.toString());
        assertThat(Long.parseLong(figures[0])).isLessThan(MOST_BYTES);
    }

    /** Run in a JVM of its own by the test. */
    static final class Load {
        private static final int DEPTH = 32;
        private static final int BLOCKS = 16 << 10;

        private final IoRing ring;
        private final Volume volume;
        private final Mapping memory;
        private final Random random = new Random(1);
        private final IoVec[] vectors = new IoVec[DEPTH];
        private final VolumeCompletion completion = this::onDone;
        private int submitted;
        private int done;

        private Load(final IoRing ring, final Volume volume, final Mapping memory) {
            this.ring = ring;
            this.volume = volume;
            this.memory = memory;
            for (int i = 0; i < DEPTH; i++) {
                vectors[i] = new IoVec();
                vectors[i].add(memory.address() + (long) i * Blocks.SIZE, Blocks.SIZE);
            }
        }

        /** Prints what the reactor's thread allocates, in bytes, for {@link #REQUESTS} requests once that is steady. */
        public static void main(final String[] args) throws Exception {
            final Path home = Path.of(args[0]);
            try (ObjectStore store = DirectoryStore.open(home.resolve("store"), true)) {
                new VolumeCatalog(store).create("disk", (long) BLOCKS * Blocks.SIZE);
                try (IoRing ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
                        Volume volume = Volume.open(new VolumeContext()
                                .store(store)
                                .name("disk")
                                .cacheDirectory(home.resolve("cache"))
                                .logSizeBytes(256L << 20)
                                .destageDelayNs(TimeUnit.HOURS.toNanos(1))
                                .ring(ring));
                        Mapping memory = Memory.allocate((long) DEPTH * Blocks.SIZE)) {
                    System.out.println(new Load(ring, volume, memory).steady());
                }
            }
        }

        private long steady() throws IOException {
            final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < MOST_ROUNDS && least >= MOST_BYTES; round++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                run(submitted + REQUESTS);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            return least;
        }

        private void run(final int until) throws IOException {
            while (done < until) {
                while (submitted < until && submitted - done < DEPTH) {
                    submit(submitted++);
                }
                ring.turn(volume.doWork() > 0 ? 0 : Math.min(1_000_000, volume.maxIdleNs()));
                if (volume.failure() != null) {
                    throw new IOException(volume.failure());
                }
            }
        }

        private void submit(final int number) {
            final IoVec vector = vectors[number % DEPTH];
            final long offset = (long) random.nextInt(BLOCKS) * Blocks.SIZE;
            if (number % 64 == 0) {
                volume.flush(completion, number);
            } else if (number % 3 == 0) {
                volume.read(offset, vector, completion, number);
            } else {
                volume.write(offset, vector, false, completion, number);
            }
        }

        private void onDone(final long token, final int status) {
            done++;
        }
    }
}
