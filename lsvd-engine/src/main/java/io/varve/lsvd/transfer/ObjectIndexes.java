package io.varve.lsvd.transfer;

import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.objects.ObjectIndex;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.scan.ObjectName;
import io.varve.lsvd.scan.ObjectScan;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What has to be known of objects to read data out of them, of those that were asked for last: checksums of some {@value
 * #MAX_BLOCKS} blocks, and always of those that were asked for at once.
 */
final class ObjectIndexes implements AutoCloseable {
    private static final int MAX_BLOCKS = 4 << 20;
    private static final int READS = 16;

    private final Map<ObjectName, ObjectIndex> indexes = new LinkedHashMap<>(64, 0.75f, true);
    private final ObjectScan scan;
    private long blocks;

    ObjectIndexes(final StoreClient store, final Pace pace, final Cancellation cancellation) {
        scan = new ObjectScan(store, pace, cancellation, ObjectScan.HEADER_READ, READS);
    }

    /** Reads what is not known yet of some objects. */
    void load(final Collection<ObjectName> names) throws IOException {
        final List<ObjectName> missing = new ArrayList<>();
        for (final ObjectName name : names) {
            if (indexes.get(name) == null) {
                missing.add(name);
            }
        }
        scan.scan(missing.iterator(), (name, header, bytes) -> add(name, header));
        final var oldest = indexes.entrySet().iterator();
        while (blocks > MAX_BLOCKS && indexes.size() > names.size()) {
            blocks -= oldest.next().getValue().blockCount();
            oldest.remove();
        }
    }

    /** What is known of an object that was {@linkplain #load loaded} last. */
    ObjectIndex get(final ObjectName name) {
        return indexes.get(name);
    }

    private void add(final ObjectName name, final ObjectHeader header) throws FormatException {
        final ObjectIndex index = ObjectIndex.ofData(name.key(), header);
        blocks += index.blockCount();
        indexes.put(name, index);
    }

    @Override
    public void close() {
        scan.close();
    }
}
