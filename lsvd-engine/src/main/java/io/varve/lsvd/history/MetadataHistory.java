package io.varve.lsvd.history;

import io.varve.lsvd.format.MetadataRecord;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;

/** What is noted of a volume beside its data, as it was changed since its creation. For a thread that may wait. */
public final class MetadataHistory {
    private static final MetadataRecord NONE = new MetadataRecord("", "", Map.of());

    private final Versions<MetadataRecord> versions;

    /** The metadata of a volume. */
    public MetadataHistory(final StoreClient store, final UUID volume) {
        versions = new Versions<>(
                store,
                "the metadata",
                Keys.metadata(volume),
                version -> Keys.metadata(volume, version),
                MetadataRecord.MAX_LENGTH,
                MetadataRecord::decode,
                MetadataRecord::encode);
    }

    /** What counts; without name, token and entries where nothing was noted. */
    public MetadataRecord newest() throws IOException {
        return orNone(versions.newest(versions.ask()));
    }

    private static MetadataRecord orNone(final MetadataRecord newest) {
        return newest == null ? NONE : newest;
    }

    /**
     * Changes it.
     *
     * @param change gives the new metadata; called again when another change came between.
     */
    public MetadataRecord change(final UnaryOperator<MetadataRecord> change) throws IOException {
        return versions.change(newest -> change.apply(orNone(newest)), MetadataRecord::equals);
    }
}
