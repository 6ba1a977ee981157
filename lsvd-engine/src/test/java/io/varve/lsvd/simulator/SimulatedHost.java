package io.varve.lsvd.simulator;

import io.varve.linux.IoVec;
import io.varve.linux.Memory;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCompletion;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeFollower;
import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.runtime.AgentGuard;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.UnexpectedErrors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.agrona.LangUtil;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;

/** A host: a disk, a way to the store, and at most one process that serves the volume to a client that stamps what it writes. */
final class SimulatedHost implements EngineRuntime {
    private static final int MAX_REQUESTS = 12;
    private static final int MAX_SECTORS = 160;
    private static final int LOG_SIZE = 4 * LogGeometry.MIN_WINDOW + 8192;
    private static final int MAX_AWAIT_STEPS = 5000;

    /** For how long an unexpected error may be shown to nobody, in simulated time. */
    private static final long PATIENCE_NS = 200_000_000L;

    /** While a process opens the volume, another one tries to in one of so many steps of its. */
    private static final int TWIN_ONE_IN = 1000;

    /** A step of an agent may look at the clock some times before it is surprised there. */
    private static final int MAX_LOOKS = 12;

    /** Shortest time after which an agent goes on that has met something unexpected. */
    private static final long SHORTEST_WAIT_NS = 100_000_000L;

    /** Where agents reach for the world, and something unexpected may be thrown. */
    private enum Place {
        STORE,
        CLOCK,
        DISK,
        CACHE
    }

    private static final Place[] PLACES = Place.values();
    private static final StackWalker STACK = StackWalker.getInstance();

    final SimulatedDisk disk;
    final SimulatedCacheFile cacheFile;
    private final Simulation world;
    private final Random random;
    private final CrashPoints crashes;
    private final DiskModel model;
    private final Arena arena;
    private final PlantedBug bug;
    private final boolean isClockSlow;
    private final SimulatedDisk.AnotherProcess another;
    private SimulatedHost twin;
    private boolean isOpening;
    private long asleepSinceNs = -1;
    private long asleepNs;
    private final List<GuardedAgent> agents = new ArrayList<>();
    private final ArrayDeque<Long> freeBuffers = new ArrayDeque<>();
    private final List<int[]> reading = new ArrayList<>();
    private SimulatedStore.Client client;
    private ReadCache cache;
    private Volume volume;
    private VolumeFollower follower;
    private boolean isOfficial;
    private int requests;
    private int life;
    private boolean isAlone;
    private boolean isPaused;
    private boolean isSuperseded;
    private boolean mustBeSilent;
    private boolean mayBeRemoved;

    /** Since when something unexpected has been thrown that nobody was told of, or a negative number. */
    private long untoldSinceNs = -1;

    /** Where something is thrown next, or null. */
    private Place surprisingPlace;

    private Throwable surprise;
    private int looksUntilSurprise;

    private boolean hasBeenSurprised;

    SimulatedHost(
            final Simulation world,
            final SimulatedDisk disk,
            final SimulatedCacheFile cacheFile,
            final DiskModel model,
            final CrashPoints crashes,
            final Random random,
            final Arena arena,
            final PlantedBug bug,
            final boolean isClockSlow) {
        this(world, disk, null, cacheFile, model, crashes, random, arena, bug, isClockSlow);
    }

    private SimulatedHost(
            final Simulation world,
            final SimulatedDisk disk,
            final SimulatedDisk.AnotherProcess another,
            final SimulatedCacheFile cacheFile,
            final DiskModel model,
            final CrashPoints crashes,
            final Random random,
            final Arena arena,
            final PlantedBug bug,
            final boolean isClockSlow) {
        this.world = world;
        this.disk = disk;
        this.cacheFile = cacheFile;
        this.model = model;
        this.crashes = crashes;
        this.random = random;
        this.arena = arena;
        this.another = another;
        this.bug = bug;
        this.isClockSlow = isClockSlow;
        cacheFile.onReach(() -> reach(Place.CACHE));
    }

    /**
     * Another process on this host, with a cache of its own, tries to open the volume too.
     *
     * @return whether it has it open: then it stays there until this one ends, or begins anew.
     */
    boolean startAnother() {
        endAnother();
        twin = new SimulatedHost(
                world,
                disk,
                disk.anotherProcess(),
                new SimulatedCacheFile(random, crashes, bug),
                model,
                crashes,
                random,
                arena,
                bug,
                isClockSlow);
        try {
            twin.open(false);
            return true;
        } catch (final SimulatedCrash | VolumeException e) {
            endAnother();
            return false;
        }
    }

