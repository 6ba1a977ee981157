package io.varve.lsvd.format;

import java.nio.ByteBuffer;

/**
 * What is set for a volume; each epoch record carries it whole.
 *
 * @param sizeBytes  size of the disk, a multiple of {@link Blocks#SIZE}.
 * @param writeCache whether the guest sees a write cache, so that only a flush makes writes durable.
 */
public record VolumeSettings(long sizeBytes, boolean writeCache) {
    void encode(final ByteBuffer payload) {
        payload.putLong(sizeBytes).put((byte) (writeCache ? 1 : 0));
    }

    static VolumeSettings decode(final ByteBuffer payload) {
        return new VolumeSettings(payload.getLong(), payload.get() != 0);
    }
}
