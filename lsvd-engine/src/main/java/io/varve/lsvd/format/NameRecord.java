package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * A version of a name: a claim for a volume, or its release.
 *
 * <p>A listing tells one from the other by the record's length, without reading it: see {@link #isClaim(long)}.
 *
 * @param volume  the volume that the name stands, or stood, for.
 * @param claimed true for a claim, false for a release.
 * @param other   of a claim, the name that the volume has had until then: the claim counts if that name was released for it. Of
 *                a release, the name that the volume has from then on. Empty for none.
 * @param otherVersion of a claim with an {@code other}, the version of that name by which the volume had it; else 0.
 */
public record NameRecord(UUID volume, boolean claimed, String other, long otherVersion) {
    /** Greatest length of an encoded record in bytes. */
    public static final int MAX_LENGTH = SmallRecord.MAX_LENGTH;

    private static final int MAGIC = 0x4e565256;

    private static final int VERSION = 2;
    private static final int CLAIM_ALIGNMENT = 16;

    /** No record is shorter. */
    private static final int LEAST_LENGTH = 48;

    /** A claim of a name that no other one is given up for. */
    public static NameRecord claim(final UUID volume) {
        return new NameRecord(volume, true, "", 0);
    }

    /** A claim that counts once a version of another name has been followed by its release for this one. */
    public static NameRecord claim(final UUID volume, final String other, final long otherVersion) {
        return new NameRecord(volume, true, other, otherVersion);
    }

    /** A release, also the mark of something that has been removed. */
    public static NameRecord release(final UUID volume) {
        return release(volume, "");
    }

    /** A release of a name in favour of another one. */
    public static NameRecord release(final UUID volume, final String other) {
        return new NameRecord(volume, false, other, 0);
    }

    /**
     * What the length of a record in bytes says of it.
     *
     * @return true for a claim, false for a release, null where the record has to be read.
     */
    public static Boolean isClaim(final long length) {
        final long behind = length % CLAIM_ALIGNMENT;
        return length < LEAST_LENGTH || behind > 1 ? null : Boolean.valueOf(behind == 0);
    }

    /** Whether it goes with the record of another name. */
    public boolean isRenaming() {
        return !other.isEmpty();
    }

    /** The record's bytes. */
    public MemorySegment encode() {
        final ByteBuffer payload = SmallRecord.payload();
        SmallRecord.putUuid(payload, volume);
        SmallRecord.putBoolean(payload, claimed);
        payload.putLong(otherVersion);
        SmallRecord.putString(payload, other);
        return SmallRecord.frame(MAGIC, VERSION, payload.position(padded(payload.position(), claimed)));
    }

    private static int padded(final int length, final boolean claimed) {
        final int aligned = (length + CLAIM_ALIGNMENT - 1) / CLAIM_ALIGNMENT * CLAIM_ALIGNMENT;
        return claimed ? aligned : aligned + 1;
    }

    /**
     * Reads a record.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static NameRecord decode(final String what, final MemorySegment record) throws FormatException {
        return SmallRecord.read(what, record, MAGIC, VERSION, payload -> decode(what, payload));
    }

    private static NameRecord decode(final String what, final ByteBuffer payload) throws FormatException {
        final UUID volume = SmallRecord.getUuid(payload);
        final boolean claimed = SmallRecord.getBoolean(what, payload);
        final long otherVersion = payload.getLong();
        final NameRecord read = new NameRecord(volume, claimed, SmallRecord.getString(what, payload), otherVersion);
        if (payload.limit() != padded(payload.position(), claimed)) {
            throw new FormatException(
                    what + " is damaged: its length is not that of a " + (claimed ? "claim" : "release"));
        }
        while (payload.hasRemaining()) {
            if (payload.get() != 0) {
                throw new FormatException(what + " is damaged: there is something behind its end");
            }
        }
        return read;
    }
}
