package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * A version of a name: a claim for a volume, or its release.
 *
 * @param volume  the volume that the name stands, or stood, for.
 * @param claimed true for a claim, false for a release.
 */
public record NameRecord(UUID volume, boolean claimed) {
    /** Greatest length of an encoded record in bytes. */
    public static final int MAX_LENGTH = SmallRecord.MAX_LENGTH;

    private static final int MAGIC = 0x4e565256;
    private static final int VERSION = 1;

    /** The record's bytes. */
    public MemorySegment encode() {
        final ByteBuffer payload = SmallRecord.payload();
        SmallRecord.putUuid(payload, volume);
        SmallRecord.putBoolean(payload, claimed);
        return SmallRecord.frame(MAGIC, VERSION, payload);
    }

    /**
     * Reads a record.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static NameRecord decode(final String what, final MemorySegment record) throws FormatException {
        return SmallRecord.read(
                what,
                record,
                MAGIC,
                VERSION,
                payload -> new NameRecord(SmallRecord.getUuid(payload), SmallRecord.getBoolean(what, payload)));
    }
}
