package io.varve.lsvd.history;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectIdentity;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.TreeSet;
import java.util.UUID;

/** Writes seals: the objects that end epochs. */
public final class Sealer {
    private static final int TRIES = 100;

    private Sealer() {}

    /**
     * Builds a seal in memory of the automatic arena.
     *
     * @param nonce of whoever seals.
     */
    public static MemorySegment encode(
            final UUID volume,
            final long epoch,
            final long sequence,
            final UUID nonce,
            final Covered covered,
            final long checkpoint) {
        final MemorySegment object = Arena.ofAuto().allocate(ObjectHeader.Shape.EMPTY.headerLength(), Long.BYTES);
        final ObjectHeader header = new ObjectHeader(object);
        header.begin(ObjectType.SEAL, new ObjectIdentity(volume, epoch, sequence, nonce), ObjectHeader.Shape.EMPTY);
        header.covers(covered.lastRecord(), covered);
        header.checkpoint(checkpoint);
        header.complete(header.headerLength());
        return object;
    }

    /**
     * Ends the newest epoch of a history, unless it has been ended. Against a writer that still runs this may take several tries. An
     * epoch that somebody begins meanwhile is left alone: nobody has said that it may be ended.
     *
     * @param history is closed when the epoch has gone on.
     * @return the history with its seal, which may be another's; that of a later epoch, sealed or not, when there is one now; or null,
     *     with the history closed, when the writer was faster every time.
     */
    public static History end(
            final StoreClient store,
            final HistoryReader reader,
            final UUID volume,
            final History history,
            final UUID nonce)
            throws IOException {
        final long epoch = history.newest().epoch();
        History last = history;
        try {
            for (int i = 0; ; i++) {
                // Whoever put what was found may have died over it, and others go on from here.
                reader.confirm(last);
                if (last.sealedBy() != null || last.newest().epoch() != epoch) {
                    return last;
                }
                final UUID sealedBy = seal(store, volume, last, nonce) ? reader.sealOf(last) : null;
                if (sealedBy != null) {
                    return last.withSeal(sealedBy);
                }
                if (i == TRIES) {
                    last.close();
                    return null;
                }
                final History again = reader.read();
                last.close();
                last = again;
            }
        } catch (final IOException | RuntimeException e) {
            last.close();
            throw e;
        }
    }

    /**
     * Tries to end the newest epoch of a history where that ends.
     *
     * @return whether the seal stands there now; false when the epoch has gone on, and its history must be read again.
     */
    public static boolean seal(final StoreClient store, final UUID volume, final History history, final UUID nonce)
            throws StoreException {
        final long epoch = history.newest().epoch();
        final long sequence = history.nextSequence();
        return store.putIfAbsent(
                Keys.object(volume, epoch, sequence),
                encode(
                        volume,
                        epoch,
                        sequence,
                        nonce,
                        history.covered(),
                        history.checkpoints().newest()));
    }

    /**
     * Ends the newest epoch of a history that does not hang together: behind all of its objects, since within a hole a seal is in
     * the way of no writer. Whoever goes on has uploads for the next few places only, and meets it there.
     *
     * @return false when the writer was faster every time.
     */
    public static boolean endBehindAll(
            final StoreClient store, final HistoryReader reader, final UUID volume, final UUID nonce)
            throws IOException {
        final List<StoredObject> epochs = store.list(Keys.epochs(volume));
        if (epochs.isEmpty()) {
            // Whoever removes the volume at the same time has ended it.
            return true;
        }
        final long epoch = Keys.lastNumber(epochs.getLast().key());
        for (int i = 0; i < TRIES; i++) {
            final TreeSet<Long> present = reader.present(epoch);
            final long last = present.isEmpty() ? firstOf(reader, epoch) - 1 : present.last();
            if (!present.isEmpty() && isSeal(store, Keys.object(volume, epoch, last))) {
                store.confirm(Keys.log(volume, epoch));
                return true;
            }
            final MemorySegment seal =
                    encode(volume, epoch, last + 1, nonce, Covered.through(-1, false), ObjectHeader.NO_CHECKPOINT);
            if (store.putIfAbsent(Keys.object(volume, epoch, last + 1), seal)) {
                return true;
            }
        }
        return false;
    }

    /** Where an epoch begins that has no objects: behind the last one of the epoch before, should its own record be damaged. */
    private static long firstOf(final HistoryReader reader, final long epoch) throws IOException {
        try {
            return reader.epoch(epoch).firstSequence();
        } catch (final FormatException | NoSuchObjectException e) {
            final TreeSet<Long> before = epoch == 0 ? new TreeSet<>() : reader.present(epoch - 1);
            return before.isEmpty() ? 0 : before.last() + 1;
        }
    }

    /** Whether an object is there and a seal. */
    public static boolean isSeal(final StoreClient store, final String key) throws IOException {
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment bytes = arena.allocate(ObjectHeader.Shape.EMPTY.headerLength(), Long.BYTES);
            store.get(key, 0, bytes);
            return new ObjectHeader(bytes).type() == ObjectType.SEAL;
        } catch (final NoSuchObjectException e) {
            return false;
        }
    }
}
