package io.varve.testvms;

import io.varve.launcher.logging.Logging;
import io.varve.testvms.powercut.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Volumes as disks of guests, on kernels and file systems in turn; what {@code dev/host-disks} runs. */
final class HostDisks {
    private static final int FAILED = 1;
    private static final int WRONG_USE = 2;
    private static final Duration AWAY = Duration.ofSeconds(30);

    private HostDisks() {}

    /** Exit status: 0 nothing found, 1 something found, 2 wrong use. */
    public static void main(final String[] arguments) throws IOException, InterruptedException {
        Logging.setLevel(System.Logger.Level.WARNING);
        int kills = 20;
        List<String> fileSystems = List.of("ext4", "xfs");
        List<String> daemons = List.of("beside", "inside");
        List<GuestKernel> kernels = GuestKernel.all();
        Path directory = Path.of("test-vms/target/host-disks");
        for (int i = 0; i < arguments.length; i += 2) {
            final String value = i + 1 < arguments.length ? arguments[i + 1] : "";
            switch (arguments[i]) {
                case "--kills" -> kills = Integer.parseInt(chosen(arguments[i], value, "[0-9]{1,4}"));
                case "--fs" ->
                    fileSystems = List.of(chosen(arguments[i], value, "(ext4|xfs)(,(ext4|xfs))?")
                            .split(","));
                case "--daemon" ->
                    daemons = List.of(chosen(arguments[i], value, "(beside|inside)(,(beside|inside))?")
                            .split(","));
                case "--kernel" ->
                    kernels = List.of(
                            chosen(arguments[i], value, "6[.](1|12)").equals("6.12")
                                    ? GuestKernel.ofTrixie()
                                    : GuestKernel.ofMachine());
                case "--directory" -> directory = Path.of(chosen(arguments[i], value, ".+"));
                default -> refuse("unknown option " + arguments[i]);
            }
        }
        boolean isWell = true;
        for (final GuestKernel kernel : kernels) {
            final Optional<String> lack = HostDiskGuest.lack(kernel);
            if (lack.isPresent()) {
                refuse(lack.get());
            }
            for (final String fileSystem : fileSystems) {
                for (final String daemon : daemons) {
                    final Path files =
                            directory.toAbsolutePath().resolve(kernel.name().replace(' ', '-'));
                    isWell &= run(files, kernel, fileSystem, kills, daemon);
                }
            }
        }
        System.exit(isWell ? 0 : FAILED);
    }

    private static boolean run(
            final Path directory,
            final GuestKernel kernel,
            final String fileSystem,
            final int kills,
            final String daemon)
            throws IOException, InterruptedException {
        System.out.println(
                "host disks: " + fileSystem + " on " + kernel + ", the daemon " + daemon + ", " + kills + " kills");
        final List<Program> programs = new ArrayList<>();
        // Under /tmp, because the path of a socket has at most 107 bytes.
        final Path host = Files.createTempDirectory(Path.of("/tmp"), "varve-host-disks");
        try {
            final HostDiskGuest guest = new HostDiskGuest(directory, Emulator.ofMachine(), kernel);
            final String told = daemon.equals("inside")
                    ? guest.runWithDaemon(fileSystem, kills)
                    : guest.runBeside(new VarveHost(host, programs::add), fileSystem, kills, AWAY);
            told.lines()
                    .filter(line -> line.startsWith("@@ value connected") || line.startsWith("@@ boot"))
                    .forEach(System.out::println);
            return true;
        } catch (final AssertionError e) {
            System.out.println("host disks: FOUND: " + e.getMessage());
            return false;
        } finally {
            for (final Program program : programs) {
                program.kill();
            }
            Commands.run("rm", "-r", host.toString());
        }
    }

    private static String chosen(final String option, final String value, final String pattern) {
        if (!value.matches(pattern)) {
            refuse(option + " can't be '" + value + "'; see dev/host-disks --help");
        }
        return value;
    }

    private static void refuse(final String why) {
        System.err.println("host-disks: " + why);
        System.exit(WRONG_USE);
    }
}
