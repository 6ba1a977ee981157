package io.varve.lsvd.cache;

import io.varve.linux.IoRing;
import io.varve.linux.Memory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.Random;

/** A cache's file in memory, which can fail, fill up and lose power. */
final class MemoryCacheFile implements CacheFile {
    private static final int SECTOR = 512;

    byte[] current = new byte[0];
    long room = Long.MAX_VALUE;
    boolean failsWrites;
    boolean failsSyncs;
    boolean failsReads;

    /** What nobody foresees: thrown by whatever is written, unless null. */
    RuntimeException surprise;

    int writes;
    int syncs;
    private byte[] durable = new byte[0];
    private final BitSet dirty = new BitSet();
    private CacheReader.Listener listener;

    /** What was not synced is kept or lost sector by sector. */
    void losePower(final Random random) {
        for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
            if (random.nextBoolean()) {
                System.arraycopy(durable, sector * SECTOR, current, sector * SECTOR, SECTOR);
            }
        }
        durable = current.clone();
        dirty.clear();
    }

    @Override
    public long length() {
        return current.length;
    }

    @Override
    public long room() {
        return room;
    }

    @Override
    public void format(final long length) throws IOException {
        fail(failsWrites);
        current = new byte[(int) length];
        durable = new byte[(int) length];
        dirty.clear();
    }

    @Override
    public void read(final long offset, final MemorySegment target) throws IOException {
        fail(failsReads || offset + target.byteSize() > current.length);
        MemorySegment.copy(current, (int) offset, target, ValueLayout.JAVA_BYTE, 0, (int) target.byteSize());
    }

    @Override
    public void write(final long offset, final MemorySegment source) throws IOException {
        writes++;
        fail(failsWrites);
        if (surprise != null) {
            throw surprise;
        }
        MemorySegment.copy(source, ValueLayout.JAVA_BYTE, 0, current, (int) offset, (int) source.byteSize());
        dirty.set((int) offset / SECTOR, (int) (offset + source.byteSize()) / SECTOR);
    }

    @Override
    public void sync() throws IOException {
        syncs++;
        fail(failsSyncs);
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
                if (failsReads) {
                    listener.onRead(token, -5);
                    return;
                }
                Memory.copy(current, (int) offset, address, length);
                listener.onRead(token, length);
            }
        };
    }

    @Override
    public String name() {
        return "a cache in memory";
    }

    @Override
    public void close() {
        // It stays, to be opened again.
    }

    private static void fail(final boolean fails) throws IOException {
        if (fails) {
            throw new IOException("on purpose");
        }
    }
}
