package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is noted of a volume beside its data; the highest version counts.
 *
 * @param name  the name that it had when this was written: where to look first for the one that it has.
 * @param token by which whoever made the volume knows it again; empty for none.
 * @param entries what programs have noted, by key.
 */
public record MetadataRecord(String name, String token, Map<String, String> entries) {
    /** Most bytes in UTF-8 that the keys and values of the entries have together. */
    public static final int MAX_ENTRIES_BYTES = 64 << 10;

    /** Most bytes in UTF-8 that a key has. */
    public static final int MAX_KEY_BYTES = 255;

    /** Most entries. */
    public static final int MAX_ENTRIES = 1024;

    /** Most characters of a token. */
    public static final int MAX_TOKEN_LENGTH = 128;

    /** Greatest length of an encoded record in bytes. */
    public static final int MAX_LENGTH = MAX_ENTRIES_BYTES + 6 * MAX_ENTRIES + SmallRecord.MAX_LENGTH;

    private static final int MAGIC = 0x4d565256;
    private static final int VERSION = 1;

    /** Keeps a copy of the entries, in the order of their keys. */
    public MetadataRecord {
        entries = new TreeMap<>(entries);
    }

    /** Why entries can't be kept, for people; null when they can. */
    public static String objection(final Map<String, String> entries) {
        if (entries.size() > MAX_ENTRIES) {
            return "there are " + entries.size() + " entries, and a volume keeps at most " + MAX_ENTRIES;
        }
        long bytes = 0;
        for (final Map.Entry<String, String> entry : entries.entrySet()) {
            final int keyBytes = bytesOf(entry.getKey());
            if (keyBytes == 0 || keyBytes > MAX_KEY_BYTES) {
                return "a key has 1 to " + MAX_KEY_BYTES + " bytes, and '" + entry.getKey() + "' has " + keyBytes;
            }
            bytes += keyBytes + bytesOf(entry.getValue());
        }
        return bytes <= MAX_ENTRIES_BYTES
                ? null
                : "keys and values have " + bytes + " bytes, and a volume keeps at most " + MAX_ENTRIES_BYTES;
    }

    private static int bytesOf(final String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** The same under another name. */
    public MetadataRecord withName(final String value) {
        return new MetadataRecord(value, token, entries);
    }

    /** The same with other entries. */
    public MetadataRecord withEntries(final Map<String, String> value) {
        return new MetadataRecord(name, token, value);
    }

    /**
     * The record's bytes.
     *
     * @throws IllegalArgumentException when there is an {@linkplain #objection} to the entries.
     */
    public MemorySegment encode() {
        final String objection = objection(entries);
        if (objection != null) {
            throw new IllegalArgumentException(objection);
        }
        final ByteBuffer payload = SmallRecord.payload(MAX_LENGTH);
        SmallRecord.putString(payload, name);
        SmallRecord.putString(payload, token);
        payload.putInt(entries.size());
        entries.forEach((key, value) -> {
            SmallRecord.putString(payload, key);
            final byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            payload.putInt(bytes.length).put(bytes);
        });
        return SmallRecord.frame(MAGIC, VERSION, payload);
    }

    /**
     * Reads a record.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static MetadataRecord decode(final String what, final MemorySegment record) throws FormatException {
        return SmallRecord.read(what, record, MAGIC, VERSION, MAX_LENGTH, payload -> decode(what, payload));
    }

    private static MetadataRecord decode(final String what, final ByteBuffer payload) throws FormatException {
        final String name = SmallRecord.getString(what, payload);
        final String token = SmallRecord.getString(what, payload);
        final int count = payload.getInt();
        if (count < 0 || count > MAX_ENTRIES) {
            throw new FormatException(what + " is damaged: it has " + count + " entries");
        }
        final TreeMap<String, String> entries = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            final String key = SmallRecord.getString(what, payload);
            if (!entries.isEmpty() && key.compareTo(entries.lastKey()) <= 0) {
                throw new FormatException(what + " is damaged: its entries are not in the order of their keys");
            }
            entries.put(key, SmallRecord.getText(what, payload, payload.getInt()));
        }
        final String objection = objection(entries);
        if (objection != null) {
            throw new FormatException(what + " is damaged: " + objection);
        }
        return new MetadataRecord(name, token, entries);
    }
}
