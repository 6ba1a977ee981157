package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.map.ExtentMap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Writes a disk as a qcow2 image (docs/interop/qcow2.txt of QEMU), version 3, without backing file, from its first byte to its
 * last, so that it can go into a pipe. That is possible since the map says beforehand which clusters there are: header, L1
 * table, refcounts and L2 tables come first, then the clusters that hold something, in ascending order.
 */
public final class Qcow2Image {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final int MAGIC = 0x514649fb;
    private static final int VERSION = 3;
    private static final int HEADER_LENGTH = 104;
    private static final int CLUSTER_BITS = 16;
    private static final int CLUSTER = 1 << CLUSTER_BITS;
    private static final int CLUSTER_BLOCKS = CLUSTER >> Blocks.SHIFT;
    private static final int L2_ENTRIES = CLUSTER / Long.BYTES;
    private static final int REFCOUNT_ORDER = 4;
    private static final int REFCOUNTS = CLUSTER / Short.BYTES;

    /** In entries of L1 and L2 tables: the cluster's refcount is 1. */
    private static final long COPIED = 1L << 63;

    private final ExtentMap map;
    private final long sizeBytes;
    private final SparseOutput output;
    private final MemorySegment cluster = Arena.ofAuto().allocate(CLUSTER, Long.BYTES);
    private final long l1Entries;
    private final long l1Clusters;
    private final long l2Tables;
    private final long refcountBlocks;
    private final long refcountTableClusters;
    private final long dataClusters;
    private long lastCluster = -1;
    private long lastRank = -1;

    private Qcow2Image(final ExtentMap map, final long sizeBytes, final SparseOutput output) throws IOException {
        this.map = map;
        this.sizeBytes = sizeBytes;
        this.output = output;
        l1Entries = divideUp(sizeBytes, (long) CLUSTER * L2_ENTRIES);
        l1Clusters = divideUp(l1Entries * Long.BYTES, CLUSTER);
        final long[] counts = {0, 0, -1};
        forEachCluster(index -> {
            counts[0]++;
            if (index / L2_ENTRIES != counts[2]) {
                counts[2] = index / L2_ENTRIES;
                counts[1]++;
            }
        });
        dataClusters = counts[0];
        l2Tables = counts[1];
        final long others = 1 + l1Clusters + l2Tables + dataClusters;
        long blocks = 1;
        while (blocks * REFCOUNTS < others + blocks + tableClusters(blocks)) {
            blocks++;
        }
        refcountBlocks = blocks;
        refcountTableClusters = tableClusters(blocks);
    }

    @FunctionalInterface
    private interface ClusterVisitor {
        void onCluster(long index) throws IOException;
    }

    /** Writes a disk of a size, of which the map names what is not zero. */
    public static void write(final ExtentMap map, final long sizeBytes, final BlockPump pump, final SparseOutput output)
            throws IOException {
        final Qcow2Image image = new Qcow2Image(map, sizeBytes, output);
        image.writeTables();
        pump.pump(map, image::take);
        output.finish(image.clusters() << CLUSTER_BITS);
    }

    private static long tableClusters(final long refcountBlocks) {
        return divideUp(refcountBlocks * Long.BYTES, CLUSTER);
    }

    private static long divideUp(final long value, final long by) {
        return (value + by - 1) / by;
    }

    private long refcountTable() {
        return 1 + l1Clusters;
    }

    private long firstRefcountBlock() {
        return refcountTable() + refcountTableClusters;
    }

    private long firstL2Table() {
        return firstRefcountBlock() + refcountBlocks;
    }

    private long firstData() {
        return firstL2Table() + l2Tables;
    }

    private long clusters() {
        return firstData() + dataClusters;
    }

