package io.varve.lsvd.history;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
        final MemorySegment object = Arena.ofAuto().allocate(ObjectHeader.length(0, 0), Long.BYTES);
        final ObjectHeader header = new ObjectHeader(object);
        header.begin(ObjectType.SEAL, volume, epoch, sequence, nonce, 0, 0);
        header.covers(covered.lastRecord(), covered);
        header.checkpoint(checkpoint);
        header.body(0, 0);
        header.seal();
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
            for (int i = 0; last.sealedBy() == null && last.newest().epoch() == epoch; i++) {
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
            return last;
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
}
