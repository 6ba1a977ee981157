package io.varve.lsvd.simulator;

import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeKeyring;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/**
 * One run of the engine from one seed: a volume, two hosts that share a store, and a client; crashes, power cuts, lost disks,
 * restored hosts and takeovers between phases of work. Throws {@link SimulationFailure} when a promise is broken.
 */
final class Simulation implements AutoCloseable {
    private static final String FIRST_NAME = "disk";

    private static final int[] OLD_EPOCHS = {4, 31, 32, 53, 62};
    private static final int[] OLD_SEQUENCES = {6, 31, 32, 39};
    private static final int MAX_STEPS = 200_000;
    private static final int PATIENT_OPENS = 12;
    private static final int MAX_OPENS = 60;

    private final Random random;
    private final PlantedBug bug;
    private final Arena arena = Arena.ofConfined();
    private final CrashPoints crashes;
    private final SimulatedStore store;
    private final SimulatedHost[] hosts = new SimulatedHost[2];
    private final DiskModel model;
    private final SnapshotModel snapshots;
    private SimulatedHost active;
    private long nowNs = 1;
    private byte[][] oldCopy;
    private SimulatedHost oldCopyOf;
    private int troubleOneIn;
    private boolean isOver;
    private final boolean hasOverlaps;
    private final Operator operator;
    private final boolean hasSurprises;

    /** What the disk may hold when it is opened next, if a way back that was broken off has come about. */
    private long[] mayHold;

    private boolean isPowerLost;
    private String name = FIRST_NAME;

    /** The volumes that the one which is served is a clone of, the oldest first. */
    private final List<String> ancestors = new ArrayList<>();

    Simulation(final long seed, final PlantedBug bug) {
        random = new Random(seed);
        this.bug = bug;
        crashes = new CrashPoints(random);
        store = new SimulatedStore(random, bug);
        final int sectors = DiskModel.BLOCK_SECTORS * (32 + random.nextInt(200));
        operator = new Operator(this, random);
        hasOverlaps = random.nextBoolean();
        hasSurprises = random.nextInt(3) == 0;
        model = new DiskModel(sectors);
        snapshots = new SnapshotModel(random);
        for (int i = 0; i < hosts.length; i++) {
            final boolean isClockSlow = bug == PlantedBug.SLOW_CLOCK && i == 0;
            hosts[i] = new SimulatedHost(
                    this,
                    new SimulatedDisk(random, crashes, bug),
                    new SimulatedCacheFile(random, crashes, bug),
                    model,
                    crashes,
                    random,
                    arena,
                    bug,
                    isClockSlow);
        }
    }

    /** Runs the seed. */
    void run() {
        create();
        active = hosts[0];
        reopen(active, false, 0, "after the creation");
        final int phases = 1 + random.nextInt(5);
        for (int phase = 0; phase < phases && !isOver; phase++) {
            work();
            interrupt(phase);
        }
        if (!isOver) {
            finish();
        }
        if (!store.hasForeign()) {
            throw new SimulationFailure("a key of another program has been removed");
        }
    }

    /** The volume that is served. */
    String name() {
        return name;
    }

    /** Whether the operator's request to shut a writer out may still come, or have come late. */
    boolean mayBeFenced() {
        return operator.hasFenced();
    }

    /** Whether something unexpected is thrown now, at the next request to the store. */
    boolean isSurprising() {
        return hasSurprises && random.nextInt(150) == 0;
    }

    /** As {@link #isSurprising}, for whoever follows a volume, which is done less often. */
    boolean isSurprisingFollowers() {
        return hasSurprises && random.nextInt(10) == 0;
    }

    SnapshotModel snapshots() {
        return snapshots;
    }

    SimulatedStore store() {
        return store;
    }

    /** Whether the client sends requests for sectors that others in flight are for, too. */
    boolean hasOverlaps() {
        return hasOverlaps;
    }

    long nanoTime() {
        return nowNs;
    }

    /** One step of everything but one host. */
    void stepOthers(final SimulatedHost but) {
        passTime();
        store.step();
        for (final SimulatedHost host : hosts) {
            if (host != but && host.isServing() && !host.isPaused()) {
                host.step(true);
            }
        }
    }

