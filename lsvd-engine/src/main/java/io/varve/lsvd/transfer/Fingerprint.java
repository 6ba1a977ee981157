package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.scan.LiveRuns;
import io.varve.lsvd.scan.ObjectScan;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.zip.CRC32C;

/**
 * A number that two states of volumes have in common if, but for chance, they hold the same data, wherever and in whatever
 * objects: made of the checksums of all blocks, of which those of zeros count like none. It is read from the headers of all
 * objects, a thousandth of their data. Against mistakes, not against malice.
 */
public final class Fingerprint {
    private static final int READS = 16;
    private static final int ZEROS = crcOfZeros();

    private Fingerprint() {}

    /** Reads the fingerprint of a state. */
    public static long of(
            final StoreClient store, final VolumeState state, final Pace pace, final Cancellation cancellation)
            throws IOException {
        final long[] sum = new long[1];
        try (ObjectScan scan = new ObjectScan(store, pace, cancellation, ObjectScan.HEADER_READ, READS)) {
            scan.scan(
                    state.objectsOf(state.map()),
                    (name, header, bytes) -> LiveRuns.forEach(header, state.map(), (block, length, dataBlock) -> {
                        for (int i = 0; i < length; i++) {
                            sum[0] += ofBlock(block + i, header.blockCrc(dataBlock + i));
                        }
                    }));
        }
        return sum[0];
    }

    /** What a block adds to the fingerprint. */
    static long ofBlock(final long block, final int crc) {
        return crc == ZEROS ? 0 : mix(block * 0x9e3779b97f4a7c15L + Integer.toUnsignedLong(crc));
    }

    /** Steele, Lea and Flood's finalizer of SplitMix64. */
    private static long mix(final long value) {
        long z = value;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    private static int crcOfZeros() {
        final CRC32C crc = new CRC32C();
        crc.update(new byte[Blocks.SIZE]);
        return (int) crc.getValue();
    }
}
