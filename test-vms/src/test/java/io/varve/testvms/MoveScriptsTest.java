package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code qemu-scripts/start-sender-vm}, {@code start-receiver-vm} and {@code migrate} as commands: what they refuse, and that
 * guests move. Here they do between two daemons of QEMU's own on one file, so that a failure is one of the scripts.
 */
@Timeout(300)
@ExtendWith(Lab.Extension.class)
class MoveScriptsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int DISK_MIB = 64;

    @BeforeAll
    static void requireGuest() {
        Checkout.requireGuest();
        Emulator.ofMachine().require();
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "start-sender-vm, '', --socket is needed",
        "start-sender-vm, '--qmp', --qmp needs a value",
        "start-sender-vm, '--socket SOCKET --wrong', unknown argument --wrong",
        "start-sender-vm, '--socket SOCKET --qmp /nowhere/qmp', --qmp /nowhere/qmp: there is no such directory",
        "start-sender-vm, '--socket SOCKET --qmp a\"b', no commas",
        "start-receiver-vm, '--socket SOCKET', --listen is needed",
        "start-receiver-vm, '--socket SOCKET --listen 4444', --listen 4444",
        "start-receiver-vm, '--socket SOCKET --listen host:0', --listen host:0",
        "migrate, '', --qmp is needed",
        "migrate, '--qmp SOCKET', --to is needed",
        "migrate, '--qmp SOCKET --to nowhere', --to nowhere",
        "migrate, '--qmp /nowhere/qmp --to host:1', /nowhere/qmp is no socket",
        "migrate, '--qmp SOCKET --to host:1 --receiver-qmp /nowhere/qmp', /nowhere/qmp is no socket",
        "migrate, '--qmp SOCKET --to host:1 --downtime-limit 0', --downtime-limit 0",
        "migrate, '--qmp SOCKET --to host:1 --bandwidth fast', --bandwidth fast",
        "migrate, '--qmp SOCKET --to host:1 --timeout 1x', --timeout 1x",
        "migrate, '--qmp SOCKET --to host:1 --sender-log /dev/null', go together",
        "migrate, '--qmp SOCKET --to host:1 --sender-log /dev/null --receiver-log /nowhere', can't read /nowhere",
        "migrate, '--wrong', unknown argument --wrong",
        "migrate, '--to', --to needs a value",
    })
    void refuseWrongUseInOneLine(final String script, final String arguments, final String message, final Lab lab)
            throws Exception {
        final Path socket = lab.directory().resolve("socket");
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(socket));
            final List<String> command = new ArrayList<>(List.of(script(script)));
            if (!arguments.isEmpty()) {
                command.addAll(
                        List.of(arguments.replace("SOCKET", socket.toString()).split(" ")));
            }
            final Program program = lab.run(script, command);
            assertThat(program.awaitExit(LIMIT)).as("exit status").isEqualTo(2);
            assertThat(program.output().tail(5)).contains("1 of 1 lines").contains(message);
        }
    }

    @ParameterizedTest
    @CsvSource({"start-sender-vm", "start-receiver-vm", "migrate"})
    void tellHowTheyAreUsed(final String script, final Lab lab) throws Exception {
        final Program program = lab.run(script, List.of(script(script), "--help"));
        assertThat(program.awaitExit(LIMIT)).isZero();
        assertThat(program.output().tail(100)).contains("usage: " + script + " ");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.varve.testvms.Emulator#all")
    void moveAGuestThereAndBack(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        final Pair pair = new Pair(lab, emulator);
        final Program left = pair.start("left");
        left.output().await("value read=", LIMIT);

        final Program right = pair.receiver("right");
        pair.move("left", "right");
        right.output().await("value read=", LIMIT);
        assertThat(left.awaitExit(LIMIT)).as("exit status of the sender").isZero();

        final Program leftAgain = pair.receiver("left");
        pair.move("right", "left");
        leftAgain.output().await("value read=", LIMIT);
        leftAgain.kill();

        final Stamps stamps = new Stamps();
        stamps.add(left, right, leftAgain);
        final Program checker = pair.start("left");
        checker.output().await("step writing", GuestVm.STEP_LIMIT);
        stamps.checkFound(checker);
    }

    @Test
    void cancelWhenInterruptedAndWhenItTakesTooLong(final Lab lab) throws Exception {
        final Pair pair = new Pair(lab, Emulator.ofMachine());
        final Program left = pair.start("left");
        left.output().await("value read=", LIMIT);
        for (final boolean interrupted : new boolean[] {true, false}) {
            final Program right = pair.receiver("right");
            final Program migrate = lab.run(
                    "migrate",
                    pair.migrate("left", "right", "--bandwidth", "100K", "--timeout", interrupted ? "600" : "1"));
            if (interrupted) {
                migrate.output().await(" MiB to go", LIMIT);
            }
            if (interrupted) {
                migrate.interrupt();
            }
            assertThat(migrate.awaitExit(LIMIT)).isEqualTo(1);
            assertThat(migrate.output().tail(1)).contains("cancelled; the guest goes on here");
            left.output().await("value read=", LIMIT);
            right.kill();
        }
    }

    @Test
    void tellThatNobodyListens(final Lab lab) throws Exception {
        final Pair pair = new Pair(lab, Emulator.ofMachine());
        final Program left = pair.start("left");
        left.output().await("step writing", GuestVm.STEP_LIMIT);
        final Program migrate = lab.run("migrate", pair.migrate("left", "right"));
        assertThat(migrate.awaitExit(LIMIT)).isEqualTo(1);
        assertThat(migrate.output().tail(2)).contains("; the guest goes on here");
        left.output().await("value read=", LIMIT);
    }

    private static String script(final String name) {
        return Checkout.file("qemu-scripts/" + name).toString();
    }

    /** Two daemons on one file, and guests in front of them. */
    private static final class Pair {
        private final Lab lab;
        private final Emulator emulator;
        private final Path initrd;

        Pair(final Lab lab, final Emulator emulator) throws IOException, InterruptedException {
            this.lab = lab;
            this.emulator = emulator;
            initrd = lab.smallInitrd("stamp", "WRITERS=2");
            final Path image = lab.directory().resolve("disk.raw");
            for (final String side : List.of("left", "right")) {
                final StorageDaemon daemon =
                        new StorageDaemon(image, socket(side), (long) DISK_MIB << 20, lab::register);
                daemon.start();
            }
        }

        private Path socket(final String side) {
            return lab.directory().resolve(side + ".sock");
        }

        private Path listening() {
            return lab.directory().resolve("migration.sock");
        }

        Program start(final String side) throws IOException {
            return run("start-sender-vm", side);
        }

        /** A QEMU that waits for a guest. */
        Program receiver(final String side) throws IOException, InterruptedException {
            Files.deleteIfExists(listening());
            final Program receiver =
                    run("start-receiver-vm", side, "--listen", listening().toString());
            Sockets.await(listening(), receiver, LIMIT);
            return receiver;
        }

        private Program run(final String script, final String side, final String... more) throws IOException {
            final List<String> command = new ArrayList<>(List.of(
                    script(script),
                    "--socket",
                    socket(side).toString(),
                    "--qemu",
                    emulator.command(),
                    "--initrd",
                    initrd.toString()));
            command.addAll(List.of("--memory", "128M", "--smp", "1", "--accel", "tcg"));
            command.addAll(List.of(more));
            return lab.run(script + " " + side, command);
        }

        void move(final String from, final String to) throws IOException, InterruptedException {
            final Program migrate = lab.run("migrate", migrate(from, to, "--receiver-qmp", socket(to) + ".qmp"));
            assertThat(migrate.awaitExit(LIMIT)).as("exit status of migrate").isZero();
            assertThat(migrate.output().tail(1)).containsPattern("done in \\d+ ms, downtime \\d+ ms, [0-9.]+ MiB sent");
        }

        List<String> migrate(final String from, final String to, final String... more) {
            final List<String> command = new ArrayList<>(List.of(
                    script("migrate"),
                    "--qmp",
                    socket(from) + ".qmp",
                    "--to",
                    listening().toString()));
            command.addAll(List.of(more));
            return command;
        }
    }
}