    private void endAnother() {
        if (twin != null) {
            twin.kill();
            twin = null;
        }
    }

    /** The host sleeps, as a laptop does: until it is woken its process is stopped, and one of its clocks. */
    void suspend() {
        isPaused = true;
        asleepSinceNs = world.nanoTime();
    }

    private void wake() {
        if (asleepSinceNs >= 0) {
            asleepNs += world.nanoTime() - asleepSinceNs;
            asleepSinceNs = -1;
        }
    }

    boolean isServing() {
        return volume != null;
    }

    Volume volume() {
        return volume;
    }

    int requests() {
        return requests;
    }

    /** Whether what this host acknowledges counts. */
    void official(final boolean value) {
        isOfficial = value;
    }

    /** Somebody removes the volume from now on, so that reads fail. */
    void mayBeRemoved() {
        mayBeRemoved = true;
    }

    /** Whether the process is stopped for now, as by SIGSTOP. */
    void pause(final boolean value) {
        isPaused = value;
    }

    /** Whether it is still stopped: it is likely to go on soon once another host serves the volume, and less so before. */
    boolean isPaused() {
        isPaused &= random.nextInt(isSuperseded ? 100 : 5000) > 0;
        if (!isPaused) {
            wake();
        }
        return isPaused;
    }

    /** Another host serves the volume now: if a fence timeout is set, this one must not answer anything any more. */
    void supersede() {
        isSuperseded = true;
        mustBeSilent = isServing() && volume.settings().fenceTimeoutMs() > 0;
    }

    /** Reads a snapshot, or another volume, whole; this host must serve nothing. */
    long[] readOnly(final String name, final String snapshot) throws VolumeException {
        client = world.store().client();
        life++;
        volume = Volume.open(new VolumeContext()
                .store(client)
                .name(name)
                .snapshot(snapshot)
                .readOnly(true)
                .runtime(this)
                .logs(disk, () -> {}));
        final long[] stamps = readAll();
        kill();
        return stamps;
    }

    /** The volume that is served in this world. */
    String volumeName() {
        return world.name();
    }

    /** Puts the volume, which nobody serves, back to a snapshot; a crash on the way leaves the host dead, and is told by the exception. */
    void rollBack(final String snapshot) throws VolumeException {
        begin();
        final VolumeContext context = context(false);
        volume = Volume.open(bug == PlantedBug.MISSED_ROLLBACK ? context : context.rollBackTo(snapshot));
        volume.shutdown();
        world.runUntil(this, volume::isShutDown, "a shutdown behind the way back");
        if (volume.failure() != null) {
            throw new VolumeException(VolumeException.Kind.UNAVAILABLE, volume.failure());
        }
        end();
    }

    /** Begins to follow the volume; a crash on the way leaves the host dead, and is told by the exception. */
    void follow() throws VolumeException {
        begin();
        follower = VolumeFollower.begin(context(false));
        if (random.nextBoolean()) {
            follower.prepare();
        }
        while (random.nextInt(4) == 0 && follower.zeroMore()) {
            // There may be more.
        }
    }

    /** Looks once at what has come; whether the volume can be taken. */
    boolean look() throws VolumeException {
        final Throwable planned = world.isSurprisingFollowers() ? plan() : null;
        try {
            if (random.nextBoolean()) {
                follower.look();
            } else {
                follower.lookForSeal();
            }
        } catch (final IllegalStateException | OutOfMemoryError e) {
            if (e != planned) {
                throw e;
            }
            // Whoever follows gives up then, and begins anew.
            follower.close();
            follower = VolumeFollower.begin(context(false));
        } finally {
            isThrown();
        }
        return follower.standing().isFree();
    }

    /** Takes the volume that it follows. */
    void take() throws VolumeException {
        follower.take();
        volume = follower.open();
        follower = null;
    }

    /** The client makes no requests any more. */
    void stopRequests() {
        isAlone = true;
    }

    /** Opens the volume; a crash on the way leaves the host dead, and is told by the exception. */
    void open(final boolean isTakeOver) throws VolumeException {
        begin();
        isOpening = true;
        try {
            volume = Volume.open(context(isTakeOver));
        } finally {
            isOpening = false;
        }
    }

