package io.varve.lsvd.history;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.util.List;
import java.util.UUID;

/**
 * Keeps a history up to date while others write: reads object by object what comes, into the next epoch too. For a thread that
 * may wait.
 *
 * <p>What is not there may not be there yet, or not any more, because a checkpoint made it needless: so the epoch is listed now
 * and then, and the history read anew when there is something behind the gap. That the volume was sealed by whoever wrote it is
 * certain once its seal stands at the end of what was read: it comes last, when all before it is in the store, and nobody deletes
 * what the newest epoch needs before there is another one. That there is none, the creation of the next one proves.
 */
public final class HistoryFollower implements AutoCloseable {
    /** Most objects that one look reads. */
    public static final int MAX_OBJECTS = 256;

    /** Objects that are asked for at once when one has come: what follows it is not waited for one after the other. */
    private static final int AHEAD = 16;

    /** As {@link #AHEAD}, before one has come, for somebody who waits: the last data of the predecessor, and its seal. */
    private static final int LAST_OBJECTS = 2;

    /** Looks that find nothing, from one listing to the next. */
    private static final int LOOKS_PER_LISTING = 32;

    /** Hears of data as it comes. */
    @FunctionalInterface
    public interface Listener {
        /** A client's data has been read into the history: an object of so many data blocks, all of them needed. */
        void onObject(History history, long sequence, int blocks);
    }

    private final StoreClient store;
    private final UUID volume;
    private final HistoryReader reader;
    private final HeaderReader headers;
    private History history;
    private int emptyLooks;

    /**
     * Reads a volume's history up to now.
     *
     * @param reader of the volume.
     */
    public HistoryFollower(final StoreClient store, final UUID volume, final HistoryReader reader) throws IOException {
        this.store = store;
        this.volume = volume;
        this.reader = reader;
        headers = new HeaderReader(store);
        history = reader.read();
    }

    /** The history as far as it was read; the follower's own until it is {@linkplain #take taken}. */
    public History history() {
        return history;
    }

    /** Gives the history away. Nothing is followed any more. */
    public History take() {
        final History taken = history;
        history = null;
        return taken;
    }

    /** Reads the history anew. */
    public void readAgain() throws IOException {
        final History again = reader.read();
        history.close();
        history = again;
        emptyLooks = 0;
    }

    /**
     * Looks once at what has come, and reads it.
     *
     * @param listener is told of objects that hold data.
     * @return number of objects, seals and epochs read, at most {@value #MAX_OBJECTS}.
     */
    public int look(final Listener listener) throws IOException {
        return look(1, false, listener);
    }

    /**
     * As {@link #look}, for somebody who waits for the volume: ends at a seal. That there is no epoch behind it is proved when the
     * next one is begun.
     */
    public int lookForSeal(final Listener listener) throws IOException {
        return look(LAST_OBJECTS, true, listener);
    }

    private int look(final int expected, final boolean isSealEnough, final Listener listener) throws IOException {
        int count = 0;
        headers.forget();
        while (count < MAX_OBJECTS
                && (isSealed()
                        ? !(isSealEnough && count > 0) && enterNextEpoch()
                        : readNext(count == 0 ? expected : AHEAD, listener))) {
            count++;
        }
        emptyLooks = count > 0 ? 0 : emptyLooks + 1;
        if (emptyLooks == LOOKS_PER_LISTING) {
            emptyLooks = 0;
            if (hasFallenBehind()) {
                readAgain();
                count++;
            }
        }
        return count;
    }

    private boolean isSealed() {
        return history.sealedBy() != null;
    }

    private boolean readNext(final int expected, final Listener listener) throws IOException {
        final EpochRecord epoch = history.newest();
        final long sequence = history.nextSequence();
        for (int i = 0; i < expected; i++) {
            headers.ahead(volume, epoch.epoch(), sequence + i);
        }
        final ObjectHeader header = headers.readIfPresent(volume, epoch.epoch(), sequence);
        if (header == null) {
            return false;
        }
        switch (header.type()) {
            case SEAL -> {
                if (reader.isSealOf(epoch, header)) {
                    history = history.withSeal(header.nonce());
                } else {
                    readAgain();
                }
            }
            case DATA -> {
                HistoryReader.apply(header, history.map(), history.changes());
                history.objects().add(sequence, header.objectLength(), header.blockCount(), header.generation());
                history = history.with(HistoryReader.cover(history.covered(), header, epoch));
                if (header.generation() == 0) {
                    listener.onObject(history, sequence, header.blockCount());
                }
            }
            case CHECKPOINT -> readCheckpoint(header);
        }
        return true;
    }

    /** The first object of an epoch may be a checkpoint of another map than the one before: the volume was rolled back. */
    private void readCheckpoint(final ObjectHeader header) throws IOException {
        final EpochRecord epoch = history.newest();
        final Covered covered = HistoryReader.cover(history.covered(), header, epoch);
        final CheckpointReader.Step step = header.sequence() == epoch.firstSequence()
                ? null
                : new CheckpointReader(store, headers).step(header, history.checkpoints(), history.objects());
        if (step == null) {
            readAgain();
        } else {
            history.changes().clear();
            history = history.with(covered).with(step);
        }
    }

    private boolean enterNextEpoch() throws IOException {
        final EpochRecord next = reader.epochIfPresent(history.newest().epoch() + 1);
        if (next == null) {
            return false;
        }
        if (next.firstSequence() == history.nextSequence() + 1) {
            history = history.in(next, new Epochs.Entry(volume, next.epoch(), next.firstSequence(), next.nonce()));
        } else {
            readAgain();
        }
        return true;
    }

    private boolean hasFallenBehind() throws IOException {
        if (reader.newestEpoch().epoch() != history.newest().epoch()) {
            return true;
        }
        final List<StoredObject> objects =
                store.list(Keys.log(volume, history.newest().epoch()));
        return !objects.isEmpty()
                && Keys.lastNumber(objects.getLast().key()) > history.nextSequence() + (isSealed() ? 0 : -1);
    }

    @Override
    public void close() {
        if (history != null) {
            history.close();
        }
    }
}
