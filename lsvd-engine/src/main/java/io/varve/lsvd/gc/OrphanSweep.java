package io.varve.lsvd.gc;

import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.store.ForeignKeys;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import io.varve.lsvd.stored.StoredMap;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Finds objects that nobody counts, once in each epoch, and deletes them: uploads that landed behind the seal of their epoch, and
 * deletions that a crash forgot. Touches only keys that the table of objects does not know: of older epochs, which are sealed, and of
 * this one below a checkpoint; seals are kept. Whatever is not certain stays, for the next epoch to look at. Advanced by the
 * thread that uploads.
 */
public final class OrphanSweep {
    private static final System.Logger LOG = System.getLogger(OrphanSweep.class.getName());
    private static final int MAX_REQUESTS = 8;
    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(5);

    private final ObjectStore store;
    private final UUID volume;
    private final String name;
    private final long epoch;
    private final StoredMap stored;
    private final LongSupplier clockNs;
    private final ArrayDeque<String> unsure = new ArrayDeque<>();
    private final ArrayDeque<String> orphans = new ArrayDeque<>();
    private final List<Request> requests = new ArrayList<>();
    private CompletableFuture<List<StoredObject>> listing;
    private long listedBelow;
    private long notBeforeNs;
    private boolean isListed;
    private volatile boolean isDone;
    private volatile long swept;

    /** A header that is read, or an object that is deleted. */
    private record Request(String key, MemorySegment header, CompletableFuture<?> future) {}

    /** Makes a sweep for an epoch. */
    public OrphanSweep(
            final ObjectStore store,
            final UUID volume,
            final String name,
            final long epoch,
            final StoredMap stored,
            final LongSupplier clockNs) {
        this.store = store;
        this.volume = volume;
        this.name = name;
        this.epoch = epoch;
        this.stored = stored;
        this.clockNs = clockNs;
        notBeforeNs = clockNs.getAsLong();
    }

    /** Whether it has come to its end. Any thread. */
    public boolean isDone() {
        return isDone;
    }

    /** Number of objects deleted. Any thread. */
    public long swept() {
        return swept;
    }

    /**
     * Goes on; returns an amount of work.
     *
     * @param checkpoint newest checkpoint of this epoch that is in the store with all before it, or a negative number.
     */
    public int doWork(final long checkpoint) {
        if (isDone || checkpoint < 0 || clockNs.getAsLong() - notBeforeNs < 0) {
            return 0;
        }
        if (!isListed) {
            return list(checkpoint);
        }
        int work = 0;
        for (int i = requests.size() - 1; i >= 0; i--) {
            if (requests.get(i).future.isDone()) {
                finish(requests.remove(i));
                work++;
            }
        }
        while (requests.size() < MAX_REQUESTS && !(unsure.isEmpty() && orphans.isEmpty())) {
            begin();
            work++;
        }
        if (requests.isEmpty()) {
            isDone = true;
            if (swept > 0) {
                LOG.log(
                        Level.INFO,
                        "volume ''{0}'': {1} objects that nobody counts were deleted from the store",
                        name,
                        swept);
            }
        }
        return work;
    }

    private int list(final long checkpoint) {
        if (listing == null) {
            listedBelow = checkpoint;
            listing = store.list(Keys.logs(volume));
            return 1;
        }
        if (!listing.isDone()) {
            return 0;
        }
        try {
            for (final StoredObject object : ForeignKeys.without(listing.get())) {
                examine(object);
            }
            isListed = true;
        } catch (final ExecutionException e) {
            notBeforeNs = clockNs.getAsLong() + RETRY_NS;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        listing = null;
        return 1;
    }

    private void examine(final StoredObject object) {
        final long sequence = Keys.lastNumber(object.key());
        final long of = Keys.epochOf(object.key());
        if (of > epoch || of == epoch && sequence >= listedBelow) {
            return;
        }
        final Epochs epochs = stored.epochs();
        final boolean isKnown =
                stored.objects().find(sequence) >= 0 && object.key().equals(epochs.key(sequence));
        if (isKnown || epochs.isSeal(volume, of, sequence)) {
            return;
        }
        if (object.length() == ObjectHeader.Shape.EMPTY.headerLength()) {
            unsure.add(object.key());
        } else {
            orphans.add(object.key());
        }
    }

    private void begin() {
        if (unsure.isEmpty()) {
            final String key = orphans.peek();
            requests.add(new Request(key, null, store.delete(key)));
            orphans.remove();
        } else {
            final String key = unsure.peek();
            final MemorySegment header = Arena.ofAuto().allocate(ObjectHeader.Shape.EMPTY.headerLength(), Long.BYTES);
            requests.add(new Request(key, header, store.get(key, 0, header)));
            unsure.remove();
        }
    }

    private void finish(final Request request) {
        try {
            request.future.get();
            if (request.header == null) {
                swept++;
            } else if (new ObjectHeader(request.header).isRecognizable()
                    && new ObjectHeader(request.header).type() != ObjectType.SEAL) {
                orphans.add(request.key);
            }
        } catch (final ExecutionException e) {
            if (!(e.getCause() instanceof NoSuchObjectException)) {
                (request.header == null ? orphans : unsure).add(request.key);
                notBeforeNs = clockNs.getAsLong() + RETRY_NS;
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
