package io.varve.launcher.daemon;

import io.varve.launcher.daemon.VolumeStatus.State;
import io.varve.launcher.volume.SnapshotName;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeStanding;
import io.varve.lsvd.VolumeStats;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Whether this daemon has a volume that it serves: it follows the volume until the first ring starts, takes it, has it, and lets
 * it go when the guest has stopped for good or moves to another host; and all of that again when a ring starts again.
 * docs/migration.md.
 *
 * <p>The reactor's, except where it says otherwise.
 */
final class Possession implements VolumeTaker.Listener {
    /**
     * How long after its rings have stopped a volume is let go, in nanoseconds: longer than a guest's firmware or boot loader leaves
     * them stopped when it hands over to the next stage, so that a reboot costs no epoch; short enough to wait for when a machine
     * is stopped here and started elsewhere.
     */
    static final long STOPPED_GRACE_NS = 5_000_000_000L;

    /** As {@link #STOPPED_GRACE_NS}, when the front-end has gone: longer than QEMU takes to connect again, which counts in seconds. */
    static final long GONE_GRACE_NS = 2_000_000_000L;

    /** Longest sleep while the volume is let go, of which not every step wakes the reactor. */
    private static final long LETTING_GO_TURN_NS = 1_000_000;

    /** Longest sleep while the volume is here without a guest that uses it. */
    private static final long IDLE_TURN_NS = 200_000_000;

    private final Function<OpeningRuntime, VolumeContext> contexts;
    private final boolean isPatient;
    private final Runnable wake;
    private final Consumer<Volume> onChange;
    private final Consumer<String> onWaiting;
    private final Consumer<String> onTrouble;

    private volatile VolumeTaker taker;
    private boolean isFrontEnd;
    private boolean isRunning;
    private boolean isMigrating;
    private boolean isAsked;
    private boolean isPreparing;
    private boolean isLettingGo;
    private boolean isLetGo;
    private long idleSinceNs = System.nanoTime();
    private volatile Volume volume;
    private volatile VolumeStanding standing;
    private volatile State state = State.OPENING;
    private volatile String trouble;
    private long toldEpoch = -1;
    private volatile long grownBytes;
    private volatile VolumeStats lastStats;
    private Object lastWriter;
    private final PauseLog pause;

    /**
     * Makes one that has nothing yet.
     *
     * @param name      of the volume, for messages.
     * @param contexts  gives what to open the volume with, with a runtime for its opening.
     * @param isPatient whether a failure to open it at first is tried again.
     * @param wake      wakes the reactor; any thread.
     * @param onChange  is given the volume, on the reactor, when it is there, and null when it is not any more.
     * @param onWaiting is told, on any thread, who has the volume, in words; once for each epoch.
     * @param onTrouble is told, on any thread, why the volume can't be had yet, in words; once for each reason.
     */
    Possession(
            final String name,
            final Function<OpeningRuntime, VolumeContext> contexts,
            final boolean isPatient,
            final Runnable wake,
            final Consumer<Volume> onChange,
            final Consumer<String> onWaiting,
            final Consumer<String> onTrouble) {
        this.pause = new PauseLog(name);
        this.contexts = contexts;
        this.isPatient = isPatient;
        this.wake = wake;
        this.onChange = onChange;
        this.onWaiting = onWaiting;
        this.onTrouble = onTrouble;
    }

    /**
     * Begins to follow the volume, or takes it if it is to be taken at once. Waits for the store.
     *
     * @param choices whether to take it although someone else has it, and whether data may be lost: this once.
     * @throws CompletionException with the reason when that can't be.
     */
    void begin(final OpeningChoices choices) {
        follow(choices.isTakeOver(), choices.acceptsDataLoss(), isPatient);
        taker.begun().join();
        adopt();
    }

    /** A volume that is there for good, since it is only read. */
    void hold(final Volume opened) {
        volume = opened;
        state = State.SERVING;
        onChange.accept(opened);
    }

    private void follow(final boolean isTakeOver, final boolean acceptsDataLoss, final boolean triesAgain) {
        final OpeningRuntime runtime = new OpeningRuntime();
        final VolumeContext context =
                contexts.apply(runtime).takeOver(isTakeOver).acceptDataLoss(acceptsDataLoss);
        taker = new VolumeTaker(context, runtime, triesAgain, this);
        taker.expect(isFrontEnd);
        taker.start();
    }

