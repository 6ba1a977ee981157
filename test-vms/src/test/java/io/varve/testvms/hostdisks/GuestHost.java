package io.varve.testvms.hostdisks;

import io.varve.launcher.cli.Main;
import io.varve.launcher.config.Environment;
import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * The host of the tests of host disks: runs in a guest, with a daemon beside it or elsewhere, and does what an administrator would.
 * Ends with status 0 when all was as it should be.
 */
public final class GuestHost implements AutoCloseable {
    private static final Path HOME = Path.of("/tmp/home");
    private static final Path DIRECTORY = Path.of("/tmp/volume");
    private static final Path NBD0 = Path.of("/sys/block/nbd0");
    private static final long LIMIT_MS = 600_000;
    private static final long SIZE = 384L << 20;
    private static final long GROWN = 512L << 20;
    private static final int FILES_BETWEEN = 10;

    /** With this death of the daemon the mapper dies, too. */
    private static final int MAPPER_TOO = 2;

    /** What kernels say of file systems and disks that are not well. */
    private static final Map<String, String> SETTINGS = Map.of(
            "HOME", HOME.toString(),
            "VARVE_CONFIG", "/dev/null",
            "VARVE_CONTROL", VarveProcess.control(HOME).toString(),
            "VARVE_STORE", "file:///mnt/store",
            "VARVE_CACHE", "/mnt/cache",
            "VARVE_CACHE_SIZE", "64M");

    private static final List<String> COMPLAINTS = List.of(
            "I/O error",
            "EXT4-fs error",
            "EXT4-fs warning",
            "Aborting journal",
            "Shutting down",
            "Corruption",
            "log mount");

    private final Map<String, String> options;
    private VarveProcess daemon;

    private GuestHost(final Map<String, String> options) {
        this.options = options;
    }

    public static void main(final String[] args) throws InterruptedException {
        final Map<String, String> options = new HashMap<>();
        for (int i = 0; i < args.length; i += 2) {
            options.put(args[i], args[i + 1]);
        }
        int status = 1;
        try (GuestHost host = new GuestHost(options)) {
            host.run();
            status = 0;
        } catch (final AssertionError | IOException | RuntimeException e) {
            // The console is all that the host sees of it.
            e.printStackTrace(System.out);
        }
        System.exit(status);
    }

    private void run() throws IOException, InterruptedException {
        Files.createDirectories(HOME);
        Files.createDirectories(DIRECTORY);
        final String fileSystem = options.get("--fs");
        final String other = fileSystem.equals("xfs") ? "ext4" : "xfs";
        if (isInside()) {
            start();
            varve("volume", "create", "data", "--size", Long.toString(SIZE));
        }
        step("map");
        refuses("no volume of Varve is mounted at", "unmount", DIRECTORY.toString());
        require(map().equals("/dev/nbd0\n"), "data is /dev/nbd0");
        require(map().equals("/dev/nbd0\n"), "and stays it");
        refuses("is mapped for writing already", source("map", "data", "--read-only"));
        refuses("is blank: say which file system", source("mount", "data", DIRECTORY.toString()));
        varve(source("mount", "data", DIRECTORY.toString(), "--fs", fileSystem));
        require(
                varve("mapped", "--json").contains("\"mounted_at\" : [ \"" + DIRECTORY + "\" ]"),
                "it is listed as mounted");
        refuses("is in use at /dev/nbd0: unmount it first", "unmap", "data");
        // Each command starts one until there is one, and those that are too many end.
        awaitThat("there is one mapper", () -> mappers().size() == 1);
        step("load");
        final FsyncLoad load = new FsyncLoad(DIRECTORY);
        try (load) {
            load.awaitMore(FILES_BETWEEN);
            final int kills = Integer.parseInt(options.get("--kills"));
            for (int kill = 1; kill <= kills; kill++) {
                dies(kill);
                // One may have been done already, and one may need nothing of the disk.
                load.awaitMore(3);
            }
            // The network may be away meanwhile.
            grow(fileSystem);
            load.awaitMore(FILES_BETWEEN);
        }
        step("verify");
        varve("unmount", DIRECTORY.toString());
        nothingIsLeft();
        refuses("holds " + fileSystem + ", not " + other, source("mount", "data", DIRECTORY.toString(), "--fs", other));
        nothingIsLeft();
        varve(source("map", "data", "--read-only"));
        check(fileSystem);
        varve("unmap", "/dev/nbd0");
        varve(source("mount", "data", DIRECTORY.toString()));
        load.verify();
        varve("unmount", DIRECTORY.toString());
        nothingIsLeft();
        listenToKernel();
        awaitThat("the mapper has ended", () -> mappers().isEmpty());
        program(List.of("rmmod", "nbd"));
        refuses("is not loaded: run 'modprobe nbd'", source("map", "data"));
    }

    private boolean isInside() {
        return !options.containsKey("--server");
    }

    private String map() {
        return varve(source("map", "data"));
    }

    /** A command that maps, from where the volume is. */
    private String[] source(final String... arguments) {
        final List<String> all = new ArrayList<>(List.of(arguments));
        if (!isInside()) {
            all.addAll(List.of("--nbd", options.get("--server")));
        }
        return all.toArray(String[]::new);
    }

