package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.Settings;
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
                    names.put(info.uuid(), info.name());
                }
                run(new LogInventory(directory, opened), directory, names);
            }
            out().flush();
            return ExitStatus.OK;
        }

        abstract void run(LogInventory logs, Path directory, Map<UUID, String> names) throws VolumeException;
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
                "  damaged      it can't be read",
            })
    static final class ListAll extends OnCache {
        @Option(names = "--json", description = "Answer in JSON.")
        private boolean json;

        @Override
        void run(final LogInventory logs, final Path directory, final Map<UUID, String> names) throws VolumeException {
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
            description = "Save what a local log holds and the store lacks to a file. The log stays as it is.",
            footerHeading = "%nExample:%n",
            footer = "  varve cache rescue data --to data.rescued")
    static final class Rescue extends OnCache {
        @Parameters(paramLabel = "VOLUME", description = "Name or UUID of the volume.")
        private String volume;

        @Option(names = "--to", required = true, paramLabel = "FILE", description = "The file to make.")
        private Path target;

        @Option(
                names = "--epoch",
                paramLabel = "N",
                description =
                        "Which of the volume's logs, if several hold something, by its epoch as 'varve cache list' shows it.")
        private Long epoch;

        @Override
        void run(final LogInventory logs, final Path directory, final Map<UUID, String> names) throws VolumeException {
            final Entry log = choose(logs.list(), names);
            final Unsent saved = logs.rescue(log.file(), target);
            out().println("Saved " + saved.records() + " records, " + ByteSize.format(saved.bytes()) + ", of epoch "
                    + log.epoch() + " to " + target + ".");
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
