package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code qemu-scripts/start-vm} as a command: what it refuses, and what it makes of its options. */
@ExtendWith(Lab.Extension.class)
class StartVmTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @BeforeAll
    static void requireGuest() {
        Checkout.requireGuest();
        Emulator.ofMachine().require();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "'--wrong', unknown argument --wrong",
        "'--memory', --memory needs a value",
        "'--memory 12', --memory 12",
        "'--smp 0', --smp 0",
        "'--smp 1x', --smp 1x",
        "'--queues 0', --queues 0",
        "'--queues 999999999999999999999', --queues 999999999999999999999",
        "'--queues 257', the most that a Varve disk has",
        "'--reconnect 0', --reconnect 0",
        "'--accel fast', --accel fast",
        "'--qemu /nowhere/qemu', no /nowhere/qemu",
        "'--kernel /nowhere/kernel', can't read the kernel /nowhere/kernel",
        "'--initrd /nowhere/initrd', can't read the initrd /nowhere/initrd",
        "'--boot-disk --kernel /nowhere/kernel', --boot-disk",
        "'--socket /nowhere/socket', /nowhere/socket is not a socket",
    })
    void refusesWrongUseInOneLine(final String arguments, final String message, final Lab lab) throws Exception {
        final Path socket = lab.directory().resolve("socket");
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(socket));
            assertRefused(startVm(lab, socket, arguments.split(" ")), message);
        }
    }

    @Test
    void needsASocket(final Lab lab) throws Exception {
        assertRefused(lab.run("start-vm", List.of(script())), "--socket is needed");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.varve.testvms.Emulator#all")
    void asksForReconnectionInTheWordsOfThatQemu(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        final Path socket = lab.directory().resolve("socket");
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(socket));
            final String expected = emulator.name().startsWith("QEMU 7.") ? ",reconnect=3 " : ",reconnect-ms=3000 ";
            final Program printed =
                    startVm(lab, socket, "--qemu", emulator.command(), "--reconnect", "3", "--queues", "5", "--print");
            assertThat(printed.awaitExit(LIMIT)).isZero();
            assertThat(printed.output().tail(1).replace("\\", ""))
                    .contains("path=" + socket + expected)
                    .contains("num-queues=5")
                    .contains("memory-backend-memfd,id=mem,size=512M,share=on");
        }
    }

    /** With many of TCG's threads QEMU 7.2 loses guests that are moved. */
    @Test
    void runsGuestsThatAreMovedInOneThreadOfTcg(final Lab lab) throws Exception {
        final Path socket = lab.directory().resolve("socket");
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(socket));
            final List<String> arguments = List.of("--accel", "tcg", "--print");
            for (final String script : List.of("start-vm", "start-sender-vm", "start-receiver-vm")) {
                final List<String> command = new ArrayList<>(
                        List.of(Checkout.file("qemu-scripts/" + script).toString(), "--socket", socket.toString()));
                if (script.equals("start-receiver-vm")) {
                    command.addAll(List.of("--listen", "127.0.0.1:4444"));
                }
                command.addAll(arguments);
                final Program printed = lab.run(script, command);
                assertThat(printed.awaitExit(LIMIT)).isZero();
                assertThat(printed.output().tail(1).replace("\\", ""))
                        .contains("tcg,thread=" + (script.equals("start-vm") ? "multi" : "single"));
            }
        }
    }

    private static void assertRefused(final Program program, final String message) throws InterruptedException {
        assertThat(program.awaitExit(LIMIT)).as("exit status").isEqualTo(2);
        assertThat(program.output().tail(5))
                .contains("1 of 1 lines")
                .contains("start-vm: ")
                .contains(message);
    }

    private static Program startVm(final Lab lab, final Path socket, final String... arguments) throws Exception {
        final List<String> command = new ArrayList<>(List.of(script(), "--socket", socket.toString()));
        command.addAll(List.of(arguments));
        return lab.run("start-vm", command);
    }

    private static String script() {
        return Checkout.file("qemu-scripts/start-vm").toString();
    }
}
