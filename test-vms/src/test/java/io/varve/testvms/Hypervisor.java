package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.testvms.qtest.Qmp;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One host of a {@link Site}: a Varve daemon for the one volume, with a cache of its own, and at times a guest. */
final class Hypervisor {
    static final Duration LIMIT = Duration.ofSeconds(60);

    private static final String LOG_SIZE = "64M";
    private static final int MIGRATION_PORT = 4444;

    private final Lab lab;
    private final Network network;
    private final String name;
    private final Emulator emulator;
    private final Path initrd;
    private final Path directory;
    private Program daemon;
    private Program qemu;
    private Qmp qmp;

    /** Prepares one; {@code name} is that of a host in the network. */
    Hypervisor(final Lab lab, final Network network, final String name, final Emulator emulator, final Path initrd)
            throws IOException {
        this.lab = lab;
        this.network = network;
        this.name = name;
        this.emulator = emulator;
        this.initrd = initrd;
        directory = Files.createDirectories(lab.directory().resolve(name));
        lab.own(this::closeMonitor);
    }

    String name() {
        return name;
    }

    /** Starts the daemon, and waits until QEMU can connect. */
    void startDaemon(final ObjectServer store, final String volume, final String... more)
            throws IOException, InterruptedException {
        final List<String> arguments = new ArrayList<>(List.of("serve", volume, "--socket-path", socket().toString()));
        arguments.addAll(List.of(
                "--store", store.url(), "--cache", directory.resolve("cache").toString()));
        arguments.addAll(List.of("--cache-size", LOG_SIZE, "--read-cache-size", LOG_SIZE));
        arguments.addAll(List.of(more));
        daemon = start("varve serve on " + name, Varve.command(arguments.toArray(String[]::new)), store.environment());
        daemon.output().copyTo(log());
        daemon.output().await("(?i)\\bready\\b", LIMIT);
    }

    private Program start(final String title, final List<String> command, final Map<String, String> environment)
            throws IOException {
        final Program program = Program.start(title, directory, network.on(name, command), environment);
        program.endInput();
        lab.register(program);
        return program;
    }

    /** Boots a guest. */
    Program boot() throws IOException {
        qemu = startQemu("start-sender-vm");
        qmp.accept();
        return qemu;
    }

    /** Starts a QEMU that waits for a guest. */
    Program await() throws IOException, InterruptedException {
        qemu = startQemu("start-receiver-vm", "--listen", address());
        qmp.accept();
        Sockets.await(monitor(), qemu, LIMIT);
        return qemu;
    }

    /** Whether a guest runs here. */
    boolean hasGuest() {
        if (qemu == null || !qemu.isAlive()) {
            return false;
        }
        try {
            final Map<?, ?> status = (Map<?, ?>) qmp.execute("query-status", Map.of());
            return Boolean.TRUE.equals(status.get("running"));
        } catch (final IOException e) {
            // It ended while it was asked.
            return false;
        }
    }

    /** Ends QEMU, if there is one. */
    void killQemu() throws InterruptedException {
        if (qemu != null) {
            qemu.kill();
            qemu = null;
        }
    }

    /** Kills the daemon. */
    void killDaemon() throws InterruptedException {
        daemon.kill();
    }

    private Program startQemu(final String script, final String... more) throws IOException {
        Files.deleteIfExists(monitor());
        closeMonitor();
        Files.deleteIfExists(qmpSocket());
        qmp = new Qmp(qmpSocket());
        final List<String> command = new ArrayList<>(
                List.of(Checkout.file("qemu-scripts/" + script).toString(), "--socket", socket().toString()));
        command.addAll(List.of("--qemu", emulator.command(), "--initrd", initrd.toString()));
        command.addAll(List.of("--memory", "128M", "--smp", "1", "--accel", "tcg"));
        command.addAll(List.of(more));
        command.add("--");
        command.addAll(qmp.arguments());
        return start("guest on " + name + ", " + emulator.name(), command, Map.of());
    }

    /** Starts to move the guest to another host, which waits for it. */
    Program startMigration(final Hypervisor to, final String... more) throws IOException {
        final List<String> command =
                new ArrayList<>(List.of(Checkout.file("qemu-scripts/migrate").toString()));
        command.addAll(List.of("--qmp", monitor().toString(), "--to", to.address()));
        command.addAll(List.of("--receiver-qmp", to.monitor().toString()));
        command.addAll(List.of(
                "--sender-log", log().toString(), "--receiver-log", to.log().toString()));
        command.addAll(List.of(more));
        return start("migrate from " + name, command, Map.of());
    }

    Program qemu() {
        return qemu;
    }

    Program daemon() {
        return daemon;
    }

    /** Ends the daemon, which has to end well. */
    void stopDaemon() throws InterruptedException {
        assertThat(daemon.terminate(LIMIT)).as(() -> daemon.output().tail(50)).isZero();
    }

    /** The host dies: its QEMU and its daemon. */
    void die() throws InterruptedException {
        killQemu();
        killDaemon();
    }

    private void closeMonitor() throws IOException {
        if (qmp != null) {
            qmp.close();
        }
    }

    private String address() {
        return Network.address(name) + ":" + MIGRATION_PORT;
    }

    private Path log() {
        return directory.resolve("log");
    }

    private Path qmpSocket() {
        return directory.resolve("qmp");
    }

    private Path socket() {
        return directory.resolve("disk.sock");
    }

    private Path monitor() {
        return directory.resolve("disk.sock.qmp");
    }
}
