package io.varve.lsvd.gc;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.store.ForeignKeys;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import io.varve.lsvd.stored.StoredMap;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Deletes objects that nobody needs: those that a checkpoint of this epoch, in the store with all before it, has recorded as dead,
 * which the reactor's map does not name any more, and which no pin or child that is listed <em>after</em> that checkpoint was
 * published keeps. Before that, the log's superblock has durably noted the checkpoint: should the store lose it, what it made
 * needless would be missing too, and this host has to know. At most {@value #MAX_DELETES} requests are in flight; what fails is tried again. Advanced by the thread that
 * uploads.
 */
public final class ObjectRemover {
    private static final System.Logger LOG = System.getLogger(ObjectRemover.class.getName());
    private static final int MAX_DELETES = 8;
    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long PINNED_RETRY_NS = TimeUnit.SECONDS.toNanos(30);
    private static final long NOTHING = -1;

    private final ObjectStore store;
    private final UUID volume;
    private final StoredMap stored;
    private final ObjectTable objects;
    private final LongSupplier clockNs;
    private final List<Deletion> deletions = new ArrayList<>();
    private final ArrayDeque<Long> doomed = new ArrayDeque<>();

    /** Checkpoints whose pins are removed, durably once the confirmation has been answered. */
    private final Set<Long> unpinned = new HashSet<>();

    private CompletableFuture<List<StoredObject>> pinsListing;
    private CompletableFuture<List<StoredObject>> childrenListing;
    private CompletableFuture<Void> confirmation;
    private long checkpoint = NOTHING;
    private long listedFor = NOTHING;
    private long awaitedRelocation = NOTHING;
    private long notBeforeNs;
    private Pins pins;
    private long heldBytes;
    private volatile long deleted;
    private volatile long awaitedNote = NOTHING;

    /** An object on its way out. */
    private record Deletion(long sequence, CompletableFuture<Void> done) {}

    /** Makes a remover. */
    public ObjectRemover(
            final ObjectStore store, final UUID volume, final StoredMap stored, final LongSupplier clockNs) {
        this.store = store;
        this.volume = volume;
        this.stored = stored;
        this.objects = stored.objects();
        this.clockNs = clockNs;
        notBeforeNs = clockNs.getAsLong();
    }

    /** A checkpoint of this epoch is in the store with all before it. */
    public void onCheckpointStored(final long sequence) {
        checkpoint = sequence;
        notBeforeNs = clockNs.getAsLong();
    }

    /** The newest checkpoint of this epoch that is in the store with all before it, or a negative number. */
    public long checkpoint() {
        return checkpoint;
    }

    /** A snapshot has been taken at a checkpoint. */
    public void onPinned(final long sequence) {
        if (pins != null) {
            pins = pins.with(sequence);
        }
    }

    /** Sequence of the checkpoint that the log's superblock has to note before anything more is deleted, or a negative number. Any thread. */
    public long awaitedNote() {
        return awaitedNote;
    }

    /** Number of objects deleted. Any thread. */
    public long deleted() {
        return deleted;
    }

    /** Pins and children as they were listed last; null before the first listing. */
    public Pins pins() {
        return pins;
    }

    /** Bytes that stay for snapshots and clones whatever is collected, as of the last listing. */
    public long heldBytes() {
        return heldBytes;
    }

    /**
     * Goes on; returns an amount of work.
     *
     * @param relocatedThrough newest object that the reactor's map has been turned to, as to all before it.
     * @param notedThrough     newest object that the log's superblock has noted as stored.
     */
    public int doWork(final long relocatedThrough, final long notedThrough) {
        int work = finishDeletions();
        if (pinsListing != null) {
            return work + takeListings(relocatedThrough);
        }
        while (!doomed.isEmpty() && deletions.size() < MAX_DELETES) {
            final long sequence = doomed.peek();
            final Epochs.Entry epoch = stored.epochs().of(sequence);
            deletions.add(new Deletion(sequence, store.delete(epoch.key(sequence))));
            doomed.remove();
            work++;
        }
        if (pins == null && clockNs.getAsLong() - notBeforeNs >= 0) {
            return work + list(checkpoint <= notedThrough ? checkpoint : NOTHING);
        }
        if (doomed.isEmpty()
                && deletions.isEmpty()
                && checkpoint != NOTHING
                && (isAwaitedRelocated(relocatedThrough)
                        || awaitedNote != NOTHING && awaitedNote <= notedThrough
                        || clockNs.getAsLong() - notBeforeNs >= 0)) {
            work += listIfNeeded(relocatedThrough, notedThrough);
        }
        return work;
    }

    /**
     * Whether the reactor's map has come to the newest object that the last look found deletions waiting for. The store fills while
     * they wait, and clients wait for the store: so the next look follows the map, not the clock.
     */
    private boolean isAwaitedRelocated(final long relocatedThrough) {
        return awaitedRelocation != NOTHING && awaitedRelocation <= relocatedThrough;
    }

    /** Whether an object was dead when the checkpoint was made, and is named by no map of this process. */
    private boolean isRecorded(final int index, final long recordedBy, final long relocatedThrough) {
        final long dead = objects.deadSince(index);
        return dead != ObjectTable.ALIVE
                && dead <= recordedBy
                && (dead <= relocatedThrough || objects.generation(index) == ObjectTable.CHECKPOINT);
    }

    private int listIfNeeded(final long relocatedThrough, final long notedThrough) {
        for (int i = 0; i < objects.count(); i++) {
            if (isRecorded(i, checkpoint, relocatedThrough)) {
                return isNoted(notedThrough) ? list(checkpoint) : 0;
            }
        }
        awaitedRelocation = awaitedAfter(relocatedThrough);
        notBeforeNs = clockNs.getAsLong() + RETRY_NS;
        return 0;
    }

    private boolean isNoted(final long notedThrough) {
        final boolean isNoted = checkpoint <= notedThrough;
        awaitedNote = isNoted ? NOTHING : checkpoint;
        if (!isNoted) {
            notBeforeNs = clockNs.getAsLong() + RETRY_NS;
        }
        return isNoted;
    }

    /** The newest object that the map has to be turned to before all is looked at that the checkpoint has recorded as dead. */
    private long awaitedAfter(final long relocatedThrough) {
        long newest = NOTHING;
        for (int i = 0; i < objects.count(); i++) {
            final long dead = objects.deadSince(i);
            if (dead != ObjectTable.ALIVE && dead <= checkpoint && dead > relocatedThrough) {
                newest = Math.max(newest, dead);
            }
        }
        return newest;
    }

    private int list(final long recordedBy) {
        listedFor = recordedBy;
        pinsListing = store.list(Keys.pins(volume));
        return 1;
    }

    /**
     * Asks for the children only once the pins have answered: a clone puts its mark and then looks again whether its snapshot is there.
     * So the mark of one that has found it before it went from the pins is listed for certain.
     */
    private boolean isListed() {
        if (confirmation == null && pinsListing.isDone()) {
            confirmation = pinsListing.thenCompose(this::confirmRemovals);
        }
        if (childrenListing == null && pinsListing.isDone()) {
            childrenListing = store.list(Keys.children(volume));
        }
        return childrenListing != null && childrenListing.isDone() && confirmation.isDone();
    }

    private int takeListings(final long relocatedThrough) {
        if (!isListed()) {
            return 0;
        }
        final CompletableFuture<List<StoredObject>> listedPins = pinsListing;
        final CompletableFuture<List<StoredObject>> listedChildren = childrenListing;
        final CompletableFuture<Void> confirmed = confirmation;
        // First, so that they are not taken twice should something unexpected happen.
        pinsListing = null;
        childrenListing = null;
        confirmation = null;
        try {
            pins = Pins.of(ForeignKeys.without(listedPins.get()), ForeignKeys.without(listedChildren.get()));
            confirmed.get();
            for (int i = 0; i < objects.count(); i++) {
                if (isRecorded(i, listedFor, relocatedThrough)
                        && !pins.isNeeded(objects.sequence(i), objects.deadSince(i))) {
                    doomed.add(objects.sequence(i));
                }
            }
            awaitedRelocation = awaitedAfter(relocatedThrough);
            heldBytes = countHeld();
            // What is pinned now is looked at again when something changes, or after a while.
            notBeforeNs = clockNs.getAsLong() + (doomed.isEmpty() && listedFor == checkpoint ? PINNED_RETRY_NS : 0);
        } catch (final ExecutionException e) {
            unpinned.clear();
            notBeforeNs = clockNs.getAsLong() + RETRY_NS;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 1;
    }

    /**
     * Makes the marks of removed pins durable, one after the other: whoever put one may have died over it, and a pin that came back would
     * need what is gone. Each is confirmed once.
     */
    private CompletableFuture<Void> confirmRemovals(final List<StoredObject> pinned) {
        CompletableFuture<Void> all = CompletableFuture.completedFuture(null);
        for (final StoredObject pin : ForeignKeys.without(pinned)) {
            final long sequence = Keys.pinned(pin.key());
            if (Keys.isPinRemoved(pin.key()) && unpinned.add(sequence)) {
                all = all.thenCompose(before -> store.confirm(Keys.pins(volume, sequence)));
            }
        }
        return all;
    }

    private long countHeld() {
        long bytes = 0;
        for (int i = 0; i < objects.count() && objects.sequence(i) <= pins.newest(); i++) {
            final long dead = objects.deadSince(i);
            if (dead == ObjectTable.ALIVE) {
                bytes += (long) (objects.blocks(i) - objects.live(i)) << Blocks.SHIFT;
            } else if (pins.isNeeded(objects.sequence(i), dead)) {
                bytes += objects.length(i);
            }
        }
        return bytes;
    }

    private int finishDeletions() {
        int work = 0;
        for (int i = deletions.size() - 1; i >= 0; i--) {
            final Deletion deletion = deletions.get(i);
            if (deletion.done.isDone()) {
                deletions.remove(i);
                work++;
                if (deletion.done.isCompletedExceptionally()) {
                    LOG.log(Level.DEBUG, "volume {0}: object {1} is deleted later", volume, deletion.sequence);
                    notBeforeNs = clockNs.getAsLong() + RETRY_NS;
                } else {
                    objects.remove(deletion.sequence);
                    deleted++;
                }
            }
        }
        return work;
    }
}
