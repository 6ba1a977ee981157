package io.varve.lsvd.snapshot;

import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.SnapshotRecord;
import java.util.UUID;

/**
 * A snapshot of a volume.
 *
 * @param volume     whose snapshot it is.
 * @param checkpoint sequence of the checkpoint that holds its map.
 * @param version    of what is known of it.
 * @param record     what is known of it.
 */
public record Snapshot(UUID volume, long checkpoint, long version, SnapshotRecord record) {
    /** Its name. */
    public String name() {
        return record.name();
    }

    /** As what a clone begins with. */
    public EpochRecord.Origin asOrigin() {
        return new EpochRecord.Origin(volume, record.epoch(), checkpoint);
    }
}