    void runUntil(final SimulatedHost host, final BooleanSupplier condition, final String what) {
        for (int i = 0; !condition.getAsBoolean(); i++) {
            if (i == MAX_STEPS) {
                throw new SimulationFailure(what + " does not end: " + host.requests() + " requests wait, "
                        + host.volume().stats());
            }
            host.step(false);
            stepOthers(host);
        }
    }

    @Override
    public void close() {
        for (final SimulatedHost host : hosts) {
            if (host.isServing()) {
                host.kill();
            }
        }
        store.close();
        arena.close();
    }

    private void create() {
        final SimulatedStore.Client client = store.client();
        final VolumeSettings settings = operator.settings((long) model.sectors() * DiskModel.SECTOR);
        model.promise(settings);
        try {
            store.volume(new VolumeCatalog(client, hosts[0], 60_000)
                    .create(name, settings)
                    .uuid());
        } catch (final VolumeException e) {
            throw new SimulationFailure("the volume could not be made: " + e.getMessage());
        }
        if (random.nextInt(3) == 0 && store.key() == null) {
            age();
        }
    }

    /** Epochs and sequences go on just before a number where some width of them would end. */
    private void age() {
        final long epoch = (1L << OLD_EPOCHS[random.nextInt(OLD_EPOCHS.length)]) - 1 - random.nextInt(4);
        final long sequence = (1L << OLD_SEQUENCES[random.nextInt(OLD_SEQUENCES.length)]) - 2 - random.nextInt(60);
        try {
            store.age(epoch, sequence);
        } catch (final FormatException e) {
            throw new SimulationFailure("the volume could not be aged: " + e.getMessage());
        }
    }

    private void passTime() {
        nowNs += random.nextInt(100) == 0 ? 60_000_000 : random.nextInt(400_000);
    }

    private void work() {
        troubleOneIn = random.nextInt(3) == 0 ? 3 + random.nextInt(20) : 0;
        store.trouble(troubleOneIn);
        final int steps = 50 + random.nextInt(random.nextInt(4) == 0 ? 6000 : 1500);
        final int awayFrom = random.nextInt(4) == 0 ? random.nextInt(steps) : steps;
        final int awayUntil = awayFrom + random.nextInt(1000);
        final boolean isReadable = random.nextInt(3) == 0;
        final int actsAt = random.nextInt(3) == 0 ? random.nextInt(steps) : steps;
        final int preparesFrom = random.nextInt(4) == 0 ? random.nextInt(steps) : steps;
        final int preparesUntil = preparesFrom + random.nextInt(500);
        for (int i = 0; i < steps; i++) {
            if (i == preparesFrom || i == preparesUntil) {
                // Nobody seems to want the volume any more; and then somebody does again, or it is ended.
                active.volume().prepareShutdown(i == preparesFrom && preparesFrom < preparesUntil);
            }
            store.away(!isReadable && i >= awayFrom && i < awayUntil);
            store.unwritable(isReadable && i >= awayFrom && i < awayUntil);
            active.step(true);
            stepOthers(active);
            if (i == actsAt) {
                operator.act(active, model);
            }
            if (random.nextInt(3000) == 0) {
                oldCopy = active.copyDisk();
                oldCopyOf = active;
            }
            if (random.nextInt(1000) == 0) {
                store.copy();
            }
            if (random.nextInt(1500) == 0) {
                store.strew();
            }
            if (active.volume().failure() != null) {
                break;
            }
            if (store.isUnsynced() && random.nextInt(200) == 0) {
                isPowerLost = true;
                break;
            }
            if (random.nextInt(4000) == 0 && active.startAnother()) {
                throw new SimulationFailure("two processes of one host have the volume open");
            }
        }
        store.away(false);
        store.unwritable(false);
    }

