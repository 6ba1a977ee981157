package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.config.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import tools.jackson.jr.ob.JSON;

class UsageTest {
    @TempDir
    private Path home;

    static Stream<Arguments> wrongUses() {
        return Stream.of(
                wrong("missing required subcommand; see 'varve --help'"),
                wrong("there is no command 'frob'; see 'varve --help'", "frob"),
                wrong("missing required subcommand; see 'varve volume --help'", "volume"),
                wrong("unknown option: '--jsn'; see 'varve volume list --help'", "volume", "list", "--jsn"),
                wrong("missing required parameter: 'NAME'; see 'varve volume create --help'", "volume", "create"),
                wrong(
                        "missing required option: '--size=SIZE'; see 'varve volume create --help'",
                        "volume",
                        "create",
                        "data"),
                wrong(
                        "--size: 'big' is not a size: give bytes, or a whole number with K, M, G or T (10G)",
                        "volume",
                        "create",
                        "data",
                        "--size",
                        "big"),
                wrong(
                        "expected parameter for option '--size' but found '--json'; see 'varve volume create --help'",
                        "volume",
                        "create",
                        "data",
                        "--size",
                        "--json"),
                wrong("missing required parameter: 'NAME'; see 'varve volume info --help'", "volume", "info"),
                wrong(
                        "nowhere to listen at: give --socket-path PATH, --fd N or --nbd ADDRESS, or have a service"
                                + " manager pass a socket (LISTEN_FDS)",
                        "serve",
                        "data"),
                wrong("missing required parameter: 'VOLUME'; see 'varve map --help'", "map"),
                wrong("missing required parameter: 'DIR'; see 'varve mount --help'", "mount", "data"),
                wrong("there is no directory /nowhere to mount at", "mount", "data", "/nowhere"),
                wrong(
                        "--fs: '/bin/sh' is no file system: say ext4, xfs or the like",
                        "mount",
                        "data",
                        "/",
                        "--fs",
                        "/bin/sh"),
                wrong("--give-up-after: a second is the least", "map", "data", "--give-up-after", "999ms"),
                wrong("'nowhere' is no address for NBD: say unix:PATH or HOST:PORT", "map", "data", "--nbd", "nowhere"),
                wrong(
                        "'localhost:0' is no address for NBD: a port is from 1 to 65535",
                        "serve",
                        "data",
                        "--nbd",
                        "localhost:0"),
                wrong(
                        "'localhost:65536' is no address for NBD: a port is from 1 to 65535",
                        "serve",
                        "data",
                        "--nbd",
                        "localhost:65536"),
                wrong("no volume of Varve is mounted at /", "unmount", "/"),
                wrong("there is no directory /nowhere", "unmount", "/nowhere"),
                wrong(
                        "--socket-path=PATH, --fd=N are mutually exclusive (specify only one); see 'varve serve"
                                + " --help'",
                        "serve",
                        "data",
                        "--fd",
                        "3",
                        "--socket-path",
                        "x"),
                wrong(
                        "invalid value for option '--socket-path': '?' is not a path: Nul character not allowed; see"
                                + " 'varve serve --help'",
                        "serve",
                        "data",
                        "--socket-path",
                        "\0"),
                wrong(
                        "--store: '/?' is not a path: Nul character not allowed",
                        "volume",
                        "list",
                        "--store",
                        "file:///%00"),
                wrong(
                        "invalid value for option '--fd': 'x' is not an int; see 'varve serve --help'",
                        "serve",
                        "data",
                        "--fd",
                        "x"),
                wrong(
                        "--store: store 's3://' names no bucket; give it as s3://BUCKET or s3://BUCKET/PREFIX",
                        "volume",
                        "list",
                        "--store",
                        "s3://"),
                wrong(
                        "--socket-mode: '999' is not a mode: give three octal digits, as for chmod (660)",
                        "serve",
                        "data",
                        "--socket-path",
                        "x",
                        "--socket-mode",
                        "999"),
                wrong(
                        "missing required options and parameters: '--size=SIZE', 'NAME'; see 'varve volume resize"
                                + " --help'",
                        "volume",
                        "resize"),
                wrong(
                        "--size: 'big' is not a size: give bytes, or a whole number with K, M, G or T (10G)",
                        "volume",
                        "resize",
                        "data",
                        "--size",
                        "big"),
                wrong(
                        "no daemon answers at /nope: start one with 'varve daemon', or name its socket with --control",
                        "volume",
                        "list",
                        "--control",
                        "/nope"),
                wrong(
                        "--socket-mode: the socket is inherited, and who made it has set that: leave it out",
                        "serve",
                        "data",
                        "--fd",
                        "3",
                        "--socket-mode",
                        "660"),
                wrong(
                        "--shared: 'data' is served read-only, and any number may read: leave it out",
                        "serve",
                        "data",
                        "--socket-path",
                        "x",
                        "--read-only",
                        "--shared"),
                wrong(
                        "--shared: one front-end at a time is all that there can be at QEMU's socket: leave it out, or"
                                + " give --nbd as well",
                        "serve",
                        "data",
                        "--socket-path",
                        "x",
                        "--shared"),
                wrong(
                        "--take-over: 'data@a' is served read-only, which takes nothing from anybody and reads no log:"
                                + " leave it out",
                        "serve",
                        "data@a",
                        "--socket-path",
                        "x",
                        "--take-over"),
                wrong(
                        "--accept-data-loss: 'data' is served read-only, which takes nothing from anybody and reads no"
                                + " log: leave it out",
                        "serve",
                        "data",
                        "--socket-path",
                        "x",
                        "--read-only",
                        "--accept-data-loss"),
                wrong(
                        "--s3-region: store file:///nope is a directory: leave it out, or name an s3:// store with"
                                + " --store",
                        "volume",
                        "list",
                        "--store",
                        "file:///nope",
                        "--s3-region",
                        "here"),
                wrong(
                        "--s3-endpoint: store file:///nope is a directory: leave it out, or name an s3:// store with"
                                + " --store",
                        "serve",
                        "data",
                        "--socket-path",
                        "x",
                        "--store",
                        "file:///nope",
                        "--s3-endpoint",
                        "http://127.0.0.1:9"),
                wrong(
                        "--s3-path-style: store file:///nope is a directory: leave it out, or name an s3:// store with"
                                + " --store",
                        "daemon",
                        "--control",
                        "x",
                        "--store",
                        "file:///nope",
                        "--s3-path-style"),
                wrong(
                        "--cache-size: 'data' is served read-only, and nothing is written: leave it out",
                        "serve",
                        "data",
                        "--socket-path",
                        "x",
                        "--cache-size",
                        "64M",
                        "--read-only"),
                wrong(
                        "--gc-rate: 'data@a' is served read-only, and nothing is written: leave it out",
                        "serve",
                        "data@a",
                        "--socket-path",
                        "x",
                        "--gc-rate",
                        "1M"),
                wrong("missing required parameter: 'VOLUME'; see 'varve attach --help'", "attach"),
                wrong("missing required parameter: 'VOLUME'; see 'varve detach --help'", "detach"),
                wrong(
                        "there is nothing that this could mean: 'two three'; see 'varve status --help'",
                        "status",
                        "one",
                        "two",
                        "three"),
                wrong("there is nothing that this could mean: 'data'; see 'varve daemon --help'", "daemon", "data"),
                wrong(
                        "no daemon answers at /nope: start one with 'varve daemon', or name its socket with --control",
                        "status",
                        "--control",
                        "/nope"),
                wrong(
                        "no daemon answers at /nope: start one with 'varve daemon', or name its socket with --control",
                        "attach",
                        "data",
                        "--control",
                        "/nope"),
                wrong(
                        "no daemon answers at /nope: start one with 'varve daemon', or name its socket with --control",
                        "detach",
                        "data",
                        "--control",
                        "/nope"),
                wrong("--control: the path is empty", "status", "--control", ""),
                wrong(
                        "cannot listen at /nope/control: there is no directory /nope",
                        "daemon",
                        "--control",
                        "/nope/control"),
                wrong(
                        "cannot listen at /dev/shm/varve-test.sock: there is no group 'nobody-has-this'",
                        "daemon",
                        "--control",
                        "/dev/shm/varve-test.sock",
                        "--control-group",
                        "nobody-has-this"),
                wrong(
                        "--control-mode: '8' is not a mode: give three octal digits, as for chmod (660)",
                        "daemon",
                        "--control-mode",
                        "8"),
                wrong("settings file /nope does not exist", "volume", "list", "--config", "/nope"),
                wrong(
                        "--cache-size: the cache's size is 32M to 1T, not 1K",
                        "serve",
                        "data",
                        "--socket-path",
                        "x",
                        "--cache-size",
                        "1K"));
    }

