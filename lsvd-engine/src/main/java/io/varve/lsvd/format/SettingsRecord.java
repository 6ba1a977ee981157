package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * What has been set for a volume after its creation; the highest version counts, from the next epoch on, and the size of the
 * disk at once where the volume grows while it is served. The write cache stands in it as it was, and does not count: it is
 * the guest's.
 *
 * @param settings the volume's settings, whole.
 * @param setMs    when that was, in milliseconds since 1970; for people, not for decisions.
 */
public record SettingsRecord(VolumeSettings settings, long setMs) {
    /** Greatest length of an encoded record in bytes. */
    public static final int MAX_LENGTH = SmallRecord.MAX_LENGTH;

    private static final int MAGIC = 0x53565256;
    private static final int VERSION = 2;

    /** The record's bytes. */
    public MemorySegment encode() {
        final ByteBuffer payload = SmallRecord.payload();
        settings.encode(payload);
        payload.putLong(setMs);
        return SmallRecord.frame(MAGIC, VERSION, payload);
    }

    /** These settings, with the guest's write cache as it was in an epoch. */
    public VolumeSettings applyTo(final VolumeSettings epoch) {
        return settings.withWriteCache(epoch.writeCache());
    }

    /**
     * Reads a record.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static SettingsRecord decode(final String what, final MemorySegment record) throws FormatException {
        return SmallRecord.read(
                what,
                record,
                MAGIC,
                VERSION,
                payload -> new SettingsRecord(VolumeSettings.decode(what, payload), payload.getLong()));
    }
}