    private void interrupt(final int phase) {
        if (random.nextInt(3) == 0) {
            snapshots.thin(active, store);
        }
        final String when = "phase " + phase;
        if (active.disk.hasLost()) {
            snapshots.mayHaveLost();
        }
        if (!ancestors.isEmpty()
                && (bug == PlantedBug.EARLY_CUT
                        || active.volume().stats().space().isFlat())) {
            operator.cutTies(ancestors);
        }
        if (isPowerLost) {
            isPowerLost = false;
            losePowerEverywhere(when);
            return;
        }
        final int acknowledged = leastAfterKill();
        switch (random.nextInt(15)) {
            case 0, 1 -> {
                active.kill();
                reopen(active, false, acknowledged, when + ", after a kill");
            }
            case 6, 7 -> migrate(when);
            case 2 -> {
                active.kill();
                active.losePower();
                reopen(active, false, model.flushedCount(), when + ", after a power cut");
            }
            case 3 -> closeAndReopen(when);
            case 4 -> takeOver(when);
            case 5 -> {
                active.kill();
                active.loseDisk();
                snapshots.mayHaveLost();
                reopen(random.nextBoolean() ? active : other(), true, model.keptCount(), when + ", after a lost disk");
            }
            case 8, 9 -> loseObjects(when);
            case 10 -> rollBack(when);
            case 11 -> losePowerEverywhere(when);
            case 12 -> killWhileItEnds(when);
            case 13 -> goOnAsClone(when);
            default -> restoreOldCopy(when);
        }
    }

    /** The process is killed on its way to a good end: its seal may be there or not, or come. */
    private void killWhileItEnds(final String when) {
        final SimulatedHost host = active;
        runUntil(host, () -> host.requests() == 0 || host.volume().failure() != null, "draining before a kill");
        host.volume().shutdown();
        for (int i = random.nextInt(300); i > 0; i--) {
            host.step(false);
            stepOthers(host);
        }
        final int acknowledged = leastAfterKill();
        host.kill();
        reopen(host, false, acknowledged, when + ", after a kill while it ended");
    }

    /** The store is a directory on a machine that loses power as the hosts do. */
    private void losePowerEverywhere(final String when) {
        losePowerEverywhere();
        reopen(active, false, model.flushedCount(), when + ", after a power cut of everything");
    }

    private void losePowerEverywhere() {
        for (final SimulatedHost host : hosts) {
            if (host.isServing()) {
                host.kill();
            }
            host.losePower();
        }
        store.losePower();
    }

    /** The volume is ended well and put back to a snapshot, or that is broken off on the way. */
    private void rollBack(final String when) {
        final SimulatedHost host = active;
        final String snapshot = endForSnapshot(when);
        if (snapshot == null) {
            return;
        }
        final long[] then = snapshots.contents(snapshot);
        final int acknowledged = model.acknowledgedCount();
        if (attempt(host, () -> host.rollBack(snapshot))) {
            model.goBack(then);
        } else {
            mayHold = then;
        }
        reopen(
                host,
                false,
                mayHold == null ? model.acknowledgedCount() : acknowledged,
                when + (mayHold == null ? ", after the way back" : ", after a way back that was broken off"));
    }

    /** From now on a clone is served, which shares what it holds with the volume that was. */
    private void goOnAsClone(final String when) {
        final SimulatedHost host = active;
        final String snapshot = endForSnapshot(when);
        if (snapshot == null) {
            return;
        }
        final String clone = name + "c";
        final VolumeSettings settings;
        final long[] then;
        operator.forget();
        try {
            final VolumeCatalog catalog = new VolumeCatalog(store.client(), operator, 60_000);
            final Snapshot from = catalog.snapshot(name, snapshot);
            // The disk may have been growing.
            settings = operator.settings(from.record().sizeBytes());
            then = Arrays.copyOf(
                    snapshots.contents(snapshot), (int) (from.record().sizeBytes() / DiskModel.SECTOR));
            store.volume(catalog.createClone(clone, settings, from).uuid());
        } catch (final VolumeException e) {
            throw new SimulationFailure("a clone could not be made: " + e.getMessage());
        }
        for (final SimulatedHost each : hosts) {
            if (each.isServing()) {
                each.kill();
            }
            each.loseDisk();
        }
        ancestors.add(name);
        name = clone;
        oldCopy = null;
        snapshots.forget();
        model.goBack(then);
        model.promise(settings);
        model.judgeWriteCache(settings.writeCache(), true, when);
        reopen(host, false, model.acknowledgedCount(), when + ", as a clone");
    }

