package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The mark of a clone at its ancestors, made before the clone itself.
 *
 * @param volume  the clone.
 * @param origin  the snapshot that it is a clone of.
 * @param name    the name that it gets.
 * @param version of the name that claims it: the clone exists from then on.
 */
public record CloneRecord(UUID volume, EpochRecord.Origin origin, String name, long version) {
    /** Greatest length of an encoded record in bytes. */
    public static final int MAX_LENGTH = SmallRecord.MAX_LENGTH;

    private static final int MAGIC = 0x43565256;
    private static final int VERSION = 1;

    /** The record's bytes. */
    public MemorySegment encode() {
        final ByteBuffer payload = SmallRecord.payload();
        SmallRecord.putUuid(payload, volume);
        SmallRecord.putUuid(payload, origin.volume());
        payload.putLong(origin.epoch()).putLong(origin.sequence()).putLong(version);
        SmallRecord.putString(payload, name);
        return SmallRecord.frame(MAGIC, VERSION, payload);
    }

    /**
     * Reads a record.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static CloneRecord decode(final String what, final MemorySegment record) throws FormatException {
        return SmallRecord.read(what, record, MAGIC, VERSION, payload -> decode(what, payload));
    }

    private static CloneRecord decode(final String what, final ByteBuffer payload) throws FormatException {
        final UUID volume = SmallRecord.getUuid(payload);
        final EpochRecord.Origin origin =
                new EpochRecord.Origin(SmallRecord.getUuid(payload), payload.getLong(), payload.getLong());
        final long version = payload.getLong();
        return new CloneRecord(volume, origin, SmallRecord.getString(what, payload), version);
    }
}
