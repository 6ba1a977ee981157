package io.varve.lsvd.write;

import io.varve.lsvd.destage.BatchCutter;
import io.varve.lsvd.destage.EpochProof;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.log.TokenQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Where answers to the guest pass, on the reactor: lets each out once what the volume's settings promise of the store is true.
 *
 * <ul>
 *   <li>What has to be in the store waits until the store holds it and everything before.
 *   <li>A write waits while the store lacks more bytes up to it than may be unsent, or while it lacks an older record than may be
 *       unsent; one that the store holds by then has nothing to wait for.
 *   <li>Every answer, a read's as well, waits while the last proof of the epoch is too old; a write is let out when it is within its
 *       bounds and the epoch is proven at the same moment.
 * </ul>
 *
 * <p>Whatever waits hurries the next batch. The store's progress alone lets answers out, and never time: nothing has to be woken
 * for them. Allocates only when its queues grow past their greatest size so far.
 */
public final class AcknowledgementGate {
    /** Receives answers that are let out, on the reactor thread. */
    @FunctionalInterface
    public interface Listener {
        /** What has this token may be answered. */
        void onReleased(long token);
    }

    private final long maxUnsentBytes;
    private final long maxUnsentAgeNs;
    private final long fenceTimeoutNs;
    private final BatchCutter cutter;
    private final EpochProof proof;
    private final LongSupplier clockNs;
    private final Listener listener;
    private final TokenQueue waitingForStore = new TokenQueue();
    private final TokenQueue waitingForBounds = new TokenQueue();
    private final TokenQueue waitingForProof = new TokenQueue();
    private long storedPosition;
    private long storedSequence;

    /**
     * Makes a gate.
     *
     * @param clockNs of the proof and of the cutter.
     */
    public AcknowledgementGate(
            final VolumeSettings settings,
            final BatchCutter cutter,
            final EpochProof proof,
            final LongSupplier clockNs,
            final Listener listener) {
        maxUnsentBytes = settings.maxUnsentBytes() == 0 ? Long.MAX_VALUE : settings.maxUnsentBytes();
        maxUnsentAgeNs = TimeUnit.MILLISECONDS.toNanos(settings.maxUnsentAgeMs());
        fenceTimeoutNs = TimeUnit.MILLISECONDS.toNanos(settings.fenceTimeoutMs());
        this.cutter = cutter;
        this.proof = proof;
        this.clockNs = clockNs;
        this.listener = listener;
        storedPosition = cutter.start().position();
        storedSequence = cutter.start().sequence() - 1;
    }

    /** A read, or a flush of the log, is done. */
    public void answer(final long token) {
        if (waitingForProof.isEmpty() && isProven()) {
            listener.onReleased(token);
        } else {
            waitingForProof.add(0, token, false);
        }
    }

    /**
     * A write stands in the log.
     *
     * @param end position behind it.
     */
    public void write(final long token, final long end) {
        if (waitingForBounds.isEmpty() && isWithinBounds(end) && isProven()) {
            listener.onReleased(token);
        } else {
            waitingForBounds.add(end, token, false);
            cutter.hurry();
        }
    }

    /**
     * Something is done that is to be answered when it is in the store.
     *
     * @param sequence of the last record that it needs: one that says something of the volume.
     */
    public void awaitStore(final long token, final long sequence) {
        if (sequence <= storedSequence) {
            answer(token);
        } else {
            waitingForStore.add(sequence, token, false);
            cutter.hurry();
        }
    }

    /** The store holds everything up to here. */
    public void onStored(final long position, final long sequence) {
        storedPosition = position;
        storedSequence = sequence;
        cutter.onStored();
        if (!waitingForStore.isEmpty() || !waitingForBounds.isEmpty()) {
            cutter.hurry();
        }
    }

    /** Lets out what need not wait any more; returns an amount of work. */
    public int doWork() {
        int work = 0;
        while (!waitingForProof.isEmpty() && isProven()) {
            listener.onReleased(waitingForProof.remove());
            work++;
        }
        while (!waitingForStore.isEmpty() && waitingForStore.sequence() <= storedSequence) {
            answer(waitingForStore.remove());
            work++;
        }
        while (!waitingForBounds.isEmpty() && isWithinBounds(waitingForBounds.sequence()) && isProven()) {
            listener.onReleased(waitingForBounds.remove());
            work++;
        }
        return work;
    }

    /** Lets everything out, to be answered as failed. */
    public void releaseAll() {
        releaseAll(waitingForProof);
        releaseAll(waitingForStore);
        releaseAll(waitingForBounds);
    }

    /** Whether no answer waits. */
    public boolean isQuiet() {
        return waitingForProof.isEmpty() && waitingForStore.isEmpty() && waitingForBounds.isEmpty();
    }

    /** Position up to which the store holds everything. */
    public long storedPosition() {
        return storedPosition;
    }

    /** Sequence of the record up to which the store holds everything. */
    public long storedSequence() {
        return storedSequence;
    }

    /** Whether the last proof of the epoch is young enough for an answer. Any thread. */
    public boolean isProven() {
        return fenceTimeoutNs == 0 || clockNs.getAsLong() - proof.provenNs() <= fenceTimeoutNs;
    }

    private boolean isWithinBounds(final long end) {
        return end <= storedPosition
                || end - storedPosition <= maxUnsentBytes
                        && (maxUnsentAgeNs == 0 || cutter.oldestUnsentAgeNs(clockNs.getAsLong()) <= maxUnsentAgeNs);
    }

    private void releaseAll(final TokenQueue queue) {
        while (!queue.isEmpty()) {
            listener.onReleased(queue.remove());
        }
    }
}
