package io.varve.launcher.torture;

import io.varve.control.ControlException;
import io.varve.control.rpc.ControlClient;
import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.jr.ob.JSON;

/**
 * A daemon that collects garbage is killed while it takes a snapshot, and so are commands that make clones and remove
 * snapshots and volumes. A snapshot that was said to be taken is there; it and its clones hold exactly what stood on the disk; what was
 * removed is gone; and when all is removed, nothing is left in the store.
 */
final class SnapshotTorment extends Torment {
    private static final int MAX_SNAPSHOTS = 6;
    private static final long PATIENCE_MS = 30_000;

    /** Greatest length of what a removed volume leaves: seals, and marks. */
    private static final long MAX_LEFT_BYTES = 4096;

    private final Map<String, long[]> snapshots = new TreeMap<>();
    private Rig rig;
    private DiskHistory history;
    private String doubtful;
    private boolean isNewRig;
    private int named;
    private long taken;
    private long unheardOf;
    private long read;
    private long clones;
    private long removals;
    private long cutShort;

    SnapshotTorment(final Path directory, final StorePlace place) {
        super(directory, place);
    }

    @Override
    String name() {
        return "snapshot";
    }

    @Override
    void onNewRig() {
        history = new DiskHistory(Rig.SECTORS);
        snapshots.clear();
        doubtful = null;
        isNewRig = true;
    }

    @Override
    void round(final Random random) throws IOException, InterruptedException {
        rig = rig();
        try (VarveProcess daemon = rig.daemon()) {
            if (isNewRig) {
                rig.ok("attach", "data", "--gc-space", "1.05");
                isNewRig = false;
            }
            try (TortureClient client = connect("data", history, random)) {
                history.judge(client.readAll(), history.now(), "after a kill");
                expectSnapshots();
                if (!snapshots.isEmpty()) {
                    useOne(random);
                }
                client.runFor(spread(random, 5, 500));
                client.settle();
                take(daemon, random);
                client.run(() -> !daemon.isAlive());
                client.reapAll();
            }
        }
    }

