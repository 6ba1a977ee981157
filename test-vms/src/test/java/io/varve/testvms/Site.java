package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An S3 server and two hypervisors, hosts of their own as far as the network is concerned, and one volume with a guest that writes,
 * syncs and reads back as the task {@code stamp} does, wherever it is.
 */
final class Site {
    private static final Pattern DOWNTIME = Pattern.compile("done in (\\d+) ms, downtime (\\d+) ms");
    private static final Pattern STORAGE = Pattern.compile(
            "storage: (\\d+) ms: (\\d+) sealing, (\\d+) QEMU's, (\\d+) until the guest asked, (\\d+) until it was"
                    + " answered; taken in (\\d+) ms");
    private static final Duration HANG_LIMIT = Duration.ofSeconds(40);
    private static final long STORE_PAUSE_MS = 3000;
    private static final String SIZE = "64M";
    private static final String VOLUME = "site";

    private final Network network;
    private final ObjectServer store;
    private final Hypervisor first;
    private final Hypervisor second;
    private final List<Program> consoles = new ArrayList<>();
    private final Stamps stamps = new Stamps();
    private Hypervisor here;

    /** Builds it, with a new volume that is served on both hosts; skips the test where there can be none. */
    Site(final Lab lab, final Emulator emulator, final String... settings) throws IOException, InterruptedException {
        this(lab, emulator, 0, 0, settings);
    }

    /** Builds one whose store answers so much later, and whose guest has so many more writers, which are never idle. */
    Site(final Lab lab, final Emulator emulator, final int latencyMs, final int loads, final String... settings)
            throws IOException, InterruptedException {
        assumeTrue(Network.absence() == null, Network.absence());
        assumeTrue(ObjectServer.isAvailable(), "Ceph's packages are missing: run dev/setup --with-ceph");
        final Path initrd = lab.smallInitrd("stamp", "WRITERS=2", "LOADS=" + loads);
        network = new Network();
        lab.own(network);
        store = ObjectServer.start(network, lab.directory(), lab::register);
        lab.own(store::stop);
        if (latencyMs > 0) {
            store.delay(network, lab.directory(), latencyMs, lab::register);
        }
        first = new Hypervisor(lab, network, "hv1", emulator, initrd);
        second = new Hypervisor(lab, network, "hv2", emulator, initrd);
        createVolume(lab, settings);
        first.startDaemon(store, VOLUME);
        second.startDaemon(store, VOLUME);
        here = first;
    }

    private void createVolume(final Lab lab, final String... settings) throws IOException, InterruptedException {
        final List<String> arguments =
                new ArrayList<>(List.of("volume", "create", VOLUME, "--size", SIZE, "--store", store.url()));
        arguments.addAll(List.of(settings));
        final Program create = Program.start(
                "varve volume create",
                lab.directory(),
                network.on(first.name(), Varve.command(arguments.toArray(String[]::new))),
                store.environment());
        lab.register(create);
        assertThat(create.awaitExit(Hypervisor.LIMIT))
                .as(() -> create.output().tail(20))
                .isZero();
    }

    /** The host that has the guest. */
    Hypervisor here() {
        return here;
    }

    /** The other one. */
    Hypervisor there() {
        return here == first ? second : first;
    }

    /** Boots the guest where it is to be, and waits until it writes; what an earlier one had synced has to be there. */
    void boot() throws IOException, InterruptedException {
        final Program console = here.boot();
        console.output().await("@@ step writing", GuestVm.STEP_LIMIT);
        if (!consoles.isEmpty()) {
            stamps.add(consoles.toArray(Program[]::new));
            consoles.clear();
            stamps.checkFound(console);
        }
        consoles.add(console);
    }

    /** Waits until the guest has read something back from now on. */
    void awaitWork() throws InterruptedException {
        here.qemu().output().skip();
        here.qemu().output().await("@@ value read=", Hypervisor.LIMIT);
    }

    /** Whether the guest goes on. */
    private boolean works() throws InterruptedException {
        here.qemu().output().skip();
        return here.qemu().output().isPrinted("@@ value read=", HANG_LIMIT);
    }

    /** Moves the guest to the other host; what was measured. */
    Move move(final String... more) throws IOException, InterruptedException {
        there().await();
        return awaitMove(here.startMigration(there(), more));
    }

