package io.varve.lsvd.simulator;

import io.varve.linux.IoRing;
import io.varve.linux.Memory;
import io.varve.lsvd.cache.CacheFile;
import io.varve.lsvd.cache.CacheReader;
import io.varve.lsvd.cache.ReadCache;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;

/**
 * A host's read cache, on a disk that is worse than that of the log: it reads late and in any order, loses what was not synced
 * sector by sector when power fails, and of some hosts it also forgets, garbles and refuses at any time.
 */
final class SimulatedCacheFile implements CacheFile {
    static final long SIZE = ReadCache.MIN_SIZE;

    private static final int SECTOR = 512;
    private static final int EIO = 5;
    private static final int INDEX_OFFSET = 4096;
    private static final int ENTRY = 128;
    private static final int LINE_OFFSET = 32;

    private final Random random;
    private final CrashPoints crashes;
    private final PlantedBug bug;
    private final int troubleOneIn;
    private byte[] current = new byte[0];
    private byte[] durable = new byte[0];
    private final BitSet dirty = new BitSet();
    private final List<Read> inFlight = new ArrayList<>();
    private CacheReader.Listener listener;
    private Runnable onReach = () -> {};

    SimulatedCacheFile(final Random random, final CrashPoints crashes, final PlantedBug bug) {
        this.random = random;
        this.crashes = crashes;
        this.bug = bug;
        this.troubleOneIn = random.nextInt(3) == 0 ? 2 + random.nextInt(60) : 0;
    }

    /** Sets what is called whenever the file is used by somebody who waits. */
    void onReach(final Runnable value) {
        onReach = value;
    }

    /** A read in flight. */
    private record Read(long offset, long address, int length, long token) {}

    /** Carries out one read that is in flight. */
    void step() {
        if (isTroubled() && current.length > 0) {
            garble();
        }
        if (!inFlight.isEmpty()) {
            final Read read = inFlight.remove(random.nextInt(inFlight.size()));
            if (isTroubled()) {
                listener.onRead(read.token, random.nextBoolean() ? -EIO : 0);
            } else {
                copy(read.offset, Memory.ALL.asSlice(read.address, read.length));
                listener.onRead(read.token, read.length);
            }
        }
    }

    /** The process ends: nothing is answered any more. */
    void kill() {
        inFlight.clear();
        if (isTroubled() && random.nextInt(4) == 0) {
            lose();
        }
    }

    /** The host loses power. */
    void losePower() {
        for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
            final byte[] from = random.nextInt(3) == 0 ? current : durable;
            final byte[] to = from == current ? durable : current;
            System.arraycopy(from, sector * SECTOR, to, sector * SECTOR, SECTOR);
        }
        dirty.clear();
    }

    /** The disk is lost. */
    void lose() {
        current = new byte[0];
        durable = current;
        dirty.clear();
    }

    /** What is in the file now, to be put back later. */
    byte[] copy() {
        return current.clone();
    }

    /** Puts an old copy back. */
    void restore(final byte[] copy) {
        current = copy.clone();
        durable = copy.clone();
        dirty.clear();
    }

    @Override
    public long length() {
        return isTroubled() ? random.nextInt(current.length + 1) : current.length;
    }

    @Override
    public long room() {
        return SIZE;
    }

    @Override
    public void format(final long length) throws IOException {
        crashes.maybe();
        fail();
        current = new byte[(int) length];
        durable = new byte[current.length];
        dirty.clear();
    }

    @Override
    public void read(final long offset, final MemorySegment target) throws IOException {
        fail();
        copy(offset, target);
    }

    @Override
    public void write(final long offset, final MemorySegment source) throws IOException {
        if (offset == 0) {
            crashes.maybe();
        }
        fail();
        final byte[] data = source.toArray(ValueLayout.JAVA_BYTE);
        if (bug == PlantedBug.MISLABELLED_CACHE && offset == INDEX_OFFSET) {
            mislabel(data);
        }
        System.arraycopy(data, 0, current, (int) offset, data.length);
        dirty.set((int) offset / SECTOR, ((int) offset + data.length) / SECTOR);
    }

    @Override
    public void sync() throws IOException {
        fail();
        for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
            System.arraycopy(current, sector * SECTOR, durable, sector * SECTOR, SECTOR);
        }
        dirty.clear();
    }

    @Override
    public CacheReader reader(final IoRing ring) {
        return new CacheReader() {
            @Override
            public void listener(final Listener newListener) {
                listener = newListener;
            }

            @Override
            public void read(final long offset, final long address, final int length, final long token) {
                inFlight.add(new Read(offset, address, length, token));
            }
        };
    }

    @Override
    public String name() {
        return "simulated cache";
    }

    @Override
    public void close() {
        inFlight.clear();
    }

    private boolean isTroubled() {
        return troubleOneIn > 0 && random.nextInt(troubleOneIn) == 0;
    }

    private void fail() throws IOException {
        onReach.run();
        if (isTroubled()) {
            throw new IOException("simulated trouble");
        }
    }

    private void garble() {
        final int at = random.nextInt(current.length);
        if (random.nextBoolean()) {
            current[at] ^= (byte) (1 << random.nextInt(8));
        } else {
            // Something that stands elsewhere in the file: it has valid checksums, but not those of this place.
            final int sector = at / SECTOR * SECTOR;
            final int other = random.nextInt(current.length / SECTOR) * SECTOR;
            System.arraycopy(current, other, current, sector, SECTOR);
        }
    }

    private void copy(final long offset, final MemorySegment target) {
        final int length = (int) Math.min(target.byteSize(), Math.max(0, current.length - offset));
        MemorySegment.copy(current, (int) Math.min(offset, current.length), target, ValueLayout.JAVA_BYTE, 0, length);
    }

    /** Swaps the lines that the first two entries of a block of the index name, and their checksums fit. */
    private static void mislabel(final byte[] page) {
        for (int i = 0; i < Long.BYTES; i++) {
            final byte kept = page[LINE_OFFSET + i];
            page[LINE_OFFSET + i] = page[ENTRY + LINE_OFFSET + i];
            page[ENTRY + LINE_OFFSET + i] = kept;
        }
        for (int entry = 0; entry < 2 * ENTRY; entry += ENTRY) {
            final CRC32C crc = new CRC32C();
            crc.update(page, entry + Integer.BYTES, ENTRY - Integer.BYTES);
            MemorySegment.ofArray(page).set(ValueLayout.JAVA_INT_UNALIGNED, entry, (int) crc.getValue());
        }
    }
}