    /** The volume, while this daemon has it; else null. Any thread. */
    Volume volume() {
        return volume;
    }

    /** Whether requests can be given to the volume. */
    boolean isReady() {
        return volume != null && !isLettingGo;
    }

    /** How the volume stands, as of the last look, or null before the first. Any thread. */
    VolumeStanding standing() {
        return standing;
    }

    /** The volume's identity; not before {@link #begin}. Any thread. */
    UUID uuid() {
        final Volume had = volume;
        return had == null ? standing.uuid() : had.uuid();
    }

    /** Size of the disk in bytes; not before {@link #begin}. Any thread. */
    long sizeBytes() {
        final Volume had = volume;
        return had == null ? Math.max(standing.sizeBytes(), grownBytes) : had.sizeBytes();
    }

    /** The disk has been made larger in the store. */
    void grow(final long newSizeBytes) {
        grownBytes = newSizeBytes;
        if (volume != null) {
            volume.grow(newSizeBytes);
        }
    }

    /** Figures, of the last volume when there is none now, or null when there has not been one. Any thread. */
    VolumeStats stats() {
        final Volume had = volume;
        return had == null ? lastStats : had.stats();
    }

    /** How far it is. Any thread. */
    State state() {
        return state;
    }

    /** What keeps it from following or taking the volume, in one line, or null. Any thread. */
    String trouble() {
        return trouble;
    }

    /** Who is waited for, in one line, or null. Any thread. */
    String waitsFor() {
        final VolumeStanding last = standing;
        return volume != null || last == null || last.isFree() ? null : describe(last);
    }

    /** One cycle; amount of work. */
    int doWork() {
        final Volume had = volume;
        if (had == null) {
            return taker.taken() == null ? 0 : adopt();
        }
        final int work = had.doWork();
        if (isLettingGo) {
            return work + finishLettingGo(had);
        }
        return work + letGoIfIdle(had);
    }

    /** How long the reactor may sleep, in nanoseconds. */
    long maxIdleNs() {
        final Volume had = volume;
        if (had == null || had.isReadOnly()) {
            return Long.MAX_VALUE;
        }
        if (isLettingGo) {
            return Math.min(LETTING_GO_TURN_NS, had.maxIdleNs());
        }
        return isRunning ? had.maxIdleNs() : Math.min(IDLE_TURN_NS, had.maxIdleNs());
    }

    /** A front-end has connected, or gone. */
    void frontEnd(final boolean isThere) {
        isFrontEnd = isThere;
        if (taker != null) {
            taker.expect(isThere);
        }
        running(false);
        migrating(false);
    }

    /** The guest uses the disk from now on, or not any more. */
    void running(final boolean isOn) {
        isRunning = isOn;
        if (isOn && volume == null) {
            pause.onWanted();
        }
        idleSinceNs = System.nanoTime();
        want();
    }

    /** A command wants the volume, whether a guest runs or not. */
    void ask() {
        isAsked = !isReady();
        idleSinceNs = System.nanoTime();
        want();
    }

    /** A migration has begun, or is over: keeps little unsent while it lasts. */
    void migrating(final boolean isOn) {
        isMigrating = isOn;
        if (volume != null) {
            volume.haste(isOn);
        }
    }

    /**
     * Lets the volume go for another host that waits for it, at once.
     *
     * @return whether that is done, so that the front-end may be told that its rings have stopped.
     * @throws IllegalStateException when it can't be done, with the reason.
     */
    boolean isHandedOver() {
        final Volume had = volume;
        if (had == null || had.isReadOnly()) {
            return true;
        }
        if (had.failure() != null) {
            throw new IllegalStateException("the disk can't be handed over: " + had.failure());
        }
        if (!isLettingGo) {
            handOver(had);
        }
        return isSealed(had);
    }

    private void handOver(final Volume had) {
        isLettingGo = true;
        isAsked = false;
        pause.onHandOver(had.stats().unsentBytes());
        had.handOver();
    }

    private boolean isSealed(final Volume had) {
        if (had.isSealed()) {
            pause.onHandedOver();
            return true;
        }
        return false;
    }

    /** The guest has made its first request since it wants the volume. */
    void onAsked() {
        pause.onAsked();
    }

    /** Somebody makes a write or a discard. */
    void onWrite(final Object writer) {
        lastWriter = writer;
    }