    /** Ends the volume well, and picks a snapshot; or opens it again, and gives null, when there is none. */
    private String endForSnapshot(final String when) {
        final SimulatedHost host = active;
        final boolean isWell = shutDown(host);
        final int acknowledged = isWell ? model.acknowledgedCount() : leastAfterKill();
        host.end();
        final String snapshot = isWell ? snapshots.pick(model.sectors()) : null;
        if (snapshot == null) {
            reopen(host, false, acknowledged, when + ", after an end");
        }
        return snapshot;
    }

    private int leastAfterKill() {
        return active.disk.hasLost() ? model.flushedCount() : model.acknowledgedCount();
    }

    /** Gives whether all went well: if not, something may have been on its way. */
    private boolean closeAndReopen(final String when) {
        final SimulatedHost host = active;
        final boolean isWell = shutDown(host);
        final int acknowledged = isWell ? model.acknowledgedCount() : leastAfterKill();
        host.end();
        reopen(
                isWell && random.nextBoolean() ? other() : host,
                false,
                acknowledged,
                when + (isWell ? ", after a close" : ", after a failure"));
        return isWell;
    }

    /** The other host follows the volume, and takes it when this one has handed it over, unless one of them dies or goes back. */
    private void migrate(final String when) {
        final SimulatedHost source = active;
        final SimulatedHost destination = other();
        if (destination.isServing()) {
            destination.kill();
        }
        source.volume().haste(random.nextInt(4) > 0);
        boolean isFollowed = attempt(destination, destination::follow);
        for (int i = random.nextInt(300); i > 0 && source.volume().failure() == null; i--) {
            source.step(true);
            stepOthers(source);
            if (isFollowed && random.nextInt(20) == 0) {
                isFollowed = attempt(destination, destination::look);
            }
        }
        final boolean isEarly = bug == PlantedBug.EARLY_TAKE;
        if (isFollowed && isEarly) {
            destination.kill();
        }
        runUntil(source, () -> source.requests() == 0 || source.volume().failure() != null, "draining for a move");
        source.stopRequests();
        final int acknowledged = leastAfterKill();
        source.volume().handOver();
        if (isEarly) {
            reopen(destination, true, acknowledged, when + ", after an early take", true);
            return;
        }
        for (int i = random.nextInt(100); i > 0; i--) {
            source.step(false);
            stepOthers(source);
        }
        switch (random.nextInt(isFollowed ? 6 : 2)) {
            case 0 -> {
                destination.kill();
                source.kill();
                // Its disk may have failed since it was asked to hand over.
                reopen(source, false, leastAfterKill(), when + ", after a death in a move");
            }
            case 1 -> {
                store.trouble(0);
                runUntil(source, source.volume()::isShutDown, "a hand-over");
                destination.kill();
                final boolean isWell = source.volume().failure() == null;
                source.end();
                reopen(
                        isWell && random.nextBoolean() ? destination : source,
                        false,
                        isWell ? acknowledged : leastAfterKill(),
                        when + ", after a move without an end");
            }
            default -> arrive(source, destination, acknowledged, when);
        }
    }

