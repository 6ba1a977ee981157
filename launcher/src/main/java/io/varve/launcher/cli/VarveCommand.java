package io.varve.launcher.cli;

import io.varve.launcher.config.Environment;
import io.varve.launcher.config.Settings;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The {@code varve} command itself: what holds for all its subcommands. */
@Command(
        name = "varve",
        description = "Log-structured virtual disks for QEMU on object storage.",
        subcommands = {
            VolumeCommand.class,
            SnapshotCommand.class,
            CacheCommand.class,
            ServeCommand.class,
            DaemonCommand.class,
            AttachCommand.class,
            DetachCommand.class,
            StatusCommand.class,
            MapCommand.class,
            UnmapCommand.class,
            MappedCommand.class,
            MountCommand.class,
            UnmountCommand.class,
            MapperCommand.class,
            GcCommand.class,
            StoreCommand.class,
            KeyCommand.class,
            CompletionCommand.class
        },
        versionProvider = VersionProvider.class,
        synopsisSubcommandLabel = "COMMAND",
        sortOptions = false,
        sortSynopsis = false,
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nSettings:%n",
        footer = {
            "  Options with the same name as a setting win over variables (VARVE_STORE,",
            "  VARVE_CACHE, VARVE_CACHE_SIZE, ...), these over the TOML file, and the file",
            "  over the defaults. See docs/configuration.md.",
            "",
            "Exit status: 0 done; 1 the daemon failed, a store is not fit, a volume is damaged or could not be",
            "copied; 2 wrong use, with one line that says what; 70 a fault in Varve itself.",
        })
final class VarveCommand {
    private final Environment environment;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "Settings file (default: $VARVE_CONFIG, else ~/.config/varve/varve.toml, else"
                    + " /etc/varve/varve.toml).")
    private Path config;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help and exit.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version and exit.")
    private boolean version;

    VarveCommand(final Environment environment) {
        this.environment = environment;
    }

    Environment environment() {
        return environment;
    }

    Settings settings() {
        return Settings.load(config, environment);
    }
}