    /** The daemon is killed and started again: here, or by whoever reads this. */
    private void dies(final int number) throws IOException, InterruptedException {
        final long beginNs = System.nanoTime();
        if (number == MAPPER_TOO) {
            mappers().forEach(ProcessHandle::destroyForcibly);
            awaitThat("the mapper has gone", () -> mappers().isEmpty());
        }
        value("kill=" + number);
        if (isInside()) {
            daemon.kill();
            start();
        }
        if (number == MAPPER_TOO) {
            // Which starts a mapper, since there is none.
            require(map().equals("/dev/nbd0\n"), "it stays where it is");
        }
        awaitThat("the kernel has another connection", () -> reconnections() >= number);
        value("connected_after_ms=" + (System.nanoTime() - beginNs) / 1_000_000);
    }

    private static long reconnections() {
        try {
            return program(List.of("dmesg"))
                    .lines()
                    .filter(line -> line.contains("reconnected socket"))
                    .count();
        } catch (final IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void start() throws IOException, InterruptedException {
        daemon = VarveProcess.start(
                HOME,
                List.of("env", "JAVA_TOOL_OPTIONS=-Xmx192m"),
                "daemon",
                "--cache",
                "/mnt/cache",
                "--cache-size",
                "64M",
                "--store",
                "file:///mnt/store");
        daemon.awaitOut(line -> line.contains(" is ready, "));
    }

    private void grow(final String fileSystem) throws IOException, InterruptedException {
        final long before = DIRECTORY.toFile().getTotalSpace();
        value("grow=" + GROWN);
        if (isInside()) {
            varve("volume", "resize", "data", "--size", Long.toString(GROWN));
        }
        awaitThat("the device grows", () -> read(NBD0.resolve("size")).equals(Long.toString(GROWN / 512)));
        program(
                fileSystem.equals("xfs")
                        ? List.of("xfs_growfs", DIRECTORY.toString())
                        : List.of("resize2fs", "/dev/nbd0"));
        require(DIRECTORY.toFile().getTotalSpace() - before > (GROWN - SIZE) * 3 / 4, "the file system grows");
    }

    private void check(final String fileSystem) throws IOException, InterruptedException {
        program(
                fileSystem.equals("xfs")
                        ? List.of("xfs_repair", "-n", "/dev/nbd0")
                        : List.of("e2fsck", "-fn", "/dev/nbd0"));
    }

    private void nothingIsLeft() throws IOException {
        require(!Files.exists(NBD0.resolve("pid")), "the device is not in use");
        require(read(NBD0.resolve("size")).equals("0"), "the device has no size");
        require(varve("mapped", "--json").strip().matches("\\[\\s*\\]"), "nothing is listed");
        require(!isInside() || !varve("status").contains("data"), "the daemon serves it no more");
        require(
                filesIn(Path.of("/run/varve-mapper")).stream().noneMatch(name -> name.startsWith("nbd")),
                "no file is left");
    }

    private static List<String> filesIn(final Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private void listenToKernel() throws IOException, InterruptedException {
        final String log = program(List.of("dmesg"));
        final List<String> complaints = log.lines()
                .filter(line -> COMPLAINTS.stream().anyMatch(line::contains))
                .toList();
        require(complaints.isEmpty(), "the kernel complains of nothing, but: " + complaints);
    }

    private String varve(final String... arguments) {
        final StringWriter out = new StringWriter();
        final StringWriter err = new StringWriter();
        final long beginNs = System.nanoTime();
        final int status = run(out, err, arguments);
        value("ms=" + (System.nanoTime() - beginNs) / 1_000_000 + " varve " + String.join(" ", arguments));
        require(status == 0, "varve " + String.join(" ", arguments) + " ends well, but: " + status + " " + err);
        return out.toString();
    }

    private void refuses(final String reason, final String... arguments) {
        final StringWriter err = new StringWriter();
        final int status = run(new StringWriter(), err, arguments);
        require(
                status == 2
                        && err.toString().contains(reason)
                        && err.toString().lines().count() == 1,
                "varve " + String.join(" ", arguments) + " says: " + reason + ", but: " + status + " " + err);
    }

    private static int run(final StringWriter out, final StringWriter err, final String... arguments) {
        return Main.run(arguments, new Environment(SETTINGS), new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private static String program(final List<String> command) throws IOException, InterruptedException {
        final Process process =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        final String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        final int status = process.waitFor();
        require(status == 0, String.join(" ", command) + " ends well, but: " + status + "\n" + printed);
        return printed;
    }

    /** Their command lines are longer than what a {@link ProcessHandle} tells of them. */
    private static List<ProcessHandle> mappers() {
        return ProcessHandle.allProcesses()
                .filter(process ->
                        read(Path.of("/proc/" + process.pid() + "/cmdline")).contains("\0mapper\0"))
                .toList();
    }

    private static String read(final Path file) {
        try {
            return Files.readString(file).strip();
        } catch (final IOException e) {
            return "";
        }
    }

    private static void awaitThat(final String what, final BooleanSupplier isSo) throws InterruptedException {
        final long deadlineNs = System.nanoTime() + LIMIT_MS * 1_000_000;
        while (!isSo.getAsBoolean()) {
            require(System.nanoTime() - deadlineNs < 0, what);
            Thread.sleep(100);
        }
    }

    private static void require(final boolean isSo, final String what) {
        if (!isSo) {
            throw new AssertionError("this has to be so: " + what);
        }
    }

    private static void step(final String name) {
        System.out.println("\n@@ step " + name);
    }

    private static void value(final String what) {
        System.out.println("\n@@ value " + what);
    }

    @Override
    public void close() {
        if (daemon != null) {
            System.out.println(daemon.describe());
            daemon.close();
        }
    }
}