    private void arrive(
            final SimulatedHost source, final SimulatedHost destination, final int acknowledged, final String when) {
        final boolean[] isBegun = new boolean[1];
        final boolean isTaken = attempt(destination, () -> {
            for (int i = 0; !destination.look(); i++) {
                if (i == MAX_STEPS || source.volume().failure() != null) {
                    throw new VolumeException(VolumeException.Kind.BUSY, "the source does not hand over");
                }
            }
            isBegun[0] = true;
            destination.take();
        });
        if (!isTaken) {
            store.trouble(0);
            runUntil(source, source.volume()::isShutDown, "a hand-over");
            final boolean isWell = source.volume().failure() == null;
            source.end();
            // An epoch that the destination has begun is not the source's to open.
            final boolean mayBeEither = isWell && !isBegun[0];
            reopen(
                    isBegun[0] || mayBeEither && random.nextBoolean() ? destination : source,
                    false,
                    isWell || isBegun[0] ? acknowledged : leastAfterKill(),
                    when + ", after a failed move");
            return;
        }
        final long[] seen = destination.readAll();
        source.kill();
        if (seen == null) {
            reopen(destination, false, acknowledged, when + ", after a move to a bad disk");
            return;
        }
        source.official(false);
        active = destination;
        model.judgeWriteCache(destination.volume().isWriteCache(), false, when);
        model.judge(seen, acknowledged, when + ", after a move");
        judgeSettings(destination, when + ", after a move");
        destination.official(true);
    }

    /** Something that a host does before it serves. */
    private interface Step {
        void run() throws VolumeException;
    }

    /** Whether it is done; if not, the host is dead. */
    private boolean attempt(final SimulatedHost host, final Step step) {
        crashes.rate(random.nextInt(3) > 0 ? 0 : 50 + random.nextInt(300));
        try {
            step.run();
            return true;
        } catch (final SimulatedCrash | VolumeException e) {
            host.kill();
            return false;
        } finally {
            crashes.rate(0);
        }
    }

    /** The other host takes the volume while this one still runs, or has been ended. */
    private void takeOver(final String when) {
        final int kept = model.keptCount();
        final SimulatedHost old = active;
        final boolean isDead = random.nextBoolean();
        if (isDead) {
            old.kill();
        } else if (random.nextBoolean()) {
            old.suspend();
        } else {
            old.pause(random.nextBoolean());
        }
        if (other().isServing()) {
            other().kill();
        }
        reopen(other(), true, kept, when + ", after a takeover");
        // Until it was shut out the old host may have acknowledged some.
        snapshots.mayHaveLost();
    }

    /**
     * The store loses what it had confirmed. The host that has the volume finds that out, and opens it again when all is back; or nothing
     * is missing, since its log has all of it; or reads fail.
     */
    private void loseObjects(final String when) {
        final SimulatedHost host = active;
        final boolean isClosed = random.nextBoolean() && shutDown(host);
        final int acknowledged = isClosed ? model.acknowledgedCount() : leastAfterKill();
        final boolean isLogBad = host.disk.hasFailed() || host.disk.hasLost();
        host.kill();
        if (other().isServing()) {
            other().kill();
        }
        store.trouble(0);
        while (store.step()) {
            passTime();
        }
        // What a log has lost as well nobody has any more.
        // Nor would anybody notice what is lost to a snapshot that has its checkpoint and not its pin.
        final TreeMap<String, byte[]> lost = isLogBad || snapshots.hasUnsure() ? new TreeMap<>() : store.lose();
        // Or what it has would hide for a while what the store has not.
        host.cacheFile.lose();
        long[] seen = null;
        try {
            host.open(false);
            seen = host.readAll(true);
            isOver = seen == null && !host.disk.hasFailed();
        } catch (final VolumeException e) {
            store.bringBack(lost);
        }
        if (isOver) {
            return;
        }
        // Of what is missing the log may have all, but not for long: somebody brings back what the history is made of.
        lost.keySet().retainAll(counted(host, store.volume(), when + ", after a loss"));
        store.bringBack(lost);
        if (seen == null) {
            host.kill();
            reopen(host, false, acknowledged, when + ", after a loss that was found");
            return;
        }
        // What other copies of a log know to have been there has been written anew.
        other().loseDisk();
        oldCopy = null;
        model.judgeWriteCache(host.volume().isWriteCache(), false, when);
        model.judge(seen, acknowledged, when + ", after a loss of objects");
        operator.mayHaveLost();
        judgeSettings(host, when + ", after a loss of objects");
        host.official(true);
        store.trouble(troubleOneIn);
    }

