package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.Settings;
import io.varve.launcher.volume.LogRescue;
import io.varve.lsvd.LogInventory;
import io.varve.lsvd.LogInventory.Entry;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.rescue.LocalLog.Unsent;
import io.varve.lsvd.store.ObjectStore;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve cache}: the local logs of this host. None of this disturbs a running daemon. */
@Command(
        name = "cache",
        description = "List the local logs of this host, and rescue what never came into the store.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        subcommands = {CacheCommand.ListAll.class, CacheCommand.Rescue.class})
final class CacheCommand {
    private abstract static class OnCache extends Subcommand {
        @Mixin
        private StoreOption store;

        @Mixin
        private CacheOption cache;

        @Override
        public final Integer call() throws VolumeException {
            final Settings settings = settings();
            final Path directory = cache.directory(settings);
            try (ObjectStore opened = store.open(settings, false)) {
                final Map<UUID, String> names = new HashMap<>();
                for (final VolumeInfo info : new VolumeCatalog(opened).list()) {
                    if (info.uuid() != null) {
                        names.put(info.uuid(), info.name());
                    }
                }
                run(opened, settings, new LogInventory(directory, opened), names);
            }
            out().flush();
            return ExitStatus.OK;
        }

        final Path directory(final Settings settings) {
            return cache.directory(settings);
        }

        abstract void run(ObjectStore opened, Settings settings, LogInventory logs, Map<UUID, String> names)
                throws VolumeException;
    }

    private static String state(final Entry log) {
        return log.state().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** {@code varve cache list}. */
    @Command(
            name = "list",
            description =
                    "List the local logs: of which volume and epoch, how large, and how much of each the store lacks.",
            footerHeading = "%nStates:%n",
            footer = {
                "  in use       a daemon has it open",
                "  current      the next start here goes on with it",
                "  superseded   the volume was opened elsewhere since; see 'varve cache rescue'",
                "  unknown      the store has no such volume",
                "  unfinished   left half made by a process that was killed; the next start here takes its place",
                "  damaged      it can't be read",
            })
    static final class ListAll extends OnCache {
        @Option(names = "--json", description = "Answer in JSON.")
        private boolean json;

        @Override
        void run(
                final ObjectStore opened,
                final Settings settings,
                final LogInventory logs,
                final Map<UUID, String> names)
                throws VolumeException {
            final Path directory = directory(settings);
            final List<Entry> entries = logs.list();
            if (json) {
                out().println(JsonOutput.logs(entries, names));
                return;
            }
            final TextTable table = new TextTable("lrrrll").row("VOLUME", "EPOCH", "SIZE", "UNSENT", "STATE", "FILE");
            for (final Entry log : entries) {
                table.row(
                        names.getOrDefault(log.volume(), log.volume().toString()),
                        log.epoch() < 0 ? "-" : Long.toString(log.epoch()),
                        ByteSize.format(log.sizeBytes()),
                        log.unsentBytes() < 0 ? "-" : ByteSize.format(log.unsentBytes()),
                        state(log),
                        directory.relativize(log.file()).toString());
            }
            table.print(out());
        }
    }

    /** {@code varve cache rescue}. */
    @Command(
            name = "rescue",
            description =
                    "Save what a local log holds and the store lacks to a file or a clone. The log stays as it is.",
            footerHeading = "%nExample:%n",
            footer = {"  varve cache rescue data --to data.rescued", "  varve cache rescue data --clone data-of-host-1"
            })
    static final class Rescue extends OnCache {
        @Parameters(paramLabel = "VOLUME", description = "Name or UUID of the volume.")
        private String volume;

        @ArgGroup(exclusive = true, multiplicity = "1")
        private Target target;

        private static final class Target {
            @Option(names = "--to", paramLabel = "FILE", description = "The file to make.")
            private Path file;

            @Option(
                    names = "--clone",
                    paramLabel = "NAME",
                    description =
                            "The volume to make: a clone of how the volume was when it was taken over, with what is"
                                    + " saved on top.")
            private String clone;
        }

        @Option(
                names = "--epoch",
                paramLabel = "N",
                description =
                        "Which of the volume's logs, if several hold something, by its epoch as 'varve cache list' shows it.")
        private Long epoch;

        @Override
        void run(
                final ObjectStore opened,
                final Settings settings,
                final LogInventory logs,
                final Map<UUID, String> names)
                throws VolumeException {
            final Entry log = choose(logs.list(), names);
            final Unsent saved = target.clone == null
                    ? logs.rescue(log.file(), target.file)
                    : new LogRescue(opened, settings, logs)
                            .toClone(names.getOrDefault(log.volume(), volume), log.file(), target.clone);
            out().println("Saved " + saved.records() + " records, " + ByteSize.format(saved.bytes()) + ", of epoch "
                    + log.epoch() + " to " + (target.clone == null ? target.file : "volume " + target.clone) + ".");
            if (saved.isDamaged()) {
                err().println("varve: " + log.file() + " is damaged: records behind these are not readable");
            }
        }

        private Entry choose(final List<Entry> logs, final Map<UUID, String> names) {
            final List<Entry> found = logs.stream()
                    .filter(log -> volume.equals(names.get(log.volume()))
                            || volume.equals(log.volume().toString()))
                    .filter(log -> epoch == null || epoch == log.epoch())
                    .toList();
            if (found.isEmpty()) {
                throw new UserException(
                        "no log of volume '" + volume + "'" + (epoch == null ? "" : " with epoch " + epoch)
                                + " here; 'varve cache list' shows what there is");
            }
            if (found.size() == 1) {
                return found.getFirst();
            }
            final List<Entry> worthwhile =
                    found.stream().filter(log -> log.unsentRecords() > 0).toList();
            if (worthwhile.size() > 1) {
                throw new UserException(
                        worthwhile.size() + " logs of volume '" + volume
                                + "' hold something that the store lacks; name one with --epoch, as 'varve cache list' shows it");
            }
            return worthwhile.isEmpty() ? found.getLast() : worthwhile.getFirst();
        }
    }
}
