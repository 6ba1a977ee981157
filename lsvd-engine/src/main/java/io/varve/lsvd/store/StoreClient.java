package io.varve.lsvd.store;

import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.runtime.EngineRuntime;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.IntConsumer;

/**
 * A store for callers that wait: opening, administration and checkpoints, never the reactor. How to wait is given from
 * outside, so that a simulator can go on with its world meanwhile.
 */
public final class StoreClient {
    /** A usual time to wait for one answer, in milliseconds. */
    public static final long DEFAULT_TIMEOUT_MS = 60_000;

    private static final long MAX_PART = 16 << 20;
    private static final int MAX_READS = 16;
    private static final int MAX_DELETES = 16;

    private final ObjectStore store;
    private final EngineRuntime runtime;
    private final long timeoutMs;
    private final VolumeKeys keys;

    /**
     * Makes a client.
     *
     * @param timeoutMs longest wait for one answer, in milliseconds.
     */
    public StoreClient(final ObjectStore store, final EngineRuntime runtime, final long timeoutMs) {
        this(store, runtime, timeoutMs, VolumeKeys.NONE);
    }

    private StoreClient(
            final ObjectStore store, final EngineRuntime runtime, final long timeoutMs, final VolumeKeys keys) {
        this.store = store;
        this.runtime = runtime;
        this.timeoutMs = timeoutMs;
        this.keys = keys;
    }

    /** A client for whoever reads the objects of an encrypted volume; the keys stay the caller's. */
    public StoreClient withKeys(final VolumeKeys value) {
        return new StoreClient(store, runtime, timeoutMs, value);
    }

    /** The keys of the volume whose objects are read, or {@link VolumeKeys#NONE}. */
    public VolumeKeys keys() {
        return keys;
    }

    /** The store itself. */
    public ObjectStore store() {
        return store;
    }

    /** As {@link ObjectStore#putIfAbsent}. */
    public boolean putIfAbsent(final String key, final MemorySegment body) throws StoreException {
        return await(beginPutIfAbsent(key, body));
    }

    /** A creation that has begun. */
    public record Creating(String key, CompletableFuture<Boolean> isCreated) {}

    /** Begins what {@link #putIfAbsent} does; for {@link #await(Creating)}. */
    public Creating beginPutIfAbsent(final String key, final MemorySegment body) {
        return new Creating(key, store.putIfAbsent(key, body));
    }

    /** Whether a creation has succeeded, and not met an object of that name. */
    public boolean await(final Creating creating) throws StoreException {
        return await(creating.isCreated, "creating " + creating.key);
    }

    /** As {@link ObjectStore#get}. */
    public int get(final String key, final long offset, final MemorySegment target) throws StoreException {
        return await(store.get(key, offset, target), "reading " + key);
    }

    /** Reads an object of at most so many bytes, into memory of the automatic arena. */
    public MemorySegment getWhole(final String key, final int maxLength) throws StoreException {
        final MemorySegment target = Arena.ofAuto().allocate(maxLength, Long.BYTES);
        return target.asSlice(0, get(key, 0, target));
    }

    /** A read that has begun. */
    public record Reading(String key, MemorySegment target, CompletableFuture<Integer> length) {}

    /** Begins to read an object of at most so many bytes, into memory of the automatic arena; for {@link #await(Reading)}. */
    public Reading begin(final String key, final int maxLength) {
        final MemorySegment target = Arena.ofAuto().allocate(maxLength, Long.BYTES);
        return new Reading(key, target, store.get(key, 0, target));
    }

    /** Begins to read a range into memory, as {@link ObjectStore#get}; for {@link #await(Reading)}. */
    public Reading begin(final String key, final long offset, final MemorySegment target) {
        return new Reading(key, target, store.get(key, offset, target));
    }

    /** What a read has brought. */
    public MemorySegment await(final Reading reading) throws StoreException {
        return reading.target.asSlice(0, await(reading.length, "reading " + reading.key));
    }