    private void begin() {
        endAnother();
        client = world.store().client().writer();
        disk.onReach(() -> reach(Place.DISK));
        freeBuffers.clear();
        for (int i = 0; i <= MAX_REQUESTS; i++) {
            freeBuffers.add(
                    arena.allocate((long) MAX_SECTORS * DiskModel.SECTOR, 4096).address());
        }
        requests = 0;
        isAlone = false;
        isPaused = false;
        wake();
        isSuperseded = false;
        mustBeSilent = false;
        untoldSinceNs = -1;
        hasBeenSurprised = false;
        reading.clear();
        life++;
        cache = openCache();
    }

    private VolumeContext context(final boolean isTakeOver) {
        return new VolumeContext()
                .store(client)
                .name(world.name())
                .logSizeBytes(LOG_SIZE)
                .destageDelayNs((1L + random.nextInt(100)) * 1_000_000)
                .checkpointInterval(1 + random.nextInt(12))
                .storeTimeoutMs(60_000)
                .gcPolicy(new GcPolicy(1.05 + random.nextInt(4), 0.05 + 0.9 * random.nextDouble(), 0))
                .takeOver(isTakeOver)
                .acceptDataLoss(bug == PlantedBug.ACCEPTED_LOSS)
                .runtime(this)
                .readCache(() -> cache)
                .logs(another == null ? disk : another, () -> {});
    }

    private ReadCache openCache() {
        try {
            return ReadCache.open(cacheFile, SimulatedCacheFile.SIZE, this);
        } catch (final IOException e) {
            return null;
        }
    }

    /** The process ends at once. */
    void kill() {
        isOfficial = false;
        life++;
        forgetFollower();
        endAnother();
        client.kill();
        if (another == null) {
            disk.kill();
        } else {
            another.kill();
        }
        cacheFile.kill();
        if (volume != null) {
            volume.closeQuietly();
            volume = null;
        }
        if (cache != null) {
            cache.closeQuietly();
            cache = null;
        }
        agents.clear();
    }

    private void forgetFollower() {
        if (follower != null) {
            try {
                follower.close();
            } catch (final SimulatedCrash e) {
                // Dead already.
            }
            follower = null;
        }
    }

    /** The host loses power. */
    void losePower() {
        disk.losePower();
        cacheFile.losePower();
    }

    /** The host's disk is lost. */
    void loseDisk() {
        disk.lose();
        cacheFile.lose();
    }

    /** The process has shut the volume down, and says its last word to the cache. */
    void end() {
        volume.closeQuietly();
        volume = null;
        if (cache != null) {
            cache.close();
            cache = null;
        }
        kill();
    }

    /** What is on the host's disk now, to be put back later; null when there is no log. */
    byte[][] copyDisk() {
        final byte[] log = disk.copy();
        return log == null ? null : new byte[][] {log, cacheFile.copy()};
    }

    /** Puts an old copy back, as the restoration of a host does. */
    void restoreDisk(final byte[][] copy) {
        disk.restore(copy[0]);
        cacheFile.restore(copy[1]);
    }

    /** One step of this host, at random. */
    void step(final boolean withRequests) {
        switch (random.nextInt(8)) {
            case 0, 1 -> {
                if (withRequests) {
                    request();
                }
            }
            case 2 -> disk.step();
            case 3 -> {
                disk.step();
                cacheFile.step();
            }
            case 4 -> {
                if (!agents.isEmpty()) {
                    work(agents.get(random.nextInt(agents.size())), withRequests && world.isSurprising());
                }
            }
            default -> {
                volume.doWork();
                if (untoldSinceNs >= 0) {
                    expectToBeTold();
                }
            }
        }
        if (isOfficial && volume.isStored() && volume.failure() == null) {
            model.keptThrough(model.acknowledgedCount());
        }
    }

    /** Reads the whole disk, step by step; null when the disk under the log fails meanwhile. */
    long[] readAll() {
        return readAll(false);
    }

