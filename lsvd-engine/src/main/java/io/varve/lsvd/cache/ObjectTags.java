package io.varve.lsvd.cache;

import io.varve.lsvd.crypto.SectorKey;
import io.varve.lsvd.history.Epochs;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Names the objects of a volume's history in the cache: store, volume, epoch and the epoch's nonce, as a tag of 128 bits (half of
 * their SHA-256), beside the sequence. Those of an encrypted volume are others, so that nobody takes its lines for plain ones. Immutable.
 */
public final class ObjectTags {
    /** No URL begins so. */
    private static final String ENCRYPTED = "encrypted ";

    private final long[] firstSequences;
    private final long[] high;
    private final long[] low;
    private final SectorKey[] keys;

    private ObjectTags(final int count) {
        firstSequences = new long[count];
        high = new long[count];
        low = new long[count];
        keys = new SectorKey[count];
    }

    /** Tags of all objects that the map of a volume can name that is not encrypted, and has no ancestor that is. */
    public static ObjectTags of(final String storeUrl, final Epochs epochs) {
        return of(storeUrl, epochs, CacheKeys.NONE);
    }

    /** Tags of all objects that a volume's map can name, with the keys of their lines. */
    public static ObjectTags of(final String storeUrl, final Epochs epochs, final CacheKeys keys) {
        final ObjectTags tags = new ObjectTags(epochs.count());
        for (int i = 0; i < epochs.count(); i++) {
            final Epochs.Entry epoch = epochs.get(i);
            tags.keys[i] = keys.of(epoch.volume());
            final ByteBuffer digest = digest(tags.keys[i] == null ? storeUrl : ENCRYPTED + storeUrl, epoch);
            tags.firstSequences[i] = epoch.firstSequence();
            tags.high[i] = digest.getLong();
            tags.low[i] = digest.getLong();
        }
        return tags;
    }

    private static ByteBuffer digest(final String storeUrl, final Epochs.Entry epoch) {
        final byte[] url = storeUrl.getBytes(StandardCharsets.UTF_8);
        final ByteBuffer text = ByteBuffer.allocate(5 * Long.BYTES + url.length)
                .putLong(epoch.volume().getMostSignificantBits())
                .putLong(epoch.volume().getLeastSignificantBits())
                .putLong(epoch.epoch())
                .putLong(epoch.nonce().getMostSignificantBits())
                .putLong(epoch.nonce().getLeastSignificantBits())
                .put(url);
        try {
            return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(text.array()));
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** The index under which an object's tag is found, by its sequence; negative when none has it. */
    int indexOf(final long sequence) {
        int from = 0;
        int to = firstSequences.length - 1;
        while (from <= to) {
            final int middle = from + to >>> 1;
            if (firstSequences[middle] <= sequence) {
                from = middle + 1;
            } else {
                to = middle - 1;
            }
        }
        return to;
    }

    long high(final int index) {
        return high[index];
    }

    long low(final int index) {
        return low[index];
    }

    /** The key of the lines of an index; null when they are plain. */
    SectorKey key(final int index) {
        return keys[index];
    }

    int count() {
        return high.length;
    }
}
