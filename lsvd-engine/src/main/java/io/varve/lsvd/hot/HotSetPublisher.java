package io.varve.lsvd.hot;

import io.varve.lsvd.cache.CacheLine;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.objects.EncryptedRecord;
import io.varve.lsvd.store.ForeignKeys;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Tells the store what is hot here, once for each migration that begins, and deletes what was told before, by whomever. Whatever
 * fails is left at that. Advanced by the thread that uploads, a few thousand slots of the cache at a time.
 */
public final class HotSetPublisher {
    private static final System.Logger LOG = System.getLogger(HotSetPublisher.class.getName());
    private static final int SLOTS_A_TURN = 4096;
    private static final long NOTHING = Long.MIN_VALUE;

    /** What is being done. */
    private enum State {
        IDLE,
        LOOKING,
        PUTTING,
        LISTING,
        DELETING
    }

    private final ObjectStore store;
    private final VolumeKeys keys;
    private final UUID volume;
    private final long epoch;
    private final VolumeCache cache;
    private final ArrayDeque<String> old = new ArrayDeque<>();
    private volatile long wantedFrom = NOTHING;
    private State state = State.IDLE;
    private HotLines lines;
    private long recentFrom;
    private int slot;
    private long version;
    private String key;
    private CompletableFuture<?> request;
    private CompletableFuture<List<StoredObject>> listing;

    /**
     * Makes one for an epoch.
     *
     * @param keys  of the volume.
     * @param cache null when there is none.
     */
    public HotSetPublisher(
            final ObjectStore store,
            final VolumeKeys keys,
            final UUID volume,
            final long epoch,
            final VolumeCache cache) {
        this.store = store;
        this.keys = keys;
        this.volume = volume;
        this.epoch = epoch;
        this.cache = cache;
    }

    /**
     * Asks to tell what is hot now. Any thread.
     *
     * @param from sequence of the oldest object of which the log holds the data as well; {@link Long#MAX_VALUE} for none.
     */
    public void publish(final long from) {
        wantedFrom = from;
    }

    /**
     * Goes on; returns an amount of work.
     *
     * @param objects    of the volume: what is dead is not told of.
     * @param unstored   sequence of the first object that is not in the store.
     * @param isToFinish whether to begin nothing more, since the epoch is about to end.
     */
    public int doWork(final ObjectTable objects, final long unstored, final boolean isToFinish) {
        if (state == State.IDLE) {
            return isToFinish ? 0 : begin(unstored);
        }
        if (isToFinish) {
            state = State.IDLE;
            return 0;
        }
        if (state == State.LOOKING) {
            look(objects);
            return 1;
        }
        if (!request.isDone()) {
            return 0;
        }
        try {
            request.get();
            proceed();
        } catch (final ExecutionException e) {
            LOG.log(Level.DEBUG, "volume {0}: what is hot could not be told: {1}", volume, e.getMessage());
            state = State.IDLE;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 1;
    }

    private int begin(final long unstored) {
        final long from = wantedFrom;
        if (from == NOTHING) {
            return 0;
        }
        wantedFrom = NOTHING;
        recentFrom = Math.min(from, unstored);
        lines = new HotLines();
        slot = 0;
        state = State.LOOKING;
        return 1;
    }

    private void look(final ObjectTable objects) {
        final int slots = cache == null ? 0 : cache.slots();
        final int to = Math.min(slots, slot + SLOTS_A_TURN);
        if (cache != null) {
            cache.lines(slot, to, (line, heat) -> {
                final int index = objects.find(CacheLine.sequence(line));
                if (index < 0 || objects.deadSince(index) == ObjectTable.ALIVE) {
                    lines.add(line, heat);
                }
            });
        }
        slot = to;
        if (slot == slots) {
            key = Keys.hotSet(volume, epoch, ++version);
            request = store.putIfAbsent(key, encode());
            lines = null;
            state = State.PUTTING;
        }
    }

    private MemorySegment encode() {
        final MemorySegment record = lines.toHotSet(volume, epoch, recentFrom).encode();
        return keys.own() == null
                ? record
                : EncryptedRecord.encrypt(keys.own(), EncryptedRecord.identity(volume, epoch, version), record);
    }

    private void proceed() {
        if (state == State.PUTTING) {
            listing = store.list(Keys.hotSets(volume));
            request = listing;
            state = State.LISTING;
            return;
        }
        if (state == State.LISTING) {
            old.clear();
            ForeignKeys.without(listing.getNow(List.of())).forEach(object -> old.add(object.key()));
            old.remove(key);
        }
        if (old.isEmpty()) {
            state = State.IDLE;
        } else {
            request = store.delete(old.remove());
            state = State.DELETING;
        }
    }
}