    private static Arguments wrong(final String line, final String... args) {
        return Arguments.of("varve: " + line + "\n", args);
    }

    @ParameterizedTest
    @MethodSource("wrongUses")
    void wrongUseIsOneLineAndStatusTwoAndChangesNothing(final String line, final String[] args) throws IOException {
        final CommandRun run = CommandRun.in(home, args);
        assertThat(run.err()).isEqualTo(line);
        assertThat(run.out()).isEmpty();
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(home).isEmptyDirectory();
    }

    @Test
    void whatIsNotMappedCountsAsUnmapped() {
        for (final String what : List.of("nothing", "/dev/nbd4095")) {
            assertThat(CommandRun.in(home, "unmap", what))
                    .isEqualTo(new CommandRun(0, what + " was not mapped." + System.lineSeparator(), ""));
        }
    }

    @Test
    void everyCommandAndOptionIsDescribed() {
        final List<CommandLine> commands = commands();
        assertThat(commands).hasSizeGreaterThan(6);
        for (final CommandLine command : commands) {
            final CommandLine.Model.CommandSpec spec = command.getCommandSpec();
            assertThat(spec.usageMessage().description())
                    .as(spec.qualifiedName())
                    .isNotEmpty();
            assertThat(spec.args())
                    .as(spec.qualifiedName())
                    .allSatisfy(arg ->
                            assertThat(String.join("", arg.description())).isNotEmpty());
        }
    }

