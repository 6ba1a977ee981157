package io.varve.launcher.cli;

import io.varve.hostdisks.DiskTable;
import io.varve.hostdisks.HostDiskException;
import io.varve.hostdisks.Mapper;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.systemd.ServiceManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code varve mapper}: the process that keeps mapped disks connected. */
@Command(
        name = "mapper",
        description =
                "Keep the volumes that are disks of this host connected when their daemon is restarted, and let them grow; in the"
                        + " foreground, until SIGTERM or SIGINT. 'varve map' starts one in the background where none runs. Needs root.")
final class MapperCommand extends Subcommand {
    private static final String UNTIL_UNMAPPED = "--until-unmapped";

    @Option(names = UNTIL_UNMAPPED, description = "End when nothing is mapped any more.")
    private boolean isUntilUnmapped;

    @Override
    public Integer call() {
        try (ServiceManager manager = ServiceManager.of(environment())) {
            final Optional<Mapper> mapper = Mapper.open(new DiskTable(DiskTable.DIRECTORY), this::say);
            if (mapper.isEmpty()) {
                throw new UserException("a mapper runs on this host already");
            }
            manager.ready();
            mapper.get().run(isUntilUnmapped);
            return ExitStatus.OK;
        } catch (final HostDiskException e) {
            throw new UserException(e.getMessage(), e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitStatus.OK;
        }
    }

    private synchronized void say(final String line) {
        err().println("varve: " + line);
        err().flush();
    }

    /** Starts one that outlives this process, and ends with the last mapped disk. One too many ends by itself. */
    static void startInBackground() {
        final ProcessBuilder builder = new ProcessBuilder(List.of(
                // With a session of its own: what ends the caller's terminal does not end it.
                "setsid",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx48m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dfile.encoding=UTF-8",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "mapper",
                UNTIL_UNMAPPED));
        builder.directory(Path.of("/").toFile());
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        try {
            builder.start();
        } catch (final IOException e) {
            throw new UserException(
                    "no mapper could be started, which connects the disk again after a restart of the daemon: start"
                            + " 'varve mapper'",
                    e);
        }
    }
}