    /** Keys of the objects that a volume is made of, dead ones included. */
    private Set<String> counted(final SimulatedHost reader, final UUID volume, final String when) {
        final Set<String> keys = new TreeSet<>();
        final StoreClient client = new StoreClient(store.client(), reader, 60_000);
        try (VolumeKeys keyring = new VolumeKeyring(client).open(volume, name);
                History history = new HistoryReader(client.withKeys(keyring), volume).read()) {
            for (int i = 0; i < history.objects().count(); i++) {
                keys.add(history.epochs().key(history.objects().sequence(i)));
            }
        } catch (final IOException | VolumeException e) {
            throw new SimulationFailure(when + ": the history can't be read: " + e.getMessage());
        }
        return keys;
    }

    /** Shuts the volume down; whether all of it is in the store then. */
    private boolean shutDown(final SimulatedHost host) {
        store.trouble(0);
        runUntil(host, () -> host.requests() == 0 || host.volume().failure() != null, "draining");
        host.volume().shutdown();
        runUntil(host, host.volume()::isShutDown, "a shutdown");
        return host.volume().failure() == null;
    }

    /** The host is put back to how it was some time ago. */
    private void restoreOldCopy(final String when) {
        if (oldCopy == null || oldCopyOf != active) {
            return;
        }
        active.kill();
        active.restoreDisk(oldCopy);
        snapshots.mayHaveLost();
        reopen(active, true, model.keptCount(), when + ", after the restoration of an old copy");
    }

    private SimulatedHost other() {
        return other(active);
    }

    private SimulatedHost other(final SimulatedHost host) {
        return host == hosts[0] ? hosts[1] : hosts[0];
    }

    /** Opens the volume on a host, through crashes and trouble, and judges what is there. */
    private void reopen(final SimulatedHost host, final boolean isTakeOver, final int least, final String when) {
        reopen(host, isTakeOver, least, when, false);
    }

    private void reopen(
            final SimulatedHost host,
            final boolean isTakeOver,
            final int least,
            final String when,
            final boolean mustHaveAll) {
        if (host.isServing()) {
            host.kill();
        }
        String refusal = null;
        long[] seen;
        int floor = least;
        boolean hasRotted = false;
        for (int attempt = 0; ; attempt++) {
            final boolean isPatient = attempt >= PATIENT_OPENS;
            host.disk.mayMisread(!isPatient);
            crashes.rate(isPatient ? 0 : random.nextBoolean() ? 0 : 20 + random.nextInt(200));
            store.trouble(isPatient ? 0 : troubleOneIn);
            store.unwritable(!isPatient && random.nextInt(8) == 0);
            if (attempt == MAX_OPENS) {
                throw new SimulationFailure(when + ": the volume cannot be opened: " + refusal);
            }
            try {
                host.open(isTakeOver);
                crashes.rate(0);
                other(host).supersede();
                seen = host.readAll();
                if (seen != null) {
                    break;
                }
                refusal = "the disk fails";
                host.kill();
            } catch (final SimulatedCrash e) {
                refusal = "crash";
                host.kill();
                if (random.nextInt(4) == 0) {
                    if (random.nextBoolean()) {
                        losePowerEverywhere();
                    } else {
                        host.losePower();
                    }
                    floor = Math.min(floor, model.flushedCount());
                }
            } catch (final VolumeException e) {
                refusal = e.getMessage();
                host.kill();
            } finally {
                if (host.disk.hasRotted()) {
                    // What was not flushed when it is found damaged is taken for the torn end, and so is the last that
                    // was.
                    hasRotted = true;
                    floor = Math.min(floor, model.keptCount());
                    snapshots.mayHaveLost();
                }
            }
        }
        store.unwritable(false);
        host.disk.mayMisread(false);
        other(host).official(false);
        active = host;
        if (mayHold != null && Arrays.equals(seen, mayHold)) {
            model.goBack(mayHold);
            floor = model.acknowledgedCount();
        }
        mayHold = null;
        model.judgeWriteCache(host.volume().isWriteCache(), isTakeOver || hasRotted, when);
        model.judge(seen, isTakeOver && !mustHaveAll ? Math.min(floor, model.keptCount()) : floor, when);
        judgeSettings(host, when);
        host.official(true);
        store.trouble(troubleOneIn);
    }