    private void writeTables() throws IOException {
        writeHeader();
        final long[] table = {firstL2Table()};
        final long[] last = {-1};
        final Table l1 = new Table(1);
        forEachTable(index -> {
            last[0] = index;
            l1.put(index, table[0]++ << CLUSTER_BITS | COPIED);
        });
        l1.end();
        final Table refcountTable = new Table(refcountTable());
        for (long i = 0; i < refcountBlocks; i++) {
            refcountTable.put(i, firstRefcountBlock() + i << CLUSTER_BITS);
        }
        refcountTable.end();
        for (long i = 0; i < refcountBlocks; i++) {
            cluster.fill((byte) 0);
            for (int j = 0; j < REFCOUNTS && i * REFCOUNTS + j < clusters(); j++) {
                cluster.set(SHORT, (long) j * Short.BYTES, (short) 1);
            }
            output.put(firstRefcountBlock() + i << CLUSTER_BITS, cluster);
        }
        writeL2Tables();
    }

    private void writeHeader() throws IOException {
        cluster.fill((byte) 0);
        cluster.set(INT, 0, MAGIC);
        cluster.set(INT, 4, VERSION);
        cluster.set(INT, 20, CLUSTER_BITS);
        cluster.set(LONG, 24, sizeBytes);
        cluster.set(INT, 36, (int) l1Entries);
        cluster.set(LONG, 40, CLUSTER);
        cluster.set(LONG, 48, refcountTable() << CLUSTER_BITS);
        cluster.set(INT, 56, (int) refcountTableClusters);
        cluster.set(INT, 96, REFCOUNT_ORDER);
        cluster.set(INT, 100, HEADER_LENGTH);
        output.put(0, cluster);
    }

    private void writeL2Tables() throws IOException {
        final long[] place = {firstL2Table() - 1, -1, firstData()};
        final Table[] current = new Table[1];
        forEachCluster(index -> {
            if (index / L2_ENTRIES != place[1]) {
                if (current[0] != null) {
                    current[0].end();
                }
                place[0]++;
                place[1] = index / L2_ENTRIES;
                current[0] = new Table(place[0]);
            }
            current[0].put(index % L2_ENTRIES, place[2]++ << CLUSTER_BITS | COPIED);
        });
        if (current[0] != null) {
            current[0].end();
        }
    }

    /** Tells the clusters in which something is mapped, ascending. */
    private void forEachCluster(final ClusterVisitor visitor) throws IOException {
        long block = 0;
        long next = 0;
        while (map.find(block)) {
            next = Math.max(next, map.foundBlock() / CLUSTER_BLOCKS);
            block = map.foundBlock() + map.foundLength();
            final long end = divideUp(block, CLUSTER_BLOCKS);
            while (next < end) {
                visitor.onCluster(next++);
            }
        }
    }

    private void forEachTable(final ClusterVisitor visitor) throws IOException {
        final long[] last = {-1};
        forEachCluster(index -> {
            if (index / L2_ENTRIES != last[0]) {
                last[0] = index / L2_ENTRIES;
                visitor.onCluster(last[0]);
            }
        });
    }

    /** Puts a run of blocks to where its clusters are; on the pump's thread, which comes with ascending blocks. */
    private void take(final long block, final MemorySegment data) throws IOException {
        long done = 0;
        while (done < data.byteSize()) {
            final long at = block + (done >> Blocks.SHIFT);
            final long index = at / CLUSTER_BLOCKS;
            if (index != lastCluster) {
                lastCluster = index;
                lastRank++;
            }
            final long inCluster = at % CLUSTER_BLOCKS << Blocks.SHIFT;
            final long length = Math.min(CLUSTER - inCluster, data.byteSize() - done);
            output.put((firstData() + lastRank << CLUSTER_BITS) + inCluster, data.asSlice(done, length));
            done += length;
        }
    }

    /** Writes a table of 64-bit entries, cluster by cluster; those that are not put are zero. */
    private final class Table {
        private long place;
        private long first;

        Table(final long place) {
            this.place = place;
            cluster.fill((byte) 0);
        }

        void put(final long index, final long entry) throws IOException {
            while (index >= first + L2_ENTRIES) {
                end();
                place++;
                first += L2_ENTRIES;
                cluster.fill((byte) 0);
            }
            cluster.set(LONG, (index - first) * Long.BYTES, entry);
        }

        void end() throws IOException {
            output.put(place << CLUSTER_BITS, cluster);
        }
    }
}
