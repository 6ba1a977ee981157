package io.varve.lsvd.simulator;

import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeGuard;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Durability;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.KeyHistory;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.snapshot.Snapshot;
import io.varve.lsvd.snapshot.Snapshots;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.agrona.concurrent.Agent;

/**
 * Somebody with a shell on a third machine, who changes the volume while others serve it: its settings and its size, which host may
 * write it, and whether it is there at all. While a command waits, everybody else goes on.
 */
final class Operator implements EngineRuntime {
    private static final long TIMEOUT_MS = 60_000;
    private static final int MAX_AWAIT_STEPS = 5000;
    private static final int MAX_TRIES = 20;

    private final Simulation world;
    private final Random random;
    private static final List<Compression> COMPRESSIONS =
            List.of(Compression.NONE, Compression.LZ4, Compression.zstd(-5), Compression.zstd(1));

    private final List<VolumeSettings> possible = new ArrayList<>();
    private final List<VolumeSettings> past = new ArrayList<>();
    private boolean hasFenced;

    Operator(final Simulation world, final Random random) {
        this.world = world;
        this.random = random;
    }

    /** Settings at random, for a disk of that size. */
    VolumeSettings settings(final long sizeBytes) {
        final VolumeSettings settings = vary(VolumeSettings.ofSize(sizeBytes));
        possible.add(settings);
        return settings;
    }

    /** Does something beside the load. */
    void act(final SimulatedHost active, final DiskModel model) {
        try {
            switch (random.nextInt(world.store().key() == null ? 4 : 5)) {
                case 0 -> fence();
                case 1 -> set();
                case 2 -> active.volume().flatten();
                case 4 -> rotate();
                default -> grow(active, model);
            }
        } catch (final VolumeException e) {
            // The store was in trouble, or the writer was faster: it may have been done, or be done later.
        }
    }

    /** Wraps the volume's keys anew, which nobody who has it open notices. */
    private void rotate() {
        final StoreClient client = new StoreClient(world.store().client(), this, TIMEOUT_MS);
        try {
            new KeyHistory(client, world.store().volume())
                    .rotate(world.store().key(), world.store().key(), currentTimeMillis());
        } catch (final IOException e) {
            // The store was in trouble: it may have been done.
        }
    }

    private void fence() throws VolumeException {
        hasFenced = true;
        new VolumeGuard(world.store().client(), this, TIMEOUT_MS).fence(world.name());
    }

    /** Whether it has ever been asked to shut a writer out. */
    boolean hasFenced() {
        return hasFenced;
    }

    private void set() throws VolumeException {
        final VolumeSettings wanted = vary(VolumeSettings.ofSize(0));
        possible.add(wanted);
        catalog().set(world.name(), before -> merge(before, wanted));
        past.addAll(possible);
        possible.clear();
        possible.add(wanted);
    }

    private void grow(final SimulatedHost active, final DiskModel model) throws VolumeException {
        final int sectors = model.sectors() + DiskModel.BLOCK_SECTORS * (1 + random.nextInt(30));
        final long bytes = (long) sectors * DiskModel.SECTOR;
        catalog().grow(world.name(), bytes);
        active.volume().grow(bytes);
        model.grow(sectors);
    }

    /** Another volume is served from now on. */
    void forget() {
        possible.clear();
        past.clear();
    }

    /** Lets the ancestors of the volume go, and removes them, the youngest first; what is left of them is removed another time. */
    void cutTies(final List<String> ancestors) {
        try {
            catalog().cutTies(world.name());
            while (!ancestors.isEmpty()) {
                final Snapshots snapshots = catalog().snapshots(ancestors.getLast());
                for (final Snapshot snapshot : snapshots.list()) {
                    snapshots.remove(snapshot);
                }
                catalog().remove(ancestors.getLast());
                ancestors.removeLast();
            }
        } catch (final VolumeException | IOException e) {
            // It has snapshots itself, or the store was in trouble.
        }
    }

    /** The store has lost what it had: what was set once may be what it has. */
    void mayHaveLost() {
        possible.addAll(past);
    }

    /** Judges what an open found: as it was last set, or as a change that failed, or is still on its way, would have it. */
    void judge(final VolumeSettings found, final long leastBytes, final String when) {
        if (possible.stream().noneMatch(each -> merge(found, each).equals(found))) {
            throw new SimulationFailure(when + ": the volume has " + found + " and not one of " + possible);
        }
        if (found.sizeBytes() < leastBytes) {
            throw new SimulationFailure(when + ": the volume has " + found.sizeBytes() + " bytes of " + leastBytes);
        }
    }

    /** Removes all snapshots, and the volume, whoever serves it; tries again until it is done. */
    void remove() {
        insist(() -> {
            final Snapshots snapshots = catalog().snapshots(world.name());
            for (final Snapshot snapshot : snapshots.list()) {
                snapshots.remove(snapshot);
            }
        });
        finishRemoval();
    }

    /** Removes the volume, or what a removal has left. */
    void finishRemoval() {
        insist(() -> catalog().remove(world.name()));
    }

    private void insist(final Command command) {
        for (int i = 0; ; i++) {
            try {
                command.run();
                return;
            } catch (final VolumeException | IOException e) {
                if (i == MAX_TRIES) {
                    throw new SimulationFailure("the volume can't be removed: " + e.getMessage());
                }
                if (i == MAX_TRIES / 2) {
                    world.store().trouble(0);
                }
            }
        }
    }

    private VolumeCatalog catalog() {
        return new VolumeCatalog(world.store().client(), this, TIMEOUT_MS);
    }

    private VolumeSettings vary(final VolumeSettings settings) {
        return settings.withDurability(random.nextInt(4) == 0 ? Durability.STORE : Durability.LOG)
                .withMaxUnsentBytes(random.nextInt(4) == 0 ? (64 << 10) + random.nextInt(512 << 10) : 0)
                .withMaxUnsentAgeMs(random.nextInt(4) == 0 ? 20 + random.nextInt(1000) : 0)
                .withFenceTimeoutMs(random.nextInt(4) == 0 ? 300 + random.nextInt(1500) : 0)
                .withCompression(COMPRESSIONS.get(random.nextInt(COMPRESSIONS.size())));
    }

    /** Settings with the size and the write cache of others. */
    private static VolumeSettings merge(final VolumeSettings before, final VolumeSettings wanted) {
        return wanted.withSizeBytes(before.sizeBytes()).withWriteCache(before.writeCache());
    }

    @Override
    public long nanoTime() {
        return world.nanoTime();
    }

    @Override
    public long bootTimeNs() {
        return world.nanoTime();
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
    public Handle start(final Agent agent) {
        throw new IllegalStateException("commands have no agents");
    }

    @Override
    public Handle startInBackground(final Agent agent) {
        return start(agent);
    }

    @Override
    public boolean await(final CompletableFuture<?> future, final long timeoutMs) {
        for (int i = 0; i < MAX_AWAIT_STEPS && !future.isDone(); i++) {
            world.stepOthers(null);
        }
        return future.isDone();
    }

    /** Something that a person tries again. */
    @FunctionalInterface
    private interface Command {
        void run() throws VolumeException, IOException;
    }
}