    /** A part of an object that is to be read, and where to. */
    public record Part(String key, long offset, MemorySegment target) {
        /** Adds the parts of a long range to a list. */
        public static void split(
                final String key, final long offset, final MemorySegment target, final List<Part> parts) {
            for (long at = 0; at < target.byteSize(); at += MAX_PART) {
                parts.add(new Part(key, offset + at, target.asSlice(at, Math.min(MAX_PART, target.byteSize() - at))));
            }
        }
    }

    /**
     * Reads parts, at most {@value #MAX_READS} at a time.
     *
     * @throws StoreException also when one is shorter than asked for.
     */
    public void getAll(final List<Part> parts) throws StoreException {
        final ArrayDeque<CompletableFuture<Integer>> underWay = new ArrayDeque<>();
        int next = 0;
        for (final Part part : parts) {
            while (next < parts.size() && underWay.size() < MAX_READS) {
                final Part begun = parts.get(next++);
                underWay.add(store.get(begun.key, begun.offset, begun.target));
            }
            if (await(underWay.remove(), "reading " + part.key) != part.target.byteSize()) {
                throw new StoreException(part.key + " is damaged: it is too short");
            }
        }
    }

    /** As {@link ObjectStore#list}, without {@linkplain ForeignKeys foreign keys}. */
    public List<StoredObject> list(final String prefix) throws StoreException {
        return await(beginList(prefix));
    }

    /** As {@link ObjectStore#list}, whatever the keys are. */
    List<StoredObject> listAll(final String prefix) throws StoreException {
        return await(store.list(prefix), "listing " + prefix);
    }

    /**
     * A part of a listing.
     *
     * @param objects in the order of their keys, without {@linkplain ForeignKeys foreign keys}.
     * @param next    behind what to list the next part; null when this is the last one.
     */
    public record Page(List<StoredObject> objects, String next) {}

    /** As {@link ObjectStore#list(String, String, int)}. */
    public Page list(final String prefix, final String after, final int limit) throws StoreException {
        final List<StoredObject> found = await(store.list(prefix, after, limit), "listing " + prefix);
        return new Page(
                ForeignKeys.without(found),
                found.size() < limit ? null : found.getLast().key());
    }

    /** A listing that has begun. */
    public record Listing(String prefix, CompletableFuture<List<StoredObject>> objects) {}

    /** Begins what {@link #list} does; for {@link #await(Listing)}. */
    public Listing beginList(final String prefix) {
        return new Listing(prefix, store.list(prefix));
    }

    /** What a listing has brought, without {@linkplain ForeignKeys foreign keys}. */
    public List<StoredObject> await(final Listing listing) throws StoreException {
        return ForeignKeys.without(await(listing.objects, "listing " + listing.prefix));
    }

    /** As {@link ObjectStore#confirm}. */
    public void confirm(final String prefix) throws StoreException {
        await(store.confirm(prefix), "confirming " + prefix);
    }

    /** As {@link ObjectStore#delete}. */
    public void delete(final String key) throws StoreException {
        await(store.delete(key), "deleting " + key);
    }

    /**
     * Deletes objects, at most {@value #MAX_DELETES} at a time, in any order.
     *
     * @param onDeleted is told the index of each, in order, once it and all before it are gone.
     */
    public void deleteAll(final List<String> keys, final IntConsumer onDeleted) throws StoreException {
        final ArrayDeque<CompletableFuture<Void>> underWay = new ArrayDeque<>();
        int next = 0;
        for (int i = 0; i < keys.size(); i++) {
            while (next < keys.size() && underWay.size() < MAX_DELETES) {
                underWay.add(store.delete(keys.get(next++)));
            }
            await(underWay.remove(), "deleting " + keys.get(i));
            onDeleted.accept(i);
        }
    }

    /** Waits for something that was asked of the store itself. */
    <T> T await(final CompletableFuture<T> future, final String what) throws StoreException {
        if (!runtime.await(future, timeoutMs)) {
            throw new StoreException(what + ": the store did not answer within " + timeoutMs + " ms");
        }
        try {
            return future.get();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(what + " was interrupted", e);
        } catch (final ExecutionException e) {
            if (e.getCause() instanceof StoreException known) {
                throw known;
            }
            throw new StoreException(what + " failed: " + e.getCause(), e.getCause());
        }
    }
}