    private TortureClient connect(final String volume, final DiskHistory of, final Random random)
            throws IOException, InterruptedException {
        final long startNs = System.nanoTime();
        while (true) {
            try {
                return new TortureClient(rig.home().resolve(volume + ".vhost.sock"), of, random);
            } catch (final IOException e) {
                if (System.nanoTime() - startNs > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS)) {
                    throw e;
                }
                Thread.sleep(20);
            }
        }
    }

    /** Nothing is in flight, so it is known what the snapshot has to hold. */
    private void take(final VarveProcess daemon, final Random random) throws IOException {
        final String name = "s" + ++named;
        final long[] content = new long[Rig.SECTORS];
        Arrays.setAll(content, history::latest);
        snapshots.put(name, content);
        doubtful = name;
        Rig.killAfter(daemon, spread(random, 1_000, 3_000_000));
        try (ControlClient control = ControlClient.connect(VarveProcess.control(rig.home()))) {
            control.call("snapshot.create", Map.of("volume", "data", "snapshot", name));
            doubtful = null;
            taken++;
        } catch (final ControlException e) {
            unheardOf++;
        }
    }

    private Set<String> listed() throws IOException, InterruptedException {
        final Set<String> names = new HashSet<>();
        final Object all =
                JSON.std.mapFrom(rig.ok("snapshot", "list", "data", "--json")).get("snapshots");
        for (final Object each : (List<?>) all) {
            names.add((String) ((Map<?, ?>) each).get("name"));
        }
        return names;
    }

    /** What was logged when the daemon was killed is in the store once all is. */
    private void expectSnapshots() throws IOException, InterruptedException {
        final long startNs = System.nanoTime();
        while (!isAllInTheStore()) {
            if (System.nanoTime() - startNs > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS)) {
                throw new AssertionError("what was logged does not come into the store");
            }
            Thread.sleep(20);
        }
        final Set<String> names = listed();
        if (doubtful != null && !names.contains(doubtful)) {
            snapshots.remove(doubtful);
        }
        doubtful = null;
        if (!names.equals(snapshots.keySet())) {
            throw new AssertionError("there are snapshots " + names + ", and should be " + snapshots.keySet());
        }
    }

    private boolean isAllInTheStore() {
        try (ControlClient control = ControlClient.connect(VarveProcess.control(rig.home()))) {
            final List<?> volumes =
                    (List<?>) control.call("status", Map.of("volume", "data")).get("volumes");
            return ((Number) ((Map<?, ?>) volumes.getFirst()).get("unsent_records")).longValue() == 0;
        }
    }

    private void useOne(final Random random) throws IOException, InterruptedException {
        final List<String> names = new ArrayList<>(snapshots.keySet());
        final String name = names.get(random.nextInt(names.size()));
        final String snapshot = "data@" + name;
        rig.ok("attach", snapshot);
        try (TortureClient client = connect(snapshot, history, random)) {
            expect(snapshot, client, snapshots.get(name));
            read++;
        }
        detach(snapshot);
        if (random.nextBoolean()) {
            cloneOf(snapshot, snapshots.get(name), random);
        }
        if (names.size() > MAX_SNAPSHOTS || random.nextInt(3) == 0) {
            cutShort(random, "snapshot", "remove", snapshot);
            rig.ok("snapshot", "remove", snapshot);
            snapshots.remove(name);
            removals++;
        }
    }

    private void cloneOf(final String snapshot, final long[] content, final Random random)
            throws IOException, InterruptedException {
        final String clone = "clone" + ++clones;
        cutShort(random, "volume", "create", clone, "--from", snapshot);
        if (rig.run("volume", "info", clone) != 0) {
            rig.ok("volume", "create", clone, "--from", snapshot);
        }
        rig.ok("attach", clone);
        try (TortureClient client = connect(clone, history, random)) {
            expect(clone, client, content);
            final DiskHistory own = client.adopt();
            client.runFor(spread(random, 5, 200));
            client.settle();
            own.judge(client.readAll(), own.now(), "of a clone");
        }
        detach(clone);
        cutShort(random, "volume", "remove", clone);
        rig.ok("volume", "remove", clone);
        removals++;
    }

    private void detach(final String volume) {
        try (ControlClient control = ControlClient.connect(VarveProcess.control(rig.home()))) {
            control.call("detach", Map.of("volume", volume));
        }
    }

    private static void expect(final String what, final TortureClient client, final long[] content) throws IOException {
        final int wrong = Arrays.mismatch(client.readAll(), content);
        if (wrong >= 0) {
            throw new AssertionError(what + " holds something else from sector " + wrong + " on");
        }
    }

    /** Starts a command and kills it, unless it is faster. */
    private void cutShort(final Random random, final String... command) throws IOException, InterruptedException {
        try (VarveProcess process = rig.start(command)) {
            Rig.killAfter(process, spread(random, 200_000, 2_000_000)).join();
            cutShort++;
        }
    }

    @Override
    void onEndOfRig() throws IOException, InterruptedException {
        final Random random = new Random(named);
        try (VarveProcess daemon = rig.daemon()) {
            try (TortureClient client = connect("data", history, random)) {
                history.judge(client.readAll(), history.now(), "at the end");
                expectSnapshots();
            }
            for (final String name : snapshots.keySet()) {
                rig.ok("snapshot", "remove", "data@" + name);
            }
            detach("data");
            Rig.endEmpty(daemon);
        }
        for (int i = 0; i < 3; i++) {
            cutShort(random, "volume", "remove", "data");
        }
        rig.ok("volume", "remove", "data");
        expectNothingLeft();
    }

    private void expectNothingLeft() throws IOException, InterruptedException {
        if (!rig.store().isDirectory()) {
            return;
        }
        // Drafts of killed processes, under another name, go after a while.
        try (Stream<Path> files = Files.walk(rig.store().objects().resolve("volumes"))) {
            final List<Path> left = files.filter(Files::isRegularFile)
                    .filter(file -> file.toFile().length() > MAX_LEFT_BYTES)
                    .toList();
            if (!left.isEmpty()) {
                throw new AssertionError("removed volumes have left " + left);
            }
        }
    }

    @Override
    String figures() {
        return taken + " snapshots taken and " + unheardOf + " cut short, " + read + " read whole, " + clones
                + " clones made, " + removals + " snapshots and clones removed, " + cutShort + " commands killed";
    }
}
