package io.varve.lsvd.cache;

import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.agrona.concurrent.Agent;

/**
 * A cache in a file, whose agent is driven by the test, and a volume that uses it. What stands in a block of an object is told by
 * the object's epoch, its sequence and the block's index.
 */
final class CacheRig implements AutoCloseable {
    static final Epochs EPOCHS = Epochs.NONE
            .with(new Epochs.Entry(new UUID(1, 1), 0, 0, new UUID(7, 1)))
            .with(new Epochs.Entry(new UUID(1, 1), 1, 1, new UUID(7, 2)))
            .with(new Epochs.Entry(new UUID(1, 2), 1, 1000, new UUID(7, 3)));

    final ReadCache cache;
    VolumeCache volume;
    final Time time = new Time();
    private final Mapping memory = Mapping.anonymous(CacheLine.LENGTH);
    private final Checksum checksum = new Checksum(Memory.ALL.asSlice(memory.address(), CacheLine.LENGTH));
    private boolean isAnswered;
    private int answer;

    /** A clock that the test sets, and no threads. */
    static final class Time implements EngineRuntime {
        long nowNs = 1;
        private final EngineRuntime world = new SystemRuntime();

        @Override
        public long nanoTime() {
            return nowNs;
        }

        @Override
        public long bootTimeNs() {
            return nowNs;
        }

        @Override
        public long currentTimeMillis() {
            return 0;
        }

        @Override
        public UUID randomUuid() {
            return world.randomUuid();
        }

        @Override
        public Handle startInBackground(final Agent agent) {
            return start(agent);
        }

        @Override
        public Handle start(final Agent agent) {
            return new Handle() {
                @Override
                public void wake() {
                    // The test comes by.
                }

                @Override
                public void close() {
                    agent.onClose();
                }
            };
        }

        @Override
        public boolean await(final CompletableFuture<?> future, final long timeoutMs) {
            return future.isDone();
        }
    }

    CacheRig(final CacheFile file, final long size) throws IOException {
        this(file, size, "file:///store", EPOCHS);
    }

    CacheRig(final CacheFile file, final long size, final String url, final Epochs epochs) throws IOException {
        cache = ReadCache.open(file, size, time);
        volume = volume(url, epochs);
    }

    /** Another volume that uses the same cache. */
    VolumeCache volume(final String url, final Epochs epochs) {
        return volume(url, epochs, CacheKeys.NONE);
    }

    /** Another volume that uses the same cache, with keys. */
    VolumeCache volume(final String url, final Epochs epochs, final CacheKeys keys) {
        final VolumeCache view = new VolumeCache(cache, keys, ObjectTags.of(url, epochs, keys), null);
        view.listener((token, result) -> {
            isAnswered = true;
            answer = result;
        });
        return view;
    }

    /** Hands a line over as a fetcher does, its data made from a seed; false when it is not taken. */
    boolean offer(final long location, final int count, final long seed) {
        final int[] crcs = new int[count];
        for (int i = 0; i < count; i++) {
            fillBlock(memory.address() + (long) i * Blocks.SIZE, location + i, seed);
            crcs[i] = checksum.of(i * Blocks.SIZE, Blocks.SIZE);
        }
        return volume.offer(location, count, 0, memory.address(), crcs, 0);
    }

    /** Puts a line into the cache. */
    void put(final long sequence, final int line) {
        offer(Location.inObject(sequence, line * CacheLine.BLOCKS), CacheLine.BLOCKS, 0);
        work();
    }

    /** Lets the agent do what there is to do now. */
    void work() {
        while (cache.doWork() > 0) {
            // Until it idles.
        }
    }

    /** Whether a whole line is read from the cache, as it should be. */
    boolean reads(final long sequence, final int line) {
        return reads(volume, Location.inObject(sequence, line * CacheLine.BLOCKS), CacheLine.BLOCKS, 0);
    }

    /**
     * Reads as a reactor does.
     *
     * @return false when it is a miss.
     * @throws AssertionError when what was accepted is something else.
     */
    boolean reads(final VolumeCache by, final long location, final int blocks, final long seed) {
        if (!by.find(location)) {
            return false;
        }
        final int slot = by.slot();
        final long version = by.version();
        final int run = Math.min(blocks, by.run(location));
        isAnswered = false;
        by.read(slot, location, run, memory.address(), 0);
        if (!isAnswered) {
            throw new AssertionError("no answer");
        }
        if (!by.accept(slot, version, location, run, answer, memory.address(), checksum)) {
            return false;
        }
        for (int i = 0; i < run; i++) {
            if (!isBlock(memory.address() + (long) i * Blocks.SIZE, location + i, seed)) {
                throw new AssertionError("something else stands at block " + i + " of " + Long.toHexString(location));
            }
        }
        return true;
    }

    /** Whether blocks of an object are copied, as they should be. */
    boolean copies(final long sequence, final int block, final int count) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment target = arena.allocate((long) count * Blocks.SIZE, Blocks.SIZE);
            final long location = Location.inObject(sequence, block);
            if (!volume.copy(location, target)) {
                return false;
            }
            for (int i = 0; i < count; i++) {
                if (!isBlock(target.address() + (long) i * Blocks.SIZE, location + i, 0)) {
                    throw new AssertionError("something else stands at block " + (block + i));
                }
            }
            return true;
        }
    }

    private static void fillBlock(final long address, final long location, final long seed) {
        for (int at = 0; at < Blocks.SIZE; at += Long.BYTES) {
            Memory.putLong(address + at, location * 31 + at + seed);
        }
    }

    /** What stands in a block, as bytes. */
    static byte[] block(final long location, final long seed) {
        final byte[] bytes = new byte[Blocks.SIZE];
        try (Mapping memory = Mapping.anonymous(Blocks.SIZE)) {
            fillBlock(memory.address(), location, seed);
            Memory.copy(memory.address(), bytes, 0, Blocks.SIZE);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes;
    }

    private static boolean isBlock(final long address, final long location, final long seed) {
        for (int at = 0; at < Blocks.SIZE; at += Long.BYTES) {
            if (Memory.getLong(address + at) != location * 31 + at + seed) {
                return false;
            }
        }
        return true;
    }

    /** As a crash would have it. */
    void crash() {
        cache.closeQuietly();
        memory.close();
    }

    @Override
    public void close() {
        cache.close();
        memory.close();
    }
}
