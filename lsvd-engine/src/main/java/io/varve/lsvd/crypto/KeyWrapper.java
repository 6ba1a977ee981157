package io.varve.lsvd.crypto;

import java.util.UUID;

/**
 * Wraps data keys by a key-encryption key, which the engine does not know. What is wrapped is bound to the volume in whose record it stands and
 * to the volume whose data it is for, so that no record stands in for another. For threads that may wait, one at a time.
 */
public interface KeyWrapper {
    /** The kind of source that the key-encryption key comes from, such as {@code file}; at most 32 characters. */
    String kind();

    /** What people know the key-encryption key by: at most 2048 characters, no secret. */
    String publicName();

    /**
     * Wraps a data key.
     *
     * @param volume in whose record it is kept.
     * @param keyOf  the volume whose data it is for: the same one, or an ancestor of it.
     * @return at most {@value io.varve.lsvd.format.KeyRecord#MAX_WRAPPED} bytes.
     * @throws KeyException when the key-encryption key can't be had or used.
     */
    byte[] wrap(DataKey key, UUID volume, UUID keyOf) throws KeyException;

    /**
     * Unwraps a data key.
     *
     * @throws KeyException when the key-encryption key can't be had or used, or this was not wrapped by it, or for another volume.
     */
    DataKey unwrap(byte[] wrapped, UUID volume, UUID keyOf) throws KeyException;
}