    /** Waits for a migration to succeed, after which the guest is on the other host. */
    Move awaitMove(final Program migrate) throws InterruptedException {
        assertThat(migrate.awaitExit(Hypervisor.LIMIT))
                .as("exit status of migrate")
                .isZero();
        assertThat(here.qemu().awaitExit(Hypervisor.LIMIT))
                .as("exit status of the sender")
                .isZero();
        here = there();
        consoles.add(here.qemu());
        final Matcher told = migrate.output().last(DOWNTIME.pattern());
        final Matcher storage = migrate.output().last(STORAGE.pattern());
        return new Move(
                Integer.parseInt(told.group(1)),
                Integer.parseInt(told.group(2)),
                figure(storage, 1),
                figure(storage, 2),
                figure(storage, 3),
                figure(storage, 4),
                figure(storage, 5),
                figure(storage, 6));
    }

    /** Begins to move the guest, too slowly to come to an end, and breaks it off. */
    void cancelMove() throws IOException, InterruptedException {
        there().await();
        final Program migrate = here.startMigration(there(), "--bandwidth", "1M");
        migrate.output().await(" MiB to go", Hypervisor.LIMIT);
        assertThat(migrate.terminate(Hypervisor.LIMIT)).isEqualTo(1);
        assertThat(migrate.output().tail(1)).contains("cancelled; the guest goes on here");
        there().killQemu();
    }

    /**
     * Waits for a migration that something has been done to, starts daemons that are gone, and sees where the guest is: on one
     * side, or on none, or without its disk; then it is booted again. What it had synced has to be there.
     */
    Outcome settle(final Program migrate) throws IOException, InterruptedException {
        migrate.awaitExit(GuestVm.STEP_LIMIT);
        for (final Hypervisor host : List.of(first, second)) {
            if (!host.daemon().isAlive()) {
                host.startDaemon(store, VOLUME);
            }
        }
        final Outcome outcome = find();
        if (outcome != Outcome.ENDED && !works()) {
            here.killQemu();
            boot();
            return Outcome.HUNG;
        }
        return outcome;
    }

    private Outcome find() throws IOException, InterruptedException {
        final boolean isHere = here.hasGuest();
        final boolean isThere = there().hasGuest();
        assertThat(isHere && isThere).as("the guest runs on both hosts").isFalse();
        if (isThere) {
            here.killQemu();
            here = there();
            consoles.add(here.qemu());
            return Outcome.MOVED;
        }
        final Program receiver = there().qemu();
        there().killQemu();
        if (isHere) {
            return Outcome.STAYED;
        }
        // It may have been there for a moment.
        consoles.add(receiver);
        here.killQemu();
        boot();
        return Outcome.ENDED;
    }

    /** Where a guest is after something was done to its migration. */
    enum Outcome {
        /** On the other host. */
        MOVED,
        /** Where it was. */
        STAYED,
        /** Nowhere; it was booted again. */
        ENDED,
        /** On one host, where it gets no answer from its disk any more, as can happen with QEMU 7.2; it was booted again. */
        HUNG
    }

    private static int figure(final Matcher storage, final int group) {
        return storage == null ? Move.UNKNOWN : Integer.parseInt(storage.group(group));
    }

    /** The host with the guest dies, with its link; the other one takes the volume over, and the guest boots there. */
    void takeOver() throws IOException, InterruptedException {
        here.die();
        network.cut(here.name());
        there().stopDaemon();
        there().startDaemon(store, VOLUME, "--take-over");
        here = there();
        boot();
    }

    Network network() {
        return network;
    }

    /** The store answers nothing for a while. */
    void pauseStore() throws IOException, InterruptedException {
        for (final Hypervisor host : List.of(first, second)) {
            network.cut(host.name());
        }
        Thread.sleep(STORE_PAUSE_MS);
        for (final Hypervisor host : List.of(first, second)) {
            network.mend(host.name());
        }
    }

    /** Checks all that the guest has told so far: no failure, and no number is missing; how much it wrote. */
    long check() {
        final Stamps all = new Stamps(stamps);
        all.add(consoles.toArray(Program[]::new));
        return all.count();
    }

    /**
     * What {@code migrate} has told.
     *
     * @param totalMs    from its beginning to its end.
     * @param downtimeMs for which the guest stood still, as QEMU reckons.
     * @param storageMs  from the moment at which the daemon here was told to stop to the first request that the other one answered:
     *                   the next four.
     * @param sealMs     until the daemon here had everything in the store.
     * @param qemuMs     from then until the rings started there.
     * @param askMs      from then until the guest asked for something.
     * @param answerMs   from then until it was answered.
     * @param takeMs     from the start of the rings there until the volume was there.
     */
    record Move(
            int totalMs, int downtimeMs, int storageMs, int sealMs, int qemuMs, int askMs, int answerMs, int takeMs) {
        /** What the daemons' logs don't tell. */
        static final int UNKNOWN = -1;

        /** For how long the daemons kept others waiting. */
        int ownMs() {
            return storageMs == UNKNOWN ? UNKNOWN : sealMs + answerMs;
        }
    }
}
