package io.varve.lsvd.destage;

import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import java.lang.foreign.Arena;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;

/**
 * When it was last certain that no other writer had ended an epoch. Two answers of the store prove that, each as of the moment when
 * the question was sent: an object of the epoch was created, once all objects before it turned out to be the epoch's own as well; and
 * there is nothing at the epoch's first missing sequence, where a seal would have to stand. The creation of an object alone proves
 * nothing: a seal may stand below it.
 *
 * <p>Once a successor serves the volume it may delete objects of this epoch, so that a creation that is tried again succeeds, and what
 * was stored is missing, behind a seal. It begins no sooner than the timeout after its seal: so an answer that comes while
 * the last proof still counts is good, and a later one only if afterwards there still is no successor.
 *
 * <p>{@link #provenNs()} is for any thread, all else for the destager's. Times are of a clock that goes on while the machine is
 * suspended.
 */
public final class EpochProof {
    private static final long NOTHING = -1;
    private static final int PROBE_LENGTH = 128;

    private final ObjectStore store;
    private final UUID volume;
    private final long epoch;
    private final long timeoutNs;
    private final LongSupplier clockNs;
    private volatile long provenNs;
    private CompletableFuture<Integer> probe;
    private long probedSequence;
    private long sentNs;
    private CompletableFuture<Integer> successorProbe;
    private boolean hasSuccessor;
    private long foundSequence = NOTHING;

    /**
     * Makes a proof.
     *
     * @param timeoutNs how long a proof counts; 0 when none is needed: then the store is not asked.
     * @param provenNs  when the epoch was begun.
     */
    public EpochProof(
            final ObjectStore store,
            final UUID volume,
            final long epoch,
            final long timeoutNs,
            final LongSupplier clockNs,
            final long provenNs) {
        this.store = store;
        this.volume = volume;
        this.epoch = epoch;
        this.timeoutNs = timeoutNs;
        this.clockNs = clockNs;
        this.provenNs = provenNs;
        this.sentNs = provenNs;
    }

    /** When the epoch was certainly not ended. Any thread. */
    public long provenNs() {
        return provenNs;
    }

    /** An object whose creation was asked for at this time is in the store, and so are all before it. */
    void onPublished(final long createdNs) {
        if (isStillProven()) {
            prove(createdNs);
        }
    }

    private boolean isStillProven() {
        return clockNs.getAsLong() - provenNs < timeoutNs;
    }

    /** It is certain that the epoch had not ended at a time. */
    void prove(final long sinceNs) {
        if (sinceNs - provenNs > 0) {
            provenNs = sinceNs;
        }
    }

    /** Whether proofs are asked for at all. */
    boolean isWanted() {
        return timeoutNs > 0;
    }

    /**
     * Asks the store in good time before the last proof is too old, and takes its answer. Returns an amount of work.
     *
     * @param firstMissing sequence of the first object of the epoch that is not known to be in the store.
     */
    int doWork(final long firstMissing) {
        if (timeoutNs == 0) {
            return 0;
        }
        final long nowNs = clockNs.getAsLong();
        if (successorProbe != null && successorProbe.isDone()) {
            takeSuccessorsAnswer();
            return 1;
        }
        if (probe != null && probe.isDone()) {
            takeAnswer();
            return 1;
        }
        final long patienceNs = probe == null && successorProbe == null ? timeoutNs / 8 : timeoutNs / 2;
        if (nowNs - provenNs < timeoutNs / 4 || nowNs - sentNs < patienceNs) {
            return 0;
        }
        sentNs = nowNs;
        probedSequence = firstMissing;
        successorProbe = null;
        probe = store.get(
                Keys.object(volume, epoch, firstMissing), 0, Arena.ofAuto().allocate(PROBE_LENGTH, Long.BYTES));
        return 1;
    }

    /** Whether another writer has begun an epoch behind this one. */
    boolean hasSuccessor() {
        return hasSuccessor;
    }

    /** Whether something stands at a sequence that nothing was written to by this epoch's owner. */
    boolean hasFound(final long sequence) {
        return foundSequence == sequence;
    }

    private void takeAnswer() {
        try {
            probe.get();
            foundSequence = probedSequence;
        } catch (final ExecutionException e) {
            if (e.getCause() instanceof NoSuchObjectException) {
                if (isStillProven()) {
                    prove(sentNs);
                } else {
                    successorProbe = store.get(
                            Keys.epoch(volume, epoch + 1), 0, Arena.ofAuto().allocate(PROBE_LENGTH, Long.BYTES));
                }
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        probe = null;
    }

    private void takeSuccessorsAnswer() {
        try {
            successorProbe.get();
            hasSuccessor = true;
        } catch (final ExecutionException e) {
            if (e.getCause() instanceof NoSuchObjectException) {
                prove(sentNs);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        successorProbe = null;
    }
}
