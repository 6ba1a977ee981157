package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * The wrapped data keys of a volume; the highest version counts.
 *
 * @param volume   in whose record they are kept.
 * @param kind     of the source of the key-encryption key.
 * @param keyName  what people know the key-encryption key by; no secret.
 * @param wrappedMs when they were wrapped, in milliseconds since 1970; for people, not for decisions.
 * @param keys     the volume's own, then those of its ancestors.
 */
public record KeyRecord(UUID volume, String kind, String keyName, long wrappedMs, List<WrappedKey> keys) {
    /** Greatest length of a wrapped key in bytes. */
    public static final int MAX_WRAPPED = 1024;

    /** Greatest number of keys: of a volume, and of its ancestors. */
    public static final int MAX_KEYS = 256;

    /** Greatest length of the kind, in bytes of UTF-8. */
    public static final int MAX_KIND = 32;

    /** Greatest length of the name, in bytes of UTF-8. */
    public static final int MAX_NAME = 2048;

    /** Greatest length of an encoded record in bytes. */
    public static final int MAX_LENGTH =
            MAX_KEYS * (2 * Long.BYTES + Short.BYTES + MAX_WRAPPED) + SmallRecord.MAX_LENGTH;

    private static final int MAGIC = 0x4b565256;
    private static final int VERSION = 1;

    /**
     * A wrapped key.
     *
     * @param keyOf   the volume whose data it is for.
     * @param wrapped as the source of the key-encryption key gave it.
     */
    public record WrappedKey(UUID keyOf, byte[] wrapped) {
        @Override
        public boolean equals(final Object other) {
            return other instanceof final WrappedKey key
                    && keyOf.equals(key.keyOf)
                    && Arrays.equals(wrapped, key.wrapped);
        }

        @Override
        public int hashCode() {
            return keyOf.hashCode() * 31 + Arrays.hashCode(wrapped);
        }

        @Override
        public String toString() {
            return "key of " + keyOf;
        }
    }

    /** Keeps a copy of the list. */
    public KeyRecord {
        keys = List.copyOf(keys);
    }

    private String objection() {
        if (keys.isEmpty() || keys.size() > MAX_KEYS) {
            return "it has " + keys.size() + " keys";
        }
        if (!keys.getFirst().keyOf.equals(volume)) {
            return "its first key is not the volume's own";
        }
        final Set<UUID> seen = new HashSet<>();
        for (final WrappedKey key : keys) {
            if (key.wrapped.length == 0 || key.wrapped.length > MAX_WRAPPED) {
                return "a key of " + key.wrapped.length + " bytes is in it";
            }
            if (!seen.add(key.keyOf)) {
                return "it has two keys of " + key.keyOf;
            }
        }
        return SmallRecord.lengthOf(kind) > MAX_KIND || SmallRecord.lengthOf(keyName) > MAX_NAME
                ? "a text in it is too long"
                : null;
    }

    /**
     * The record's bytes.
     *
     * @throws IllegalArgumentException when it can't be one: see the greatest numbers and lengths.
     */
    public MemorySegment encode() {
        final String objection = objection();
        if (objection != null) {
            throw new IllegalArgumentException("no key record: " + objection);
        }
        final ByteBuffer payload = SmallRecord.payload(MAX_LENGTH);
        SmallRecord.putUuid(payload, volume);
        payload.putLong(wrappedMs);
        SmallRecord.putString(payload, kind);
        SmallRecord.putString(payload, keyName);
        payload.putShort((short) keys.size());
        for (final WrappedKey key : keys) {
            SmallRecord.putUuid(payload, key.keyOf);
            payload.putShort((short) key.wrapped.length).put(key.wrapped);
        }
        return SmallRecord.frame(MAGIC, VERSION, payload);
    }

    /**
     * Reads a record.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static KeyRecord decode(final String what, final MemorySegment record) throws FormatException {
        return SmallRecord.read(what, record, MAGIC, VERSION, MAX_LENGTH, payload -> decode(what, payload));
    }

    private static KeyRecord decode(final String what, final ByteBuffer payload) throws FormatException {
        final UUID volume = SmallRecord.getUuid(payload);
        final long wrappedMs = payload.getLong();
        final String kind = SmallRecord.getString(what, payload);
        final String name = SmallRecord.getString(what, payload);
        final int count = payload.getShort() & 0xffff;
        final List<WrappedKey> keys = new ArrayList<>();
        for (int i = 0; i < Math.min(count, MAX_KEYS + 1); i++) {
            final UUID keyOf = SmallRecord.getUuid(payload);
            final byte[] wrapped = new byte[Math.min(payload.getShort() & 0xffff, MAX_WRAPPED + 1)];
            payload.get(wrapped);
            keys.add(new WrappedKey(keyOf, wrapped));
        }
        final KeyRecord record = new KeyRecord(volume, kind, name, wrappedMs, keys);
        final String objection = record.objection();
        if (objection != null) {
            throw new FormatException(what + " is damaged: " + objection);
        }
        return record;
    }
}