    @Test
    void everyCommandHasHelp() {
        for (final CommandLine command : commands()) {
            final List<String> args = new ArrayList<>(
                    List.of(command.getCommandSpec().qualifiedName().split(" ")));
            args.removeFirst();
            args.add("--help");
            final CommandRun run = CommandRun.in(home, args.toArray(String[]::new));
            assertThat(run.status()).isZero();
            assertThat(run.err()).isEmpty();
            assertThat(run.out())
                    .startsWith("Usage: " + command.getCommandSpec().qualifiedName())
                    .contains("--config=FILE")
                    .contains("--help");
        }
    }

    @Test
    void helpBreaksNoPathAndNoName() {
        for (final CommandLine command : commands()) {
            final String help = command.getUsageMessage(CommandLine.Help.Ansi.OFF);
            assertThat(help.lines())
                    .as(command.getCommandSpec().qualifiedName())
                    .noneMatch(line -> line.matches(".*[^ ][-/] *"))
                    .noneMatch(line -> line.chars().anyMatch(c -> c >= 0xe000 && c <= 0xf8ff));
        }
        assertThat(CommandRun.in(home, "attach", "--help").out().replaceAll("\\s+", " "))
                .contains("varve/control.sock in $XDG_RUNTIME_DIR or /run")
                .contains("--allow-unfit-store");
    }

    private List<CommandLine> commands() {
        final List<CommandLine> all = new ArrayList<>();
        final List<CommandLine> open = new ArrayList<>(List.of(Main.commandLine(new Environment(Map.of()))));
        while (!open.isEmpty()) {
            final CommandLine next = open.removeFirst();
            all.add(next);
            open.addAll(next.getSubcommands().values());
        }
        return all;
    }

    @Test
    void versionIsOneLine() {
        final CommandRun run = CommandRun.in(home, "--version");
        assertThat(run.status()).isZero();
        assertThat(run.out()).startsWith("varve ").hasLineCount(1);
    }

    @Test
    void capabilitiesFollowTheConventionsAndIgnoreAllElse() throws IOException {
        for (final String[] args : List.of(
                new String[] {"serve", "--print-capabilities"},
                new String[] {"serve", "--unknown", "--print-capabilities", "--fd", "x"})) {
            final CommandRun run = CommandRun.in(home, args);
            assertThat(run.status()).isZero();
            assertThat(run.err()).isEmpty();
            assertThat(JSON.std.mapFrom(run.out()))
                    .isEqualTo(Map.of("type", "block", "features", List.of("read-only")));
        }
    }

    @Test
    void completionIsAScriptThatBashTakes() throws IOException, InterruptedException {
        final CommandRun run = CommandRun.in(home, "completion");
        assertThat(run.status()).isZero();
        final Path script = Files.writeString(home.resolve("varve.bash"), run.out());
        final Process bash = new ProcessBuilder("bash", "-c", """
            compopt() { :; }
            source "$1" || exit 9
            COMP_WORDS=(varve volume cr) COMP_CWORD=2 COMP_LINE='varve volume cr'
            _complete_varve
            printf '%s\\n' "${COMPREPLY[@]}"
            """, "bash", script.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(bash.getInputStream().readAllBytes())).isEqualTo("create\n");
        assertThat(bash.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(bash.exitValue()).isZero();
    }

    @Test
    void anUnexpectedExceptionIsOneLineUnlessDebugging() {
        final java.io.StringWriter err = new java.io.StringWriter();
        final Errors quiet = new Errors(new Environment(Map.of()), new java.io.PrintWriter(err, true));
        assertThat(quiet.handle(new IllegalStateException("one\ntwo"))).isEqualTo(ExitStatus.INTERNAL_ERROR);
        assertThat(err)
                .hasToString("varve: internal error: java.lang.IllegalStateException: one; two;"
                        + " run it again with VARVE_DEBUG=1 and report what it prints\n");

        err.getBuffer().setLength(0);
        final Errors debugging =
                new Errors(new Environment(Map.of(Errors.DEBUG_VARIABLE, "1")), new java.io.PrintWriter(err, true));
        debugging.handle(new IllegalStateException("one"));
        assertThat(err.toString()).contains("\tat " + UsageTest.class.getName());
    }
}