    private void judgeSettings(final SimulatedHost host, final String when) {
        operator.judge(host.volume().settings(), (long) model.sectors() * DiskModel.SECTOR, when);
        model.promise(host.volume().settings());
    }

    private void finish() {
        if (random.nextInt(5) == 0) {
            remove();
            return;
        }
        store.trouble(0);
        troubleOneIn = 0;
        if (active.volume().failure() != null) {
            final int acknowledged = leastAfterKill();
            active.kill();
            reopen(active, false, acknowledged, "at the end, after a failure");
        }
        final SimulatedHost host = active;
        runUntil(host, () -> host.requests() == 0 || host.volume().failure() != null, "draining at the end");
        host.volume().shutdown();
        runUntil(host, host.volume()::isShutDown, "the shutdown at the end");
        if (host.volume().failure() == null) {
            final int acknowledged = model.acknowledgedCount();
            host.end();
            reopen(other(), false, acknowledged, "at the end, on the other host");
            checkLeaks();
        }
    }

    /** The volume is removed while a host serves it: that one notices, and nothing is left but what must stay. */
    private void remove() {
        final UUID volume = store.volume();
        hosts[0].mayBeRemoved();
        hosts[1].mayBeRemoved();
        operator.remove();
        store.trouble(0);
        final SimulatedHost host = active;
        // What is done and not flushed may have been acknowledged until the host meets the end of its epoch.
        for (int i = 0;
                host.volume().failure() == null && host.volume().settings().fenceTimeoutMs() > 0;
                i++) {
            if (i == MAX_STEPS) {
                throw new SimulationFailure("a host goes on to serve a volume that was removed");
            }
            host.step(true);
            stepOthers(host);
        }
        for (final SimulatedHost each : hosts) {
            if (each.isServing()) {
                each.kill();
            }
        }
        while (store.step()) {
            passTime();
        }
        operator.finishRemoval();
        while (store.step()) {
            passTime();
        }
        final Set<String> left = new TreeSet<>(store.keys("volumes/" + volume + "/"));
        left.removeIf(key -> key.endsWith("/tombstone") || key.contains("/log/") && store.isSeal(key));
        if (!left.isEmpty()) {
            throw new SimulationFailure("of a volume that was removed there is left: " + left);
        }
    }

    /** Has the active host's epoch delete what nobody counts; false when the volume fails meanwhile. */
    private boolean awaitSweep() {
        final SimulatedHost host = active;
        while (store.step()) {
            passTime();
        }
        for (int i = 0; !host.volume().stats().space().isSwept(); i++) {
            if (i == MAX_STEPS) {
                throw new SimulationFailure(
                        "the sweep does not end: " + host.volume().stats());
            }
            if (host.volume().failure() != null) {
                return false;
            }
            host.step(true);
            stepOthers(host);
        }
        return true;
    }

    /** After one more epoch that has swept, there is no object that nobody counts. */
    private void checkLeaks() {
        final UUID volume = store.volume();
        if (!awaitSweep()) {
            return;
        }
        store.settle();
        while (!closeAndReopen("before the leaks are counted")) {
            // A close that did not go well leaves behind what was on its way.
            if (!awaitSweep()) {
                return;
            }
        }
        runUntil(active, () -> active.requests() == 0, "draining before the leaks are counted");
        active.volume().shutdown();
        runUntil(active, active.volume()::isShutDown, "the last shutdown");
        active.kill();
        if (active.disk.hasLost()) {
            snapshots.mayHaveLost();
        }
        snapshots.judge(active, store);
        final Set<String> leaked = new TreeSet<>(store.keys("volumes/"));
        leaked.removeIf(key -> !key.startsWith("volumes/" + volume + "/log/") || store.isSeal(key));
        leaked.removeAll(counted(active, volume, "at the end"));
        if (!leaked.isEmpty()) {
            throw new SimulationFailure("objects that nobody counts are left: " + leaked);
        }
    }
}