    /**
     * As {@link #readAll()}.
     *
     * @param mayFail whether null is given too when what was read is not to be had.
     */
    long[] readAll(final boolean mayFail) {
        // A snapshot may be of a time when the disk was smaller, and a change of the size may be under way.
        final long[] stamps = new long[(int) Math.min(model.sectors(), volume.sizeBytes() / DiskModel.SECTOR)];
        for (int sector = 0; sector < stamps.length; sector += MAX_SECTORS) {
            final int first = sector;
            final int count = Math.min(MAX_SECTORS, stamps.length - sector);
            final long buffer = freeBuffers.poll();
            final int[] status = {-1};
            volume.read(
                    (long) first * DiskModel.SECTOR, vector(buffer, count), (token, result) -> status[0] = result, 0);
            world.runUntil(this, () -> status[0] >= 0, "a read of the whole disk");
            if (status[0] != VolumeCompletion.OK) {
                if (mayFail
                        || disk.hasFailed()
                        || disk.hasMisread()
                        || volume.failure() != null && world.mayBeFenced()) {
                    return null;
                }
                throw new SimulationFailure("a read of the whole disk failed: " + volume.failure());
            }
            for (int i = 0; i < count; i++) {
                stamps[first + i] = stampOf(buffer, i);
            }
            freeBuffers.add(buffer);
        }
        return stamps;
    }

    private void request() {
        if (requests >= MAX_REQUESTS || isAlone) {
            return;
        }
        if (random.nextInt(10) == 0) {
            flush();
            return;
        }
        if (requests == 0 && isOfficial && random.nextInt(20) == 0) {
            snapshot();
            return;
        }
        if (random.nextInt(40) == 0) {
            writeCache(random.nextBoolean());
            return;
        }
        final int unit = random.nextInt(4) == 0 ? 1 : DiskModel.BLOCK_SECTORS;
        final int longest = random.nextInt(6) == 0 ? MAX_SECTORS : 24;
        final int count = unit * (1 + random.nextInt(longest / unit));
        final int sector = unit * random.nextInt((model.sectors() - count) / unit + 1);
        if (!world.hasOverlaps() && (model.isBusy(sector, count) && isOfficial || isBeingRead(sector, count))) {
            return;
        }
        switch (random.nextInt(8)) {
            case 0, 1 -> read(sector, count);
            case 2 -> trim(sector, count);
            default -> write(sector, count);
        }
    }

    private void flush() {
        final int covered = model.acknowledgedCount();
        final int thisLife = life;
        requests++;
        volume.flush(
                (token, status) -> {
                    requests--;
                    answered(status);
                    if (status == VolumeCompletion.OK && isOfficial && thisLife == life) {
                        model.flushedThrough(covered);
                    }
                },
                0);
    }

    /** Nothing else is under way, so it is known what the snapshot has to hold. */
    private void snapshot() {
        final int thisLife = life;
        final String name = world.snapshots().begin(model.now());
        requests++;
        volume.snapshot(
                name,
                currentTimeMillis(),
                (token, status) -> {
                    requests--;
                    answered(status);
                    if (status == VolumeCompletion.OK && isOfficial && thisLife == life) {
                        world.snapshots().acknowledge(name);
                    }
                },
                0);
    }

    private void writeCache(final boolean isOn) {
        final int thisLife = life;
        requests++;
        if (isOfficial) {
            model.beginWriteCache(isOn);
        }
        final boolean counts = isOfficial;
        volume.writeCache(
                isOn,
                (token, status) -> {
                    requests--;
                    answered(status);
                    if (status == VolumeCompletion.OK && counts && isOfficial && thisLife == life) {
                        model.acknowledgeWriteCache();
                    }
                },
                0);
    }

    private void write(final int sector, final int count) {
        final long buffer = freeBuffers.poll();
        final DiskModel.Write write = isOfficial ? model.begin(sector, count, false) : null;
        stamp(buffer, count, write == null ? Long.MAX_VALUE : write.stamp());
        requests++;
        final boolean isDurable = isDurable();
        volume.write(
                (long) sector * DiskModel.SECTOR,
                vector(buffer, count),
                isDurable,
                (token, status) -> {
                    requests--;
                    freeBuffers.add(buffer);
                    acknowledged(write, status, isDurable);
                },
                0);
    }

    private void trim(final int sector, final int count) {
        final DiskModel.Write write = isOfficial ? model.begin(sector, count, true) : null;
        requests++;
        final boolean isDurable = isDurable();
        volume.discard(
                (long) sector * DiskModel.SECTOR,
                (long) count * DiskModel.SECTOR,
                isDurable,
                (token, status) -> {
                    requests--;
                    acknowledged(write, status, isDurable);
                },
                0);
    }

