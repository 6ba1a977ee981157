package io.varve.lsvd.store;

import io.varve.lsvd.crypto.KeyWrapper;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A store of immutable objects, each created once under its key.
 *
 * <p>What every store must keep, and the contract tests check:
 *
 * <ul>
 *   <li><b>Creation is atomic and exclusive.</b> Of any number of concurrent creations of one key, at most one succeeds; a
 *       reader sees nothing or the whole object.
 *   <li><b>Strong consistency.</b> What has been created is seen by every read and listing that starts afterwards, by any
 *       client.
 *   <li><b>Durability.</b> A creation that has been answered survives the loss of power. One that has not been answered may be
 *       seen and yet be lost with the power, until somebody {@linkplain #confirm confirms} it.
 *   <li><b>A failed creation is unsure</b>: the object may exist, and may even appear later. The caller tries again under the
 *       same key and, when told that the key is taken, compares what is there.
 * </ul>
 *
 * <p>Methods may be called by any thread and never block for the store; futures may complete on any thread, exceptionally
 * with a {@link StoreException} only. Segments must stay valid and unchanged until the future completes.
 */
public interface ObjectStore extends AutoCloseable {
    /** Greatest length of a key in characters; keys are lower-case ASCII letters, digits and {@code - _ . /}. */
    int MAX_KEY_LENGTH = 704;

    /**
     * Creates an object if its key is free.
     *
     * @return true when this call created it; false when the key was taken.
     */
    CompletableFuture<Boolean> putIfAbsent(String key, MemorySegment body);

    /**
     * Reads a range into memory.
     *
     * @param offset of the first byte.
     * @param target is filled as far as the object reaches.
     * @return bytes read: fewer than asked only at the object's end. Fails with {@link NoSuchObjectException}.
     */
    CompletableFuture<Integer> get(String key, long offset, MemorySegment target);

    /**
     * Lists objects whose key begins with {@code prefix}, in ascending order of their keys' bytes.
     *
     * @param after only keys behind this text are listed; empty for all of them.
     * @param limit most objects to list, at least 1: when there are as many, ask again behind the last one's key.
     */
    CompletableFuture<List<StoredObject>> list(String prefix, String after, int limit);

    /** Lists all objects whose key begins with {@code prefix}, in ascending order of their keys' bytes. */
    default CompletableFuture<List<StoredObject>> list(final String prefix) {
        return list(prefix, "", Integer.MAX_VALUE);
    }

    /** Deletes an object; one that does not exist counts as deleted. */
    CompletableFuture<Void> delete(String key);

    /**
     * Makes durable what can be seen right under a prefix: whoever created it may have died before it was. For whoever goes on,
     * elsewhere in the store or by deleting, from what it has found and not created.
     *
     * @param prefix ends with a slash; of longer keys that begin with it and have another slash nothing is said.
     */
    default CompletableFuture<Void> confirm(final String prefix) {
        return CompletableFuture.completedFuture(null);
    }

    /**
     * What the store keeps of objects that have been deleted, in a few words for people; null when it keeps nothing.
     */
    default CompletableFuture<String> keptAfterDeletion() {
        return CompletableFuture.completedFuture(null);
    }

    /** How many requests have been sent again so far because an earlier attempt had failed; for people. */
    default long repeatedAttempts() {
        return 0;
    }

    /** What the data keys of its volumes are wrapped by; null, which is the default, when no key is given. */
    default KeyWrapper keyWrapper() {
        return null;
    }

    /** The store's address as users write it, for messages. */
    String url();

    /** Ends the store's threads and connections; what is in flight may or may not be carried out. */
    @Override
    void close();
}
