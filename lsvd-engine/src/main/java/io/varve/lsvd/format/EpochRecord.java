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
    private static final int VERSION = 4;

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
        SmallRecord.putUuid(payload, claim);
        payload.putShort((short) 0);
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
        final long epoch = payload.getLong();
        final UUID nonce = SmallRecord.getUuid(payload);
        final long firstSequence = payload.getLong();
        final long lastRecord = payload.getLong();
        final long checkpoint = payload.getLong();
        final VolumeSettings settings = VolumeSettings.decode(what, payload);
        final long createdMs = payload.getLong();
        final long openedMs = payload.getLong();
        final String openedBy = SmallRecord.getString(what, payload);
        final Origin origin = SmallRecord.getBoolean(what, payload)
                ? new Origin(SmallRecord.getUuid(payload), payload.getLong(), payload.getLong())
                : null;
        final UUID claim = SmallRecord.getUuid(payload);
        checkFeatures(what, payload);
        return new EpochRecord(
                epoch,
                nonce,
                claim,
                firstSequence,
                lastRecord,
                checkpoint,
                settings,
                createdMs,
                openedMs,
                openedBy,
                origin);
    }

    /**
     * Reads the names of what has to be known to read the volume, beyond what this format has: a build that knows of none refuses the first
     * one by its name.
     */
    private static void checkFeatures(final String what, final ByteBuffer payload) throws FormatException {
        if (payload.getShort() != 0) {
            throw new FormatException(what + " is of a volume that needs '" + SmallRecord.getString(what, payload)
                    + "', which this version does not know: a newer one does");
        }
    }
}
