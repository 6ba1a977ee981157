package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * What is known of a snapshot: a name for the volume as it stood at a checkpoint. Stands in the local log where the snapshot was
 * taken, in that checkpoint, and in versions under the volume's pins.
 *
 * @param name        its name.
 * @param epoch       in which the checkpoint was written; 0 while there is none.
 * @param sizeBytes   size of the volume then.
 * @param createdMs   when it was taken, in milliseconds since 1970.
 * @param isProtected whether it is not to be removed.
 */
public record SnapshotRecord(String name, long epoch, long sizeBytes, long createdMs, boolean isProtected) {
    /** Greatest length of an encoded record in bytes. */
    public static final int MAX_LENGTH = SmallRecord.MAX_LENGTH;

    private static final int MAGIC = 0x50565256;
    private static final int VERSION = 1;

    /** The same snapshot with its checkpoint's epoch. */
    public SnapshotRecord withEpoch(final long value) {
        return new SnapshotRecord(name, value, sizeBytes, createdMs, isProtected);
    }

    /** The same snapshot with another name. */
    public SnapshotRecord withName(final String value) {
        return new SnapshotRecord(value, epoch, sizeBytes, createdMs, isProtected);
    }

    /** The same snapshot, protected or not. */
    public SnapshotRecord withProtection(final boolean value) {
        return new SnapshotRecord(name, epoch, sizeBytes, createdMs, value);
    }

    /** The record's bytes. */
    public MemorySegment encode() {
        final ByteBuffer payload = SmallRecord.payload();
        SmallRecord.putString(payload, name);
        payload.putLong(epoch).putLong(sizeBytes).putLong(createdMs);
        SmallRecord.putBoolean(payload, isProtected);
        return SmallRecord.frame(MAGIC, VERSION, payload);
    }

    /**
     * Reads a record.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static SnapshotRecord decode(final String what, final MemorySegment record) throws FormatException {
        return SmallRecord.read(
                what,
                record,
                MAGIC,
                VERSION,
                payload -> new SnapshotRecord(
                        SmallRecord.getString(what, payload),
                        payload.getLong(),
                        VolumeSettings.getSize(what, payload),
                        payload.getLong(),
                        SmallRecord.getBoolean(what, payload)));
    }
}
