package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * Who opened a volume for writing, and where that begins. Epochs are numbered without gaps; the predecessor of an epoch was
 * sealed at {@code firstSequence - 1}.
 *
 * @param epoch         number of the epoch; 0 is the volume's creation.
 * @param nonce         drawn by the opener, so that it knows its own record again.
 * @param firstSequence sequence of the epoch's first object.
 * @param lastRecord    last log record covered by the objects of all epochs before.
 * @param checkpoint    newest durable checkpoint before, or {@link ObjectHeader#NO_CHECKPOINT}.
 * @param settings      the volume's settings when it was opened.
 * @param createdMs     when the volume was created, in milliseconds since 1970.
 * @param openedMs      when the epoch was begun, in milliseconds since 1970; for people, not for decisions.
 * @param openedBy      who began it, for people: host and process.
 * @param origin        the snapshot that the volume is a clone of, or null.
 */
public record EpochRecord(
        long epoch,
        UUID nonce,
        long firstSequence,
        long lastRecord,
        long checkpoint,
        VolumeSettings settings,
        long createdMs,
        long openedMs,
        String openedBy,
        Origin origin) {
    /** Greatest length of an encoded record in bytes. */
    public static final int MAX_LENGTH = SmallRecord.MAX_LENGTH;

    private static final int MAGIC = 0x45565256;
    private static final int VERSION = 2;

    /**
     * A snapshot: the checkpoint that holds its map.
     *
     * @param volume   whose snapshot it is.
     * @param epoch    of the checkpoint.
     * @param sequence of the checkpoint.
     */
    public record Origin(UUID volume, long epoch, long sequence) {}

    /** The record's bytes. */
    public MemorySegment encode() {
        final ByteBuffer payload = SmallRecord.payload();
        payload.putLong(epoch);
        SmallRecord.putUuid(payload, nonce);
        payload.putLong(firstSequence).putLong(lastRecord).putLong(checkpoint);
        settings.encode(payload);
        payload.putLong(createdMs).putLong(openedMs);
        SmallRecord.putString(payload, openedBy);
        SmallRecord.putBoolean(payload, origin != null);
        if (origin != null) {
            SmallRecord.putUuid(payload, origin.volume);
            payload.putLong(origin.epoch).putLong(origin.sequence);
        }
        return SmallRecord.frame(MAGIC, VERSION, payload);
    }

    /**
     * Reads a record.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static EpochRecord decode(final String what, final MemorySegment record) throws FormatException {
        return SmallRecord.read(what, record, MAGIC, VERSION, payload -> decode(what, payload));
    }

    private static EpochRecord decode(final String what, final ByteBuffer payload) throws FormatException {
        return new EpochRecord(
                payload.getLong(),
                SmallRecord.getUuid(payload),
                payload.getLong(),
                payload.getLong(),
                payload.getLong(),
                VolumeSettings.decode(what, payload),
                payload.getLong(),
                payload.getLong(),
                SmallRecord.getString(what, payload),
                SmallRecord.getBoolean(what, payload)
                        ? new Origin(SmallRecord.getUuid(payload), payload.getLong(), payload.getLong())
                        : null);
    }
}
