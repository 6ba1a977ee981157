package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.jr.ob.JSON;

/** The daemon under a service manager, whose part Perl plays: it passes sockets and variables as systemd does. */
@Timeout(60)
@SuppressWarnings("try")
class SystemdTest {
    private static final Path PACKAGING =
            Path.of("..", "packaging").toAbsolutePath().normalize();

    /** Receives datagrams at a path, or a name behind an at sign, and prints them, one line each. */
    private static final String RECEIVER = "socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, $ARGV[0] =~ /^@/ ?"
            + " pack('Sa*', AF_UNIX, \"\\0\" . substr($ARGV[0], 1)) : sockaddr_un($ARGV[0])) or die $!; $| = 1;"
            + " print \"bound\\n\"; while (defined recv(S, $m, 4096, 0)) { print \"$m\\n\" }";

    /** Sets variables, passes listening sockets from descriptor 3 on, and becomes the command behind the dashes. */
    private static final String STARTER = "$^F = 255; my $fd = 3; while (($a = shift) ne '--') {"
            + " if ($a =~ /^([A-Z_]+)=(.*)/) { $ENV{$1} = $2 eq 'PID' ? $$ : $2; next }"
            + " my $s; socket($s, AF_UNIX, SOCK_STREAM, 0) && bind($s, sockaddr_un($a)) && listen($s, 8) or die $!;"
            + " POSIX::dup2(fileno($s), $fd++); push @keep, $s } exec @ARGV";

    @TempDir
    private Path home;

    private DaemonRig rig;
    private Path notify;
    private Process receiver;
    private BufferedReader news;

    @BeforeEach
    void create() throws IOException {
        rig = new DaemonRig(home);
        rig.create("one");
        notify = home.resolve("notify");
        receive(notify.toString());
    }

    private void receive(final String address) throws IOException {
        receiver = new ProcessBuilder("perl", "-MSocket", "-e", RECEIVER, address)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        news = new BufferedReader(new InputStreamReader(receiver.getInputStream(), StandardCharsets.UTF_8));
        awaitNews("bound");
    }

    @AfterEach
    void stopReceiving() {
        receiver.destroyForcibly();
    }

    /** Waits for news; all that came before it. */
    private List<String> awaitNews(final String wanted) throws IOException {
        final List<String> before = new ArrayList<>();
        for (String line = news.readLine(); line != null; line = news.readLine()) {
            if (line.equals(wanted)) {
                return before;
            }
            before.add(line);
        }
        throw new AssertionError(wanted + " did not come, but " + before);
    }

    private VarveProcess start(final List<String> passed, final String... args) throws IOException {
        final List<String> prefix = new ArrayList<>(List.of("perl", "-MSocket", "-MPOSIX", "-e", STARTER, "--"));
        prefix.addAll(passed);
        prefix.add("--");
        return VarveProcess.start(home, prefix, args);
    }

    @Test
    void theDaemonSaysWhenItIsReadyAliveAndEnding() throws IOException, InterruptedException {
        try (VarveProcess daemon =
                start(List.of("NOTIFY_SOCKET=" + notify, "WATCHDOG_USEC=200000", "WATCHDOG_PID=PID"), "daemon")) {
            assertThat(awaitNews("READY=1")).isEmpty();
            rig.attach("one");
            awaitNews("STATUS=volume one: 256M, is ready at " + rig.socket("one"));
            awaitNews("WATCHDOG=1");
            awaitNews("WATCHDOG=1");
            daemon.signal("TERM");
            awaitNews("STOPPING=1");
            assertThat(daemon.awaitExit()).isZero();
        }
    }

    @Test
    void serveIsReadyWhenTheVolumeIsAndSpeaksToAnAbstractAddressToo() throws IOException, InterruptedException {
        receiver.destroyForcibly().waitFor();
        final String address = "@varve-" + home.getFileName();
        receive(address);
        try (VarveProcess serve = start(
                List.of("NOTIFY_SOCKET=" + address),
                "serve",
                "one",
                "--store",
                rig.url("one"),
                "--socket-path",
                rig.socket("one").toString())) {
            assertThat(awaitNews("READY=1"))
                    .containsExactly("STATUS=volume one: 256M, is ready at " + rig.socket("one"));
            serve.signal("TERM");
            assertThat(awaitNews("STOPPING=1")).isEmpty();
            assertThat(serve.awaitExit()).isZero();
        }
    }

    @Test
    void aNotifySocketThatNobodyReadsHoldsNothingUp() throws IOException, InterruptedException {
        receiver.destroyForcibly().waitFor();
        try (VarveProcess daemon = start(List.of("NOTIFY_SOCKET=" + notify), "daemon")) {
            daemon.awaitOut(line -> line.contains(" is ready, "));
            rig.attach("one");
            daemon.signal("TERM");
            assertThat(daemon.awaitExit()).isZero();
        }
    }