    /**
     * Whether a request asks to be durable before it is acknowledged. Such a one is acknowledged after others that stand behind
     * it in the log, and the model takes the order of acknowledgement for that of the log: so it goes alone.
     */
    private boolean isDurable() {
        isAlone = requests == 1 && random.nextInt(3) == 0;
        return isAlone;
    }

    private void acknowledged(final DiskModel.Write write, final int status, final boolean isDurable) {
        answered(status);
        isAlone &= !isDurable;
        if (status == VolumeCompletion.OK && write != null && isOfficial) {
            model.acknowledge(write, world.nanoTime());
            if (isDurable) {
                model.flushedThrough(model.acknowledgedCount());
            }
        }
    }

    private void answered(final int status) {
        if (mustBeSilent && status == VolumeCompletion.OK) {
            throw new SimulationFailure("a host answered after another one began to serve");
        }
    }

    private void read(final int sector, final int count) {
        final long buffer = freeBuffers.poll();
        final DiskModel.Read read = isOfficial ? model.beginRead(sector, count) : null;
        final int[] range = {sector, count};
        reading.add(range);
        requests++;
        volume.read(
                (long) sector * DiskModel.SECTOR,
                vector(buffer, count),
                (token, status) -> {
                    requests--;
                    reading.remove(range);
                    answered(status);
                    model.endRead(read);
                    if (status == VolumeCompletion.OK && read != null && isOfficial) {
                        for (int i = 0; i < count; i++) {
                            read.judge(sector + i, stampOf(buffer, i));
                        }
                    } else if (status != VolumeCompletion.OK
                            && volume.failure() == null
                            && !disk.hasLost()
                            && !disk.hasMisread()
                            && !isSuperseded
                            && !hasBeenSurprised
                            && !mayBeRemoved) {
                        throw new SimulationFailure("a read failed on a volume that is well");
                    }
                    freeBuffers.add(buffer);
                },
                0);
    }

    private boolean isBeingRead(final int sector, final int count) {
        for (final int[] range : reading) {
            if (sector < range[0] + range[1] && range[0] < sector + count) {
                return true;
            }
        }
        return false;
    }

    private static void stamp(final long buffer, final int count, final long value) {
        for (long at = buffer; at < buffer + (long) count * DiskModel.SECTOR; at += Long.BYTES) {
            Memory.putLong(at, value);
        }
    }

    private static long stampOf(final long buffer, final int index) {
        final long first = buffer + (long) index * DiskModel.SECTOR;
        final long stamp = Memory.getLong(first);
        for (long at = first; at < first + DiskModel.SECTOR; at += Long.BYTES) {
            if (Memory.getLong(at) != stamp) {
                throw new SimulationFailure("a torn sector");
            }
        }
        return stamp;
    }

    private static IoVec vector(final long buffer, final int sectors) {
        final IoVec vector = new IoVec();
        vector.add(buffer, sectors * DiskModel.SECTOR);
        return vector;
    }

    private void work(final GuardedAgent agent, final boolean isSurprising) {
        final Throwable planned = isSurprising ? plan() : null;
        try {
            agent.work(planned);
        } catch (final AgentTerminationException e) {
            agents.remove(agent);
        }
        if (isThrown()) {
            hasBeenSurprised = true;
            untoldSinceNs = untoldSinceNs < 0 ? ownNanoTime() : untoldSinceNs;
            if (bug == PlantedBug.DYING_AGENT) {
                agents.remove(agent);
            }
        }
    }

    /** Something is thrown at one of the next times that the world is reached for, by whoever does that. */
    private Throwable plan() {
        surprise = random.nextBoolean() ? new OutOfMemoryError("simulated") : new IllegalStateException("simulated");
        surprisingPlace = PLACES[random.nextInt(PLACES.length)];
        looksUntilSurprise = surprisingPlace == Place.CLOCK ? random.nextInt(MAX_LOOKS) : 0;
        client.surprise(surprisingPlace == Place.STORE ? surprise : null);
        return surprise;
    }

    /** Whether what was planned has been thrown; if not, it never is. */
    private boolean isThrown() {
        final boolean isThrown =
                surprise != null && (surprisingPlace == Place.STORE ? client.surprise(null) : surprisingPlace == null);
        surprise = null;
        surprisingPlace = null;
        return isThrown;
    }

