package io.varve.lsvd.store;

/**
 * An entry of a listing.
 *
 * @param key    the object's key.
 * @param length in bytes.
 */
public record StoredObject(String key, long length) {}
