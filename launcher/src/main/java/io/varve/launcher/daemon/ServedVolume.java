package io.varve.launcher.daemon;

import io.varve.block.ExportStatus;
import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.launcher.daemon.VolumeStatus.FrontEndState;
import io.varve.launcher.daemon.VolumeStatus.State;
import io.varve.launcher.metrics.RequestCounters;
import io.varve.launcher.metrics.StoreMeter;
import io.varve.launcher.metrics.VolumeMetrics;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.StoreFitness;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeStats;
import io.varve.vhostuser.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A volume that is opened, served and ended on a thread of its own, which is its reactor. It shares nothing with other
 * volumes of the process, its store's threads and connections included: whatever it waits for or fails at, they go on.
 *
 * <p>The first {@link #end()} ends the exports, has everything shipped and the volume sealed; when the store does not answer in
 * time, or on {@link #hurry()}, it ends with everything durable in the log, to be shipped by whoever opens it next. An
 * opening is broken off at once: nothing has been acknowledged.
 *
 * <p>Methods may be called by any thread, and don't wait.
 */
public final class ServedVolume {
    private static final System.Logger LOGGER = System.getLogger(ServedVolume.class.getName());

    /** Longest sleep while ending, so that the deadline is met. */
    private static final long SHUTDOWN_TURN_NS = 10_000_000;

    /** An end that takes longer than this says what it waits for. */
    private static final long TELL_NS = 1_000_000_000;

    /** A reactor that has not come round for so long hangs. It sleeps for a second at most. */
    private static final long HUNG_NS = 5_000_000_000L;

    /** Pause between attempts to open. */
    private static final long RETRY_MS = 3_000;

    private final VolumeOptions options;
    private final VolumeListener listener;
    private final SharedReadCache readCache;
    private final Consumer<ServedVolume> onReleased;
    private final OpeningRuntime runtime = new OpeningRuntime();
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Thread thread;

    /** The reactor's first, then those of the lanes. */
    private final List<RequestCounters> counters;

    private final VolumeCommands commands;
    private final List<LaneThread> lanes = new ArrayList<>();

    private StoreMeter store;
    private final Exports exports = new Exports();
    private final List<EngineBlockDevice> devices = new ArrayList<>();
    private SnapshotChanges changes;

    private volatile IoRing ring;
    private volatile Possession possession;
    private volatile State state = State.OPENING;
    private volatile VolumeMetrics metrics;
    private volatile VolumeSessions sessions;
    private volatile String trouble;
    private volatile ServingDuties heartbeat;
    private volatile boolean isToEnd;
    private volatile boolean isToHurry;

    private ServedVolume(
            final VolumeOptions options,
            final VolumeListener listener,
            final SharedReadCache readCache,
            final Consumer<ServedVolume> onReleased) {
        this.options = options;
        this.listener = listener;
        this.readCache = readCache;
        this.onReleased = onReleased;
        counters = Stream.generate(RequestCounters::new)
                .limit(1 + options.readLanes())
                .toList();
        commands = new VolumeCommands(options.name(), () -> heartbeat, this::wakeUp, ended);
        thread = new Thread(this::run, "varve-" + options.name());
        thread.setDaemon(true);
    }

    /**
     * Begins to open a volume, which reads through a cache.
     *
     * @param onReleased called on the volume's thread when nothing of it is left, before {@link #ready()} or {@link
     *     #ended()} says so.
     */
    static ServedVolume start(
            final VolumeOptions options,
            final VolumeListener listener,
            final SharedReadCache readCache,
            final Consumer<ServedVolume> onReleased) {
        final ServedVolume served = new ServedVolume(options, listener, readCache, onReleased);
        served.thread.start();
        return served;
    }

    /** How it is served. */
    public VolumeOptions options() {
        return options;
    }

    /**
     * Completes when front-ends can connect; or exceptionally with why the volume could not be opened: a {@link
     * VolumeException} or {@link UserException}, or a {@link CancellationException} when it was asked to end before. By
     * then nothing of the volume is left.
     */
    public CompletableFuture<Void> ready() {
        return ready.copy();
    }

    /** Completes when nothing of the volume is left, however it ended. */
    public CompletableFuture<Void> ended() {
        return ended.copy();
    }

    /** Asks it to end. Idempotent. */
    public void end() {
        isToEnd = true;
        runtime.breakOff();
        final Possession current = possession;
        if (current != null) {
            current.breakOff();
        }
        wakeUp();
    }

    /** Asks it to end without waiting for the store. Idempotent. */
    public void hurry() {
        isToHurry = true;
        end();
    }

    /** What can be asked of it while it is served. */
    public VolumeCommands commands() {
        return commands;
    }

    private Volume volume() {
        final Possession current = possession;
        return current == null ? null : current.volume();
    }

    private void wakeUp() {
        final IoRing current = ring;
        if (current != null) {
            current.wakeUp();
        }
    }

    /** How it is. */
    public VolumeStatus status() {
        final Possession current = possession;
        final boolean isKnown = current != null && (current.volume() != null || current.standing() != null);
        final Volume opened = volume();
        return new VolumeStatus(
                options.name(),
                currentState(),
                exportStatus(),
                isKnown ? current.uuid() : null,
                isKnown ? current.sizeBytes() : 0,
                options.opening().isReadOnly(),
                sessionStatus(),
                trouble(current),
                current == null ? null : current.waitsFor(),
                opened == null ? 0 : opened.cachedBytes(),
                isKnown ? stats() : null);
    }

    private List<ExportStatus> exportStatus() {
        final List<ExportStatus> served = exports.status();
        return served.size() == options.exports().size()
                ? served
                : options.exports().stream()
                        .map(plan -> new ExportStatus(plan.protocol(), plan.address(), null))
                        .toList();
    }

    private List<SessionStatus> sessionStatus() {
        final VolumeSessions current = sessions;
        return current == null ? List.of() : current.status();
    }

    private FrontEndState frontEnd() {
        return FrontEndState.of(sessionStatus());
    }

    private State currentState() {
        if (state != State.SERVING || possession == null) {
            return state;
        }
        final State of = possession.state();
        return of == State.FOLLOWING && frontEnd() == FrontEndState.RUNNING ? State.TAKING : of;
    }

    private VolumeStats stats() {
        final VolumeStats last = possession.stats();
        return last == null ? VolumeStats.NONE : last;
    }

    /** Its figures in Prometheus' text format; empty while it has not been opened. */
    public String metrics() {
        final VolumeMetrics figures = metrics;
        return figures == null ? "" : figures.text();
    }

    private String trouble(final Possession current) {
        final ServingDuties beating = heartbeat;
        final Volume opened = current == null ? null : current.volume();
        final String failure = opened == null ? null : opened.stats().failure();
        if (trouble != null) {
            return trouble;
        }
        if (failure != null) {
            return "every request fails: " + failure;
        }
        if (state == State.SERVING && beating != null) {
            final long silentNs = System.nanoTime() - beating.lastCycleNs();
            if (silentNs >= HUNG_NS) {
                return "its reactor has not moved for " + TimeUnit.NANOSECONDS.toSeconds(silentNs) + " s";
            }
        }
        if (opened == null) {
            return current == null ? null : current.trouble();
        }
        final VolumeStats now = opened.stats();
        return now.storeTrouble() == null ? now.agentTrouble() : now.storeTrouble();
    }

    private void run() {
        Throwable failure = null;
        try {
            open();
            try {
                serve();
            } catch (final UserException e) {
                shutDown(System.nanoTime());
                throw e;
            }
            state = State.ENDING;
            shutDown(System.nanoTime());
            state = State.ENDED;
            listener.onEnded(this, stats());
        } catch (final CancellationException e) {
            state = State.ENDED;
            failure = e;
        } catch (final Throwable e) {
            fail(e);
            failure = e;
        } finally {
            release();
            onReleased.accept(this);
            if (failure != null) {
                // Only now: whoever is told may try again at once, and must find the sockets and the log free.
                ready.completeExceptionally(failure);
            }
            ended.complete(null);
        }
    }

    private void open() throws VolumeException {
        try {
            ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
        } catch (final ErrnoException e) {
            throw new UserException(ErrorKind.UNAVAILABLE, "cannot set up I/O: " + e.getMessage(), e);
        }
        possession = new Possession(
                options.name(),
                this::context,
                options.opening().isPatient(),
                ring::wakeUp,
                this::onVolume,
                reason -> listener.onWaiting(this, reason),
                this::onTrouble);
        while (store == null || possession.volume() == null && possession.standing() == null) {
            try {
                tryToOpen();
            } catch (final VolumeException | UserException e) {
                if (!options.opening().isPatient()) {
                    throw e;
                }
                onTrouble(e.getMessage());
                runtime.pause(RETRY_MS);
            }
        }
        runtime.opened();
        metrics = new VolumeMetrics(
                options.name(),
                possession::sizeBytes,
                this::stats,
                () -> volume() == null ? 0 : volume().cachedBytes(),
                () -> frontEnd() != FrontEndState.NONE,
                counters,
                store);
        trouble = null;
    }

    private void onTrouble(final String reason) {
        if (!reason.equals(trouble)) {
            if (state == State.OPENING) {
                trouble = reason;
            }
            listener.onRetry(this, reason);
        }
    }

    private void tryToOpen() throws VolumeException {
        if (store == null) {
            store = new StoreMeter(options.store().open());
        }
        if (options.opening().isReadOnly()) {
            possession.hold(Volume.open(
                    context(runtime).acceptDataLoss(options.opening().acceptsDataLoss())));
            return;
        }
        if (!options.opening().allowsUnfitStore()) {
            final VolumeCatalog catalog = new VolumeCatalog(store, runtime, VolumeContext.DEFAULT_STORE_TIMEOUT_MS);
            StoreFitness.require(catalog.checkStoreOf(options.name()), store.url());
        }
        try {
            possession.begin(options.opening());
            readCache.get();
        } catch (final CompletionException e) {
            switch (e.getCause()) {
                case VolumeException known -> throw known;
                case RuntimeException known -> throw known;
                default -> throw e;
            }
        }
    }

    private VolumeContext context(final OpeningRuntime its) {
        final boolean isSnapshot = SnapshotName.isSnapshot(options.name());
        return new VolumeContext()
                .store(store)
                .name(isSnapshot ? SnapshotName.parse(options.name()).volume() : options.name())
                .snapshot(isSnapshot ? SnapshotName.parse(options.name()).snapshot() : null)
                .cacheDirectory(options.cacheDirectory())
                .logSizeBytes(options.logSizeBytes())
                .readOnly(options.opening().isReadOnly())
                .readCache(readCache::get)
                .gcPolicy(options.gcPolicy())
                .runtime(its)
                .ring(ring);
    }

    /** The volume is there, or not any more: what the front-end has been told of the disk may have changed. */
    private void onVolume(final Volume volume) {
        devices.forEach(device -> device.volume(volume));
        if (volume != null) {
            exports.deviceReady();
        }
    }

    private void serve() {
        sessions = new VolumeSessions(options.name(), possession, options.opening(), exports::deviceLost);
        if (SnapshotName.isSnapshot(options.name())) {
            changes = new SnapshotChanges(store, SnapshotName.parse(options.name()), ring::wakeUp);
        }
        for (final ExportPlan plan : options.exports()) {
            exports.add(plan.open(exportContext(plan)));
        }
        final ServingDuties duties =
                new ServingDuties(options.name(), possession, exports, failure -> listener.onFailing(this, failure));
        heartbeat = duties;
        state = State.SERVING;
        listener.onReady(this);
        ready.complete(null);
        new Reactor(ring, duties, options.pollTime().toNanos()).runUntil(() -> isToEnd);
    }

    private ExportContext exportContext(final ExportPlan plan) {
        final EngineBlockDevice device = new EngineBlockDevice(
                possession,
                counters.getFirst(),
                options.opening().isShared(),
                earlier -> changes == null ? null : changes.since(earlier));
        device.volume(possession.volume());
        devices.add(device);
        return new ExportContext(
                options.name(),
                ring,
                device,
                sessions.of(plan.protocol(), device),
                possession,
                () -> lanes(device),
                options.holdLimit());
    }

    private List<Lane> lanes(final EngineBlockDevice device) {
        if (!lanes.isEmpty()) {
            return List.of();
        }
        for (int i = 1; i <= options.readLanes(); i++) {
            lanes.add(new LaneThread(
                    thread.getName() + "-lane-" + i,
                    ring,
                    device,
                    new EngineLane(device, counters.get(i)),
                    options.pollTime().toNanos()));
        }
        return lanes.stream().map(LaneThread::lane).toList();
    }

    /** Ships and seals, or in the end leaves that to the next start. */
    private void shutDown(final long startNs) {
        exports.close();
        final Volume volume = possession.end();
        if (volume == null) {
            endExports();
            return;
        }
        final long timeoutNs = options.shutdownTimeout().toNanos();
        boolean isTold = false;
        while (!volume.isShutDown()) {
            final long elapsedNs = System.nanoTime() - startNs;
            final boolean isTimeUp = isToHurry || elapsedNs >= timeoutNs;
            if (isTimeUp) {
                // What is not answered by then, the guest asks for again: it must not see that it failed.
                exports.abandon();
            }
            if (isTimeUp || exports.areClosed()) {
                volume.shutdown();
            }
            if (isTimeUp) {
                volume.abandonStore();
            } else if (!isTold && elapsedNs >= TELL_NS) {
                isTold = true;
                listener.onShipping(this, volume.stats().unsentBytes());
            }
            if (volume.doWork() + exports.doWork() + ring.turn(0) == 0) {
                ring.turn(Math.min(volume.maxIdleNs(), SHUTDOWN_TURN_NS));
            }
        }
    }

    /** Nothing is in flight without a volume; what waits in the rings the guest asks for again. */
    private void endExports() {
        exports.abandon();
        while (!exports.areClosed()) {
            exports.doWork();
            ring.turn(0);
        }
    }

    private void fail(final Throwable e) {
        state = State.FAILED;
        final boolean isForPeople = e instanceof VolumeException || e instanceof UserException;
        trouble = isForPeople ? e.getMessage() : "the reactor failed: " + e;
        LOGGER.log(System.Logger.Level.DEBUG, "the reactor failed", e);
        if (ready.isDone()) {
            listener.onDied(this, e.toString());
        }
    }

    /**
     * Gives everything back, in an order that holds after a failure too: lanes first, which use all the rest; then the front-end is let
     * go, so that it can go elsewhere; then nothing is in flight in the ring any more; then the log's lock goes with the volume.
     */
    private void release() {
        release("the lanes", lanes.toArray(AutoCloseable[]::new));
        release("the exports", exports::release);
        release("what looks for changes", changes);
        release("the sockets", options.exports().toArray(AutoCloseable[]::new));
        release("the volume", possession == null ? null : possession::end, ring, volume(), store);
    }

    private void release(final String what, final AutoCloseable... parts) {
        try {
            for (final AutoCloseable part : parts) {
                if (part != null) {
                    part.close();
                }
            }
        } catch (final Exception e) {
            LOGGER.log(System.Logger.Level.WARNING, "volume " + options.name() + ": cannot release " + what, e);
        }
    }
}
