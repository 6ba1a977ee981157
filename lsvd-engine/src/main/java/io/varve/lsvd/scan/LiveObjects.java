package io.varve.lsvd.scan;

import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import java.util.Arrays;
import org.agrona.collections.Long2LongHashMap;

/** The objects that an extent map names, and how many of their data blocks. Immutable. */
public final class LiveObjects {
    private final Long2LongHashMap blocks = new Long2LongHashMap(0);
    private final long[] sequences;

    private LiveObjects(final ExtentMap map) {
        long block = 0;
        while (map.find(block)) {
            final long sequence = Location.sequence(map.foundLocation());
            blocks.put(sequence, blocks.get(sequence) + map.foundLength());
            block = map.foundBlock() + map.foundLength();
        }
        sequences = new long[blocks.size()];
        final Long2LongHashMap.KeyIterator keys = blocks.keySet().iterator();
        for (int i = 0; i < sequences.length; i++) {
            sequences[i] = keys.nextValue();
        }
        Arrays.sort(sequences);
    }

    /**
     * Goes through a map once.
     *
     * @param map that names objects only, not the log.
     */
    public static LiveObjects of(final ExtentMap map) {
        return new LiveObjects(map);
    }

    /** Sequences of the objects, ascending. */
    public long[] sequences() {
        return sequences.clone();
    }

    /** How many blocks of the volume are in an object; 0 when none is. */
    public long blocksIn(final long sequence) {
        return blocks.get(sequence);
    }
}