    /** Whoever reaches for something in the step of an agent may be surprised, as by the end of memory anywhere; not who handles errors. */
    private void reach(final Place place) {
        if (surprisingPlace == place
                && looksUntilSurprise-- == 0
                && STACK.walk(frames ->
                        frames.noneMatch(frame -> frame.getClassName().equals(UnexpectedErrors.class.getName())))) {
            surprisingPlace = null;
            LangUtil.rethrowUnchecked(surprise);
        }
    }

    private long ownNanoTime() {
        return world.nanoTime() - asleepNs;
    }

    private void expectToBeTold() {
        if (volume.failure() != null
                || volume.stats().agentTrouble() != null
                || cache != null && cache.stats().trouble() != null) {
            untoldSinceNs = -1;
        } else if (ownNanoTime() - untoldSinceNs > PATIENCE_NS) {
            throw new SimulationFailure("nobody was told of an unexpected error");
        }
    }

    /** An agent and its guard, who goes on after errors that are meant to surprise it, and only after those. */
    private static final class GuardedAgent implements Agent {
        private final Agent agent;
        private final AgentGuard guard;
        private Throwable surprise;
        private RuntimeException escaped;
        private final LongSupplier clockNs;
        private final PlantedBug bug;
        private boolean hasThrown;
        private long thrownNs;

        GuardedAgent(final Agent agent, final LongSupplier clockNs, final PlantedBug bug) {
            this.agent = agent;
            this.clockNs = clockNs;
            this.bug = bug;
            guard = new AgentGuard(this, clockNs);
        }

        void work(final Throwable newSurprise) {
            surprise = newSurprise;
            if (bug == PlantedBug.RESTLESS_AGENT) {
                try {
                    doWork();
                } catch (final Exception | OutOfMemoryError e) {
                    // As a bare thread does: it is tried again at once.
                    hasThrown = true;
                }
            } else {
                guard.doWork();
            }
            if (escaped != null) {
                final RuntimeException thrown = escaped;
                escaped = null;
                throw thrown;
            }
        }

        @Override
        public int doWork() throws Exception {
            if (hasThrown && clockNs.getAsLong() - thrownNs < SHORTEST_WAIT_NS) {
                escaped = new SimulationFailure("agent " + roleName() + " does not wait after an error");
                return 0;
            }
            try {
                return agent.doWork();
            } catch (final AgentTerminationException | SimulatedCrash | SimulationFailure e) {
                escaped = e;
            } catch (final Exception | OutOfMemoryError e) {
                if (e == surprise) {
                    hasThrown = true;
                    thrownNs = clockNs.getAsLong();
                    throw e;
                }
                escaped = new SimulationFailure("agent " + roleName() + " failed: " + e);
            }
            return 0;
        }

        @Override
        public String roleName() {
            return agent.roleName();
        }
    }

    @Override
    public long nanoTime() {
        reach(Place.CLOCK);
        return ownNanoTime();
    }

    @Override
    public long bootTimeNs() {
        reach(Place.CLOCK);
        if (bug == PlantedBug.SLEEPING_CLOCK) {
            return ownNanoTime();
        }
        return isClockSlow ? world.nanoTime() / 10 : world.nanoTime();
    }

    @Override
    public long currentTimeMillis() {
        return world.nanoTime() / 1_000_000;
    }

    @Override
    public UUID randomUuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    @Override
    public Handle startInBackground(final Agent agent) {
        return start(agent);
    }

    @Override
    public Handle start(final Agent agent) {
        final GuardedAgent guarded = new GuardedAgent(agent, this::ownNanoTime, bug);
        agents.add(guarded);
        return new Handle() {
            @Override
            public void wake() {
                // The scheduler comes by anyway.
            }

            @Override
            public void close() {
                agents.remove(guarded);
                agent.onClose();
            }

            @Override
            public String trouble() {
                return bug == PlantedBug.SILENT_AGENT ? null : guarded.guard.trouble();
            }
        };
    }

    @Override
    public boolean await(final CompletableFuture<?> future, final long timeoutMs) {
        for (int i = 0; i < MAX_AWAIT_STEPS && !future.isDone(); i++) {
            crashes.maybe();
            world.stepOthers(this);
            if (another == null && isOpening && random.nextInt(TWIN_ONE_IN) == 0) {
                startAnother();
            }
        }
        return future.isDone();
    }
}
