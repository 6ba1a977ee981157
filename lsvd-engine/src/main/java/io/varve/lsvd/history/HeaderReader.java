package io.varve.lsvd.history;

import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreClient.Reading;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** Reads the headers of objects of a volume and its ancestors; those that will be wanted next are read ahead, at most {@value #AHEAD} of them. */
final class HeaderReader {
    private static final int AHEAD = 16;
    private static final int FIRST_READ = 64 << 10;

    private final StoreClient store;
    private final Map<String, Reading> underWay = new HashMap<>();

    HeaderReader(final StoreClient store) {
        this.store = store;
    }

    /** Begins to read a header that will be wanted soon; false when too many are under way. */
    boolean ahead(final UUID volume, final long epoch, final long sequence) {
        final String key = Keys.object(volume, epoch, sequence);
        if (underWay.containsKey(key)) {
            return true;
        }
        if (underWay.size() == AHEAD) {
            return false;
        }
        underWay.put(key, store.begin(key, FIRST_READ));
        return true;
    }

    /** Forgets what was read ahead. */
    void forget() {
        underWay.clear();
    }

    /** Reads and checks an object's header, or gives null when there is no such object. */
    ObjectHeader readIfPresent(final UUID volume, final long epoch, final long sequence) throws IOException {
        try {
            return read(volume, epoch, sequence);
        } catch (final NoSuchObjectException e) {
            return null;
        }
    }

    /** Reads and checks an object's header. */
    ObjectHeader read(final UUID volume, final long epoch, final long sequence) throws IOException {
        final String key = Keys.object(volume, epoch, sequence);
        final Reading reading = underWay.remove(key);
        MemorySegment bytes = reading == null ? store.getWhole(key, FIRST_READ) : store.await(reading);
        ObjectHeader header = new ObjectHeader(bytes);
        if (header.isRecognizable() && header.headerLength() > bytes.byteSize()) {
            bytes = store.getWhole(key, header.headerLength());
            header = new ObjectHeader(bytes);
        }
        ObjectReader.validate(header, key, volume, epoch, sequence, store.keys());
        return header;
    }
}
