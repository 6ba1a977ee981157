package io.varve.launcher.daemon;

import io.varve.launcher.UserException;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeFollower;
import io.varve.lsvd.VolumeStanding;
import io.varve.lsvd.runtime.UnexpectedErrors;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Follows a volume on a thread of its own, where it may wait for the store, and takes it for its reactor: when somebody wants it
 * and it is free, or at once when the log on this host may hold what the store lacks. Ends with the volume taken, or on
 * {@link #end()}; to follow again takes a new one.
 *
 * <p>It looks for news every {@value #MIN_PACE_MS} ms while some come, and at longer and longer intervals up to
 * {@value #MAX_PACE_MS} ms while none do, or {@value #EXPECTED_PACE_MS} ms while a front-end is connected; while the volume is wanted and someone else has it, every {@value #WANTED_PACE_MS} ms.
 */
final class VolumeTaker implements AutoCloseable {
    /** From one look to the next while news come. */
    private static final long MIN_PACE_MS = 20;

    /** From one look to the next when none have come for long: bounds what an idle volume costs. */
    private static final long MAX_PACE_MS = 5_000;

    /** As {@link #MAX_PACE_MS}, while a front-end is connected: a guest may be on its way here. */
    private static final long EXPECTED_PACE_MS = 500;

    /** From one look at the settings to the next: a listing costs more than a read, and the size changes rarely. */
    private static final long SETTINGS_PACE_NS = 30_000_000_000L;

    /** From one look to the next while a guest waits for the predecessor's seal. */
    private static final long WANTED_PACE_MS = 2;

    /** As {@link #WANTED_PACE_MS}, behind a failure, or once it has waited so long that the predecessor is not just about to seal. */
    private static final long PATIENT_PACE_MS = 100;

    private static final long PATIENT_AFTER_NS = 5_000_000_000L;

    /**
     * How long a look counts when a guest wants a volume that was let go while it was followed. If somebody else has begun an epoch
     * since, this is found when the next one is to be begun.
     */
    private static final long LOOK_FRESH_NS = 500_000_000L;

    /** From one piece of zeros to the next. */
    private static final long ZERO_PACE_MS = 2;

    /** From one attempt to the next after a failure. */
    private static final long RETRY_MS = 3_000;

    /** Hears of what is done, on the taker's thread. */
    interface Listener {
        /** The volume is followed: it stands like this. */
        void onStanding(VolumeStanding standing);

        /** It is being taken. */
        void onTaking();

        /** It could not be opened, followed or taken, and is tried again. */
        void onTrouble(String reason);

        /** It has been taken. */
        void onTaken();
    }

    private final VolumeContext context;
    private final OpeningRuntime runtime;
    private final boolean isPatient;
    private final Listener listener;
    private final UnexpectedErrors errors;
    private final Thread thread;
    private final CompletableFuture<Void> begun = new CompletableFuture<>();
    private boolean isNudged;
    private volatile boolean isWanted;
    private volatile boolean isExpected;
    private volatile long wantedNs;
    private volatile boolean isToEnd;
    private volatile boolean isForced;
    private volatile VolumeFollower taken;

    /**
     * Makes one, which {@link #start()} starts.
     *
     * @param context   to open the volume with; whether it is to be taken over is said there, and it is taken at once then.
     * @param runtime   of the context.
     * @param isPatient whether a failure before {@link #begun()} is tried again too.
     */
    VolumeTaker(
            final VolumeContext context,
            final OpeningRuntime runtime,
            final boolean isPatient,
            final Listener listener) {
        final String name = context.name();
        this.context = context;
        this.runtime = runtime;
        this.isPatient = isPatient;
        this.listener = listener;
        errors = new UnexpectedErrors("varve-" + name + "-follow", System::nanoTime);
        thread = new Thread(this::run, "varve-" + name + "-follow");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /**
     * Completes once the volume is followed, or taken if it is to be taken at once; or exceptionally with why it can't be:
     * {@link VolumeException}, {@link UserException}, or {@link CancellationException} after {@link #end()}.
     */
    CompletableFuture<Void> begun() {
        return begun;
    }

    /** Somebody wants the volume, or nobody does any more. Any thread. */
    void want(final boolean value) {
        if (isWanted != value) {
            wantedNs = System.nanoTime();
            isWanted = value;
            nudge();
        }
    }

    /** Somebody may want the volume soon, or nobody any more. Any thread. */
    void expect(final boolean value) {
        isExpected = value;
        nudge();
    }

    /** The volume that was taken, or null. Any thread. */
    VolumeFollower taken() {
        return taken;
    }

    /** Whether what was taken had not been let go by whoever had it. */
    boolean isForced() {
        return isForced;
    }

    /** Breaks it off, at once; what has been taken stays taken. Any thread. */
    void end() {
        isToEnd = true;
        runtime.breakOff();
        nudge();
    }

    /** Breaks it off and waits for its end. */
    @Override
    public void close() {
        end();
        boolean isInterrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (final InterruptedException e) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        while (!isToEnd && taken == null) {
            try {
                tryOnce();
            } catch (final CancellationException e) {
                begun.completeExceptionally(e);
                return;
            } catch (final VolumeException | UserException e) {
                if (!isPatient && begun.completeExceptionally(e)) {
                    return;
                }
                listener.onTrouble(e.getMessage());
                pause(isWanted ? PATIENT_PACE_MS : RETRY_MS);
            } catch (final RuntimeException | Error e) {
                errors.onError(e);
                if (!isPatient && begun.completeExceptionally(e)) {
                    return;
                }
                onUnexpected();
            }
        }
        begun.completeExceptionally(new CancellationException("ended"));
    }

    /** A guest may wait for the volume: it is told why, and not left alone. */
    private void onUnexpected() {
        try {
            listener.onTrouble(errors.last());
        } catch (final RuntimeException | Error e) {
            errors.onError(e);
        }
        while (errors.isTooEarly() && !isToEnd) {
            pause(RETRY_MS);
        }
    }

    private void tryOnce() throws VolumeException {
        final VolumeFollower follower = VolumeFollower.begin(context);
        try {
            final boolean isAtOnce = context.isTakeOver() || follower.standing().isUnfinished();
            if (!isAtOnce) {
                follower.prepare();
                listener.onStanding(follower.standing());
                begun.complete(null);
                follow(follower);
            }
            if (!isToEnd) {
                take(follower);
            }
        } finally {
            if (taken == null) {
                follower.close();
            }
        }
    }

    private void take(final VolumeFollower follower) throws VolumeException {
        listener.onTaking();
        isForced = !follower.standing().isFree();
        follower.take();
        runtime.opened();
        taken = follower;
        listener.onTaken();
        begun.complete(null);
    }

    private void follow(final VolumeFollower follower) throws VolumeException {
        long paceMs = MIN_PACE_MS;
        long settingsNs = System.nanoTime();
        long lookedNs = settingsNs;
        boolean isAnswered = true;
        boolean wasLetGo = false;
        while (!isToEnd) {
            final long epoch = follower.standing().epoch();
            final boolean wasFree = follower.standing().isFree();
            if (isWanted && wasFree && wasLetGo && isAnswered && System.nanoTime() - lookedNs < LOOK_FRESH_NS) {
                return;
            }
            final int count;
            lookedNs = System.nanoTime();
            try {
                count = isWanted ? follower.lookForSeal() : follower.look();
                final boolean isFree = follower.standing().isFree();
                wasLetGo = isFree && (wasLetGo || !wasFree);
                if (!isWanted && System.nanoTime() - settingsNs >= SETTINGS_PACE_NS) {
                    follower.readSettings();
                    settingsNs = System.nanoTime();
                }
                isAnswered = true;
            } catch (final VolumeException e) {
                if (isAnswered) {
                    listener.onTrouble(e.getMessage());
                }
                isAnswered = false;
                pause(isWanted ? PATIENT_PACE_MS : Math.min(RETRY_MS, paceMs));
                paceMs = Math.min(MAX_PACE_MS, paceMs * 2);
                continue;
            }
            if (follower.standing().epoch() != epoch) {
                follower.prepare();
            }
            listener.onStanding(follower.standing());
            if (isWanted && follower.standing().isFree()) {
                return;
            }
            paceMs = count > 0 ? MIN_PACE_MS : Math.min(isExpected ? EXPECTED_PACE_MS : MAX_PACE_MS, paceMs * 2);
            if (isExpected) {
                zero(follower, paceMs);
            } else {
                pause(isWanted ? wantedPaceMs() : paceMs);
            }
        }
    }

    /** As {@link #pause}; meanwhile writes to a new log what makes it fast, for the guest that may be on its way, at most 512 MiB/s. */
    private void zero(final VolumeFollower follower, final long ms) {
        final long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
        while (!isWanted && !isToEnd && System.nanoTime() - endNs < 0 && follower.zeroMore()) {
            pause(ZERO_PACE_MS);
        }
        final long leftMs = TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime());
        if (isWanted) {
            pause(wantedPaceMs());
        } else if (leftMs > 0) {
            pause(leftMs);
        }
    }

    private long wantedPaceMs() {
        return System.nanoTime() - wantedNs < PATIENT_AFTER_NS ? WANTED_PACE_MS : PATIENT_PACE_MS;
    }

    /** Waits so long, or until something is to be looked at. */
    private synchronized void pause(final long ms) {
        final long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
        try {
            for (long leftNs = endNs - System.nanoTime();
                    leftNs > 0 && !isNudged && !isToEnd;
                    leftNs = endNs - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, leftNs);
            }
        } catch (final InterruptedException e) {
            isToEnd = true;
        }
        isNudged = false;
    }

    private synchronized void nudge() {
        isNudged = true;
        notifyAll();
    }
}
