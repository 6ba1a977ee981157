package io.varve.lsvd.history;

import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreClient.Listing;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.UnaryOperator;

/**
 * A value that is kept as numbered records, of which the highest counts. A change creates the next number, so that none is
 * lost to another one at the same time. For a thread that may wait.
 *
 * @param store     where they are.
 * @param what      names the value in messages.
 * @param prefix    of the records' keys.
 * @param key       of the record of a number.
 * @param maxLength greatest length of a record in bytes.
 * @param decoder   reads a record.
 * @param encoder   gives a record's bytes.
 */
record Versions<T>(
        StoreClient store,
        String what,
        String prefix,
        LongFunction<String> key,
        int maxLength,
        Decoder<T> decoder,
        Function<T, MemorySegment> encoder) {
    private static final int CHANGE_TRIES = 20;

    /** Reads a record, whose key names it in messages. */
    @FunctionalInterface
    interface Decoder<T> {
        T decode(String key, MemorySegment record) throws IOException;
    }

    /** Begins to ask for the newest value, without waiting. */
    Listing ask() {
        return store.beginList(prefix);
    }

    /** The newest value as of a time since {@link #ask()}; null when there is none. */
    T newest(final Listing asked) throws IOException {
        final List<StoredObject> versions = store.await(asked);
        return versions.isEmpty() ? null : read(versions.getLast().key());
    }

    /** A value with its number. */
    record Numbered<T>(long number, T value) {}

    /** The newest value with its number; null when there is none. */
    Numbered<T> newestNumbered() throws IOException {
        final List<StoredObject> found = store.await(ask());
        if (found.isEmpty()) {
            return null;
        }
        final String last = found.getLast().key();
        return new Numbered<>(Keys.lastNumber(last), read(last));
    }

    /**
     * Changes the value.
     *
     * @param change gives the new one from the newest, or null; called again when another change came between.
     * @param isSame whether a record that somebody else has made will do as well as the one that was to be made.
     */
    T change(final UnaryOperator<T> change, final Same<T> isSame) throws IOException {
        for (int i = 0; i < CHANGE_TRIES; i++) {
            final List<StoredObject> versions = store.await(ask());
            final String last = versions.isEmpty() ? null : versions.getLast().key();
            final T next = change.apply(last == null ? null : read(last));
            final String newKey = key.apply(last == null ? 1 : Keys.lastNumber(last) + 1);
            if (store.putIfAbsent(newKey, encoder.apply(next)) || isSame.test(read(newKey), next)) {
                return next;
            }
        }
        throw new IOException(what + " are being changed by others all the time");
    }

    /** Compares what was found with what was to be written. */
    @FunctionalInterface
    interface Same<T> {
        boolean test(T found, T wanted);
    }

    private T read(final String from) throws IOException {
        return decoder.decode(from, store.getWhole(from, maxLength));
    }
}
