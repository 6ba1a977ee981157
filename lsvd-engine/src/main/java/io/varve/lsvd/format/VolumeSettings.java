package io.varve.lsvd.format;

import java.nio.ByteBuffer;

/**
 * What is set for a volume; each epoch record carries it whole.
 *
 * @param sizeBytes      size of the disk, a multiple of {@link Blocks#SECTOR_SIZE}: its last block may be in use in part only.
 * @param writeCache     whether the guest sees a write cache, so that only a flush makes writes durable.
 * @param durability     what durable means.
 * @param maxUnsentBytes how many bytes of the log, headers included, may be acknowledged and not yet be in the store; 0 for as
 *                       many as the log holds.
 * @param maxUnsentAgeMs no write is acknowledged while the store lacks an older record than this, in milliseconds; 0 for any age.
 * @param fenceTimeoutMs nothing is acknowledged when the last proof that the epoch has not been ended by another writer is
 *                       older, in milliseconds; 0 for no need of proof.
 * @param compression    of what is written to the store, from the next opening on.
 */
public record VolumeSettings(
        long sizeBytes,
        boolean writeCache,
        Durability durability,
        long maxUnsentBytes,
        long maxUnsentAgeMs,
        long fenceTimeoutMs,
        Compression compression) {
    /** Least {@link #maxUnsentBytes()}, but for 0. */
    public static final long MIN_UNSENT_BYTES = 64 << 10;

    /** Least {@link #maxUnsentAgeMs()}, but for 0. */
    public static final long MIN_UNSENT_AGE_MS = 10;

    /** Least {@link #fenceTimeoutMs()}, but for 0. */
    public static final long MIN_FENCE_TIMEOUT_MS = 200;

    /** Greatest of all times, in milliseconds: a week. */
    public static final long MAX_TIME_MS = 7L * 24 * 60 * 60 * 1000;

    /** The defaults: a write cache, durable means the log, and no bounds. */
    public static VolumeSettings ofSize(final long sizeBytes) {
        return new VolumeSettings(sizeBytes, true, Durability.LOG, 0, 0, 0, Compression.NONE);
    }

    /** The same with another size. */
    public VolumeSettings withSizeBytes(final long value) {
        return new VolumeSettings(
                value, writeCache, durability, maxUnsentBytes, maxUnsentAgeMs, fenceTimeoutMs, compression);
    }

    /** The same with another write cache. */
    public VolumeSettings withWriteCache(final boolean value) {
        return new VolumeSettings(
                sizeBytes, value, durability, maxUnsentBytes, maxUnsentAgeMs, fenceTimeoutMs, compression);
    }

    /** The same with another durability. */
    public VolumeSettings withDurability(final Durability value) {
        return new VolumeSettings(
                sizeBytes, writeCache, value, maxUnsentBytes, maxUnsentAgeMs, fenceTimeoutMs, compression);
    }

    /** The same with another bound in bytes. */
    public VolumeSettings withMaxUnsentBytes(final long value) {
        return new VolumeSettings(
                sizeBytes, writeCache, durability, value, maxUnsentAgeMs, fenceTimeoutMs, compression);
    }

    /** The same with another bound on age. */
    public VolumeSettings withMaxUnsentAgeMs(final long value) {
        return new VolumeSettings(
                sizeBytes, writeCache, durability, maxUnsentBytes, value, fenceTimeoutMs, compression);
    }

    /** The same with another time that a proof of the epoch counts for. */
    public VolumeSettings withFenceTimeoutMs(final long value) {
        return new VolumeSettings(
                sizeBytes, writeCache, durability, maxUnsentBytes, maxUnsentAgeMs, value, compression);
    }

    /** The same with another compression. */
    public VolumeSettings withCompression(final Compression value) {
        return new VolumeSettings(
                sizeBytes, writeCache, durability, maxUnsentBytes, maxUnsentAgeMs, fenceTimeoutMs, value);
    }

    void encode(final ByteBuffer payload) {
        payload.putLong(sizeBytes);
        SmallRecord.putBoolean(payload, writeCache);
        payload.put((byte) durability.ordinal());
        payload.putLong(maxUnsentBytes).putLong(maxUnsentAgeMs).putLong(fenceTimeoutMs);
        compression.encode(payload);
    }

    static VolumeSettings decode(final String what, final ByteBuffer payload) throws FormatException {
        final long sizeBytes = getSize(what, payload);
        final boolean writeCache = SmallRecord.getBoolean(what, payload);
        final Durability durability = Durability.of(payload.get());
        if (durability == null) {
            throw new FormatException(what + " asks for a durability that this version does not know");
        }
        return new VolumeSettings(
                sizeBytes,
                writeCache,
                durability,
                getUpTo(Long.MAX_VALUE, what, payload),
                getUpTo(MAX_TIME_MS, what, payload),
                getUpTo(MAX_TIME_MS, what, payload),
                Compression.decode(what, payload));
    }

    /** Reads the size of a disk. */
    static long getSize(final String what, final ByteBuffer payload) throws FormatException {
        final long size = getUpTo(Blocks.MAX_VOLUME_SIZE, what, payload);
        if (size % Blocks.SECTOR_SIZE != 0) {
            throw new FormatException(what + " is damaged: " + size + " bytes are no size of a volume");
        }
        return size;
    }

    private static long getUpTo(final long most, final String what, final ByteBuffer payload) throws FormatException {
        final long value = payload.getLong();
        if (value < 0 || value > most) {
            throw new FormatException(what + " is damaged: " + Long.toUnsignedString(value) + " is out of range");
        }
        return value;
    }
}