    @Test
    void theDaemonTakesItsControlSocketFromTheServiceManager() throws IOException, InterruptedException {
        final Path control = VarveProcess.control(home);
        try (VarveProcess daemon = start(List.of(control.toString(), "LISTEN_FDS=1", "LISTEN_PID=PID"), "daemon")) {
            daemon.awaitOut(line -> line.contains(" is ready, "));
            rig.attach("one");
            assertThat(rig.status("one").get("state")).isEqualTo("following");
            daemon.signal("TERM");
            assertThat(daemon.awaitExit()).isZero();
        }
        assertThat(control).as("the service manager's").exists();
        Files.delete(control);
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            daemon.awaitOut(line -> line.contains("volume one: 256M, is ready at "));
        }
    }

    @Test
    void whoMayConnectToASocketThatIsPassedIsNotTheDaemonsToSay() throws IOException, InterruptedException {
        final String control = VarveProcess.control(home).toString();
        for (final String option : List.of("--control-mode=660", "--control-group=daemon")) {
            refused(
                    start(List.of(control, "LISTEN_FDS=1", "LISTEN_PID=PID"), "daemon", option),
                    option.replaceFirst("=.*", "") + ": the socket is inherited, and who made it has set that");
            Files.delete(Path.of(control));
        }
    }

    @Test
    void serveTakesItsSocketFromTheServiceManager() throws IOException, InterruptedException {
        final Path socket = rig.socket("one");
        final String[] serve = {"serve", "one", "--store", rig.url("one")};
        try (VarveProcess process = start(List.of(socket.toString(), "LISTEN_FDS=1", "LISTEN_PID=PID"), serve)) {
            process.awaitOut(line -> line.equals("varve: volume one: 256M, is ready on the inherited socket"));
            try (FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
                assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            }
            process.signal("TERM");
            assertThat(process.awaitExit()).isZero();
        }
    }

    @Test
    void whatIsPassedToAnotherProcessOrIsNotOneSocketIsRefused() throws IOException, InterruptedException {
        final String[] serve = {"serve", "one", "--store", rig.url("one")};
        final String first = home.resolve("first").toString();
        final String second = home.resolve("second").toString();
        refused(start(List.of(first, "LISTEN_FDS=1", "LISTEN_PID=1"), serve), "nowhere to listen at: ");
        refused(
                start(List.of(second, home.resolve("third").toString(), "LISTEN_FDS=2", "LISTEN_PID=PID"), serve),
                "the service manager passes 2 sockets, and one is what is needed");
        refused(start(List.of("LISTEN_FDS=1", "LISTEN_PID=PID"), serve), "LISTEN_FDS: fd 3 is no Unix stream socket");
    }

    private static void refused(final VarveProcess process, final String reason) throws InterruptedException {
        try (process) {
            assertThat(process.awaitExit()).isEqualTo(2);
            assertThat(process.err()).startsWith("varve: ").contains(reason).hasLineCount(1);
        }
    }

    @Test
    void unitsAreWhatSystemdTakes() throws IOException, InterruptedException {
        assumeThat(Path.of("/usr/bin/systemd-analyze")).exists();
        final List<String> command = new ArrayList<>(List.of("systemd-analyze", "verify"));
        try (Stream<Path> units = Files.list(PACKAGING.resolve("systemd"))) {
            for (final Path unit : units.toList()) {
                final String name = unit.getFileName().toString().replace("@.", "@data.");
                final String text = Files.readString(unit).replace("/opt/varve/bin/varve ", "/bin/true ");
                command.add(Files.writeString(home.resolve(name), text).toString());
            }
        }
        assertThat(command).hasSizeGreaterThan(2);
        final Process verify =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        assertThat(new String(verify.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(verify.waitFor()).isZero();
    }

    /** Guests' memory is charged to whoever touches it first, so that a limit would kill the daemon for what guests have. */
    @ParameterizedTest
    @ValueSource(strings = {"varve-daemon.service", "varve@.service"})
    void theUnitsHaveLimitsButForMemory(final String unit) throws IOException {
        assertThat(Files.readAllLines(PACKAGING.resolve("systemd").resolve(unit)))
                .contains("LimitNOFILE=65536", "LimitCORE=0")
                .anyMatch(line -> line.startsWith("TasksMax="))
                .noneMatch(line -> line.startsWith("Memory"));
    }

    /** A daemon without memory is started again instead; a command that ends says why by itself. */
    @ParameterizedTest
    @CsvSource({"daemon, true", "serve, true", "volume, false"})
    void theCommandEndsAProcessWithoutMemory(final String command, final boolean isExpected)
            throws IOException, InterruptedException {
        final Path bin = Files.createDirectories(home.resolve("dist/bin"));
        Files.copy(Path.of("src/main/dist/bin/varve"), bin.resolve("varve"));
        script(bin.resolve("find-java"), "echo '" + home + "'");
        script(Files.createDirectories(home.resolve("bin")).resolve("java"), "printf '%s\\n' \"$@\"");
        final Process process = new ProcessBuilder("bash", bin.resolve("varve").toString(), command)
                .redirectErrorStream(true)
                .start();
        final List<String> arguments = process.inputReader().lines().toList();
        assertThat(process.waitFor()).isZero();
        assertThat(arguments).endsWith(command);
        assertThat(arguments.contains("-XX:+ExitOnOutOfMemoryError")).isEqualTo(isExpected);
    }

    private static void script(final Path path, final String text) throws IOException {
        Files.writeString(path, "#!/usr/bin/env bash\n" + text + "\n");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** The fields of {@code VhostUserBackend} in QEMU's docs/interop/vhost-user.json. */
    @Test
    void theDescriptionForQemuNamesTheProgramThatTheBuildLaysOut() throws IOException {
        final var description =
                JSON.std.mapFrom(Files.readString(PACKAGING.resolve("qemu").resolve("50-varve-blk.json")));
        assertThat(description.keySet()).isEqualTo(Set.of("description", "type", "binary"));
        assertThat(description).containsEntry("type", "block");
        final Path program = Path.of((String) description.get("binary"));
        assertThat(Path.of("src/main/dist/bin").resolve(program.getFileName())).isExecutable();
    }
}