    /** Whether nobody else has made a write or a discard, in the life of this daemon, since one did or before any. */
    boolean isLastWriter(final Object writer) {
        return lastWriter == null || lastWriter == writer;
    }

    /** The first request since the volume was taken has been answered. */
    void onServed() {
        pause.onServed();
    }

    private void want() {
        if (taker != null) {
            taker.want(isRunning || isAsked);
        }
    }

    private int adopt() {
        if (taker.taken() == null) {
            return 0;
        }
        // What was taken at once has not been followed before.
        standing = taker.taken().standing();
        final Volume opened = taker.taken().open();
        if (taker.isForced()) {
            // So that what comes back with the old host can be put on top of what was there.
            opened.snapshot(
                    SnapshotName.ofTakeOver(taker.taken().epoch()),
                    System.currentTimeMillis(),
                    (token, status) -> {},
                    0);
        }
        opened.haste(isMigrating);
        volume = opened;
        pause.onTaken();
        trouble = null;
        state = State.SERVING;
        isAsked = false;
        idleSinceNs = System.nanoTime();
        onChange.accept(volume);
        return 1;
    }

    private int letGoIfIdle(final Volume had) {
        final boolean isIdle = !had.isReadOnly() && !isRunning && had.failure() == null && had.isStored();
        if (isIdle && isMigrating && had.stats().storeTrouble() == null) {
            // QEMU 7.2 disables its rings some time before it asks for their bases.
            handOver(had);
            return 1;
        }
        final boolean wasPreparing = isPreparing;
        isPreparing = isIdle && isIdleForLong();
        if (isPreparing != wasPreparing) {
            had.prepareShutdown(isPreparing);
        }
        if (!isPreparing || !had.isShutdownPrepared()) {
            return 0;
        }
        isPreparing = false;
        isLettingGo = true;
        isAsked = false;
        had.shutdown();
        return 1;
    }

    private boolean isIdleForLong() {
        return System.nanoTime() - idleSinceNs >= (isFrontEnd ? STOPPED_GRACE_NS : GONE_GRACE_NS);
    }

    private int finishLettingGo(final Volume had) {
        isSealed(had);
        if (!had.isShutDown()) {
            return 0;
        }
        if (had.failure() == null && !isLetGo) {
            // The front-end hears of it before this thread is held up by the volume's end.
            isLetGo = true;
            return 1;
        }
        isLetGo = false;
        isLettingGo = false;
        if (had.failure() != null) {
            return 1;
        }
        lastStats = had.stats();
        volume = null;
        state = State.OPENING;
        onChange.accept(null);
        had.close();
        // Whatever the store says now: a guest that is here, or comes, waits for the volume.
        follow(false, false, true);
        want();
        return 1;
    }

    /**
     * Breaks off what is under way with the store before the volume was taken.
     *
     * @return the volume if this daemon has it.
     */
    Volume end() {
        if (taker != null) {
            taker.close();
            if (volume == null) {
                adopt();
            }
        }
        return volume;
    }

    /** As {@link #end()}, without waiting; before the reactor has come round. Any thread. */
    void breakOff() {
        final VolumeTaker current = taker;
        if (current != null) {
            current.end();
        }
    }

    @Override
    public void onStanding(final VolumeStanding now) {
        final VolumeStanding before = standing;
        standing = now;
        trouble = null;
        state = State.FOLLOWING;
        if (!now.isFree() && toldEpoch != now.epoch()) {
            toldEpoch = now.epoch();
            onWaiting.accept(describe(now));
        }
        if (before == null || before.sizeBytes() != now.sizeBytes()) {
            wake.run();
        }
    }

    @Override
    public void onTaking() {
        state = State.TAKING;
    }

    @Override
    public void onTrouble(final String reason) {
        if (!reason.equals(trouble)) {
            trouble = reason;
            onTrouble.accept(reason);
        }
    }

    @Override
    public void onTaken() {
        wake.run();
    }

    private String describe(final VolumeStanding now) {
        return "is being written by " + now.writer() + ", which opened it at " + Instant.ofEpochMilli(now.sinceMs())
                + (now.isSealed() ? ", was shut out" : "") + " and has not closed it; it is followed until then."
                + " If that host is gone for good, take the volume over with --take-over: then what was not in the store"
                + " yet is lost, " + now.possibleLoss();
    }
}
