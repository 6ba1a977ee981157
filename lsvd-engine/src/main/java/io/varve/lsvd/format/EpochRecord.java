package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * Who opened a volume for writing, and where that begins. Epochs are numbered without gaps; the predecessor of an epoch was
 * sealed at {@code firstSequence - 1}.
 *
 * @param epoch         number of the epoch; 0 is the volume's creation.
 * @param nonce         drawn for this very record, so that the opener knows it again.
 * @param claim         which log's it is: what the opener's log has in its superblock for the epoch. The nonce, but where an
 *                      earlier try to begin the epoch had left a claim there.
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
        UUID claim,
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

    /** Of records whose claim is not their nonce: a build that takes one for the other must not read them. */
    private static final int VERSION_WITH_CLAIM = 3;

    /**
     * A snapshot: the checkpoint that holds its map.
     *
     * @param volume   whose snapshot it is.
     * @param epoch    of the checkpoint.
     * @param sequence of the checkpoint.
     */
    public record Origin(UUID volume, long epoch, long sequence) {}

    /** The record of an epoch that is begun at the first try. */
    public EpochRecord(
            final long epoch,
            final UUID nonce,
            final long firstSequence,
            final long lastRecord,
            final long checkpoint,
            final VolumeSettings settings,
            final long createdMs,
            final long openedMs,
            final String openedBy,
            final Origin origin) {
        this(
                epoch,
                nonce,
                nonce,
                firstSequence,
                lastRecord,
                checkpoint,
                settings,
                createdMs,
                openedMs,
                openedBy,
                origin);
    }

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
        if (claim.equals(nonce)) {
            return SmallRecord.frame(MAGIC, VERSION, payload);
        }
        SmallRecord.putUuid(payload, claim);
        return SmallRecord.frame(MAGIC, VERSION_WITH_CLAIM, payload);
    }

    /**
     * Reads a record.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static EpochRecord decode(final String what, final MemorySegment record) throws FormatException {
        return SmallRecord.isOf(record, MAGIC, VERSION_WITH_CLAIM)
                ? SmallRecord.read(
                        what,
                        record,
                        MAGIC,
                        VERSION_WITH_CLAIM,
                        payload -> decode(what, payload).withClaim(SmallRecord.getUuid(payload)))
                : SmallRecord.read(what, record, MAGIC, VERSION, payload -> decode(what, payload));
    }

    private EpochRecord withClaim(final UUID value) {
        return new EpochRecord(
                epoch,
                nonce,
                value,
                firstSequence,
                lastRecord,
                checkpoint,
                settings,
                createdMs,
                openedMs,
                openedBy,
                origin);
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
