package io.varve.launcher.cli;

import io.varve.control.rpc.ControlClient;
import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.control.LiveFigures;
import io.varve.launcher.control.RemoteVolumes;
import io.varve.launcher.volume.Descriptions;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.StoreVolumes;
import io.varve.launcher.volume.VolumeInUseException;
import io.varve.launcher.volume.VolumeSettingText;
import io.varve.launcher.volume.Volumes;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code varve volume}: volumes as a store knows them. A daemon that serves the one in
 * question is asked; else none is needed, nor disturbed.
 */
@Command(
        name = "volume",
        description = "Create, list, show, change, verify, copy and remove volumes.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        subcommands = {
            VolumeCommand.Create.class,
            VolumeCommand.ListAll.class,
            VolumeCommand.Info.class,
            VolumeStatusCommand.class,
            VolumeFenceCommand.class,
            VolumeDuCommand.class,
            VolumeSetCommand.class,
            VolumeMetadataCommand.class,
            VolumeRenameCommand.class,
            VolumeResizeCommand.class,
            VolumeFlattenCommand.class,
            VolumeVerifyCommand.class,
            VolumeExportCommand.class,
            VolumeImportCommand.class,
            VolumeCommand.Remove.class
        })
final class VolumeCommand {
    /** A command on the volumes of a store. */
    abstract static class OnStore extends Subcommand {
        @Mixin
        private StoreOption store;

        @Mixin
        private ControlOption control;

        @Option(names = "--json", description = "Answer in JSON.")
        private boolean json;

        private int status = ExitStatus.OK;

        private Map<String, String> given() {
            final Map<String, String> given = new LinkedHashMap<>();
            store.collect(given);
            collect(given);
            return given;
        }

        /** Adds what was given on the command line beside the store, as texts by the keys of their settings. */
        void collect(final Map<String, String> given) {}

        final boolean json() {
            return json;
        }

        /** The volume that the command is about; null when there is none yet, or all are meant. */
        String volume() {
            return null;
        }

        @Override
        public final Integer call() throws VolumeException {
            prepare();
            final Settings settings = settings();
            final Map<String, String> given = given();
            final Settings own = settings.with(given, Setting.OF_VOLUME);
            final ServingDaemon serving = new ServingDaemon(
                    control, own, given.containsKey(Setting.STORE.key()), () -> store.open(settings, createsStore()));
            try (ControlClient daemon = serving.find(volume())) {
                if (daemon != null) {
                    run(new RemoteVolumes(daemon, control.isGiven() ? given : Map.of()));
                } else {
                    runHere(serving, own);
                }
            }
            out().flush();
            err().flush();
            return status;
        }

        /** Says of a volume that it is left out, and goes on; the command's exit status says so too. */
        final void tellBroken(final String message) {
            err().println("varve: " + message);
            status = ExitStatus.FAILED;
        }

        /** Says why volumes of a list can't be read. */
        final void tellUnreadable(final List<VolumeInfo> all) {
            all.stream()
                    .filter(info -> !info.isReadable())
                    .forEach(info -> tellBroken("volume '" + info.name() + "' can't be read: " + info.trouble()));
        }

        private void runHere(final ServingDaemon serving, final Settings own) throws VolumeException {
            try (ObjectStore opened = serving.openStore()) {
                run(new StoreVolumes(opened, own));
            } catch (final VolumeInUseException e) {
                try (ControlClient daemon = serving.ofLog(e)) {
                    run(new RemoteVolumes(daemon, Map.of()));
                }
            }
        }

        /** Checks what can be checked before the store is touched. */
        void prepare() {}

        boolean createsStore() {
            return false;
        }

        abstract void run(Volumes volumes) throws VolumeException;
    }

    private static String time(final Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** {@code varve volume create}. */
    @Command(
            name = "create",
            description = "Create a volume. It takes no space until it is written to.",
            footerHeading = "%nExample:%n",
            footer = "  varve volume create data --size 10G")
    static final class Create extends OnStore {
        @Parameters(
                paramLabel = "NAME",
                description = "Name: 1 to 128 characters but '/', '@' and control characters, not beginning with '-'.")
        private String name;

        @Option(
                names = "--size",
                paramLabel = "SIZE",
                description =
                        "Size in bytes, or with K, M, G or T for powers of 1024: a multiple of 512, at most 64T. A"
                                + " clone has its snapshot's unless told otherwise.")
        private String size;

        @Option(
                names = "--from",
                paramLabel = "VOLUME@SNAPSHOT",
                description =
                        "Make a clone: a volume that begins as a snapshot and shares its data. It has the settings of"
                                + " that one's volume where none are given.")
        private String from;

        @Option(
                names = "--durability",
                paramLabel = "WHAT",
                description =
                        "What a completed flush survives: 'log', the loss of power, or 'store', the loss of the host as"
                                + " well: then it waits for the store (default: log).")
        private String durability;

        @Option(
                names = "--max-unsent-bytes",
                paramLabel = "SIZE",
                description =
                        "How much may be acknowledged and not yet be in the store: beyond that, writes wait (default:"
                                + " 0, as much as the log holds).")
        private String maxUnsentBytes;

        @Option(
                names = "--max-unsent-age",
                paramLabel = "TIME",
                description = "How long something acknowledged may be missing from the store: beyond that, writes wait"
                        + " (default: 0s, for ever).")
        private String maxUnsentAge;

        @Option(
                names = "--fence-timeout",
                paramLabel = "TIME",
                description =
                        "Answer nothing when the store has not confirmed for so long that no other daemon has taken the"
                                + " volume; one that takes it over waits as long (default: 0s, don't).")
        private String fenceTimeout;

        @Option(
                names = "--compression",
                paramLabel = "CODEC",
                description =
                        "How what is stored is compressed: 'none', 'lz4', 'zstd' or 'zstd:LEVEL', with a level from"
                                + " -7, the fastest, to 19 (default: none).")
        private String compression;

        @Mixin
        private FitnessOption fitness;

        private final Map<VolumeSettingText, String> changes = new EnumMap<>(VolumeSettingText.class);
        private VolumeSettings volumeSettings;
        private SnapshotName origin;

        @Override
        void prepare() {
            origin = from == null ? null : SnapshotName.parse(from);
            if (origin == null && size == null) {
                throw new UserException("missing required option: '--size=SIZE'; see 'varve volume create --help'");
            }
            volumeSettings = VolumeSettings.ofSize(size == null ? 0 : parseSize());
            set(VolumeSettingText.DURABILITY, durability);
            set(VolumeSettingText.MAX_UNSENT_BYTES, maxUnsentBytes);
            set(VolumeSettingText.MAX_UNSENT_AGE, maxUnsentAge);
            set(VolumeSettingText.FENCE_TIMEOUT, fenceTimeout);
            set(VolumeSettingText.COMPRESSION, compression);
        }

        private void set(final VolumeSettingText setting, final String text) {
            if (text != null) {
                volumeSettings = setting.set(volumeSettings, text, "--" + setting.key());
                changes.put(setting, text);
            }
        }

        private long parseSize() {
            try {
                return ByteSize.parse(size);
            } catch (final UserException e) {
                throw new UserException("--size: " + e.getMessage(), e);
            }
        }

        @Override
        boolean createsStore() {
            return true;
        }

        @Override
        void run(final Volumes volumes) throws VolumeException {
            final VolumeInfo info = origin == null
                    ? volumes.create(name, volumeSettings, fitness.isUnfitAllowed())
                    : volumes.cloneOf(origin, name, volumeSettings.sizeBytes(), changes);
            if (json()) {
                out().println(JsonOutput.volume(info));
            } else if (origin != null) {
                out().println("Created volume " + info.name() + " of " + ByteSize.format(info.sizeBytes())
                        + ", a clone of " + origin + ".");
            } else {
                out().println("Created volume " + info.name() + " of " + ByteSize.format(info.sizeBytes()) + ".");
            }
        }
    }

    /** {@code varve volume list}. */
    @Command(name = "list", description = "List the volumes of a store.")
    static final class ListAll extends OnStore {
        @Override
        void run(final Volumes volumes) throws VolumeException {
            final List<VolumeInfo> all = volumes.list();
            if (json()) {
                out().println(JsonOutput.volumes(all));
                tellUnreadable(all);
                return;
            }
            final TextTable table =
                    new TextTable("lrrrll").row("NAME", "SIZE", "OBJECTS", "STORED", "STATE", "CREATED");
            for (final VolumeInfo info : all) {
                final boolean isKnown = info.isReadable();
                table.row(
                        info.name(),
                        isKnown ? ByteSize.format(info.sizeBytes()) : "-",
                        isKnown ? Long.toString(info.objects()) : "-",
                        isKnown ? ByteSize.label(info.storedBytes()) : "-",
                        Descriptions.word(info.state()),
                        isKnown ? time(info.created()) : "-");
            }
            table.print(out());
            tellUnreadable(all);
        }
    }

    /** {@code varve volume info}. */
    @Command(
            name = "info",
            description = "Show what is known of a volume; while a daemon here serves it, live figures too.")
    static final class Info extends OnStore {
        @Parameters(paramLabel = "NAME", description = "Name of the volume.")
        private String name;

        @Mixin
        private CacheOption cache;

        @Override
        String volume() {
            return name;
        }

        @Override
        void run(final Volumes volumes) throws VolumeException {
            final VolumeInfo info = volumes.info(name);
            final Map<String, Object> live = live(info, cache.directory(settings()));
            if (json()) {
                out().println(JsonOutput.volume(info, live));
                return;
            }
            final TextTable table = new TextTable("ll")
                    .row("name", info.name())
                    .row("uuid", info.uuid().toString())
                    .row("size", bytes(info.sizeBytes()))
                    .row("created", time(info.created()))
                    .row("objects", Long.toString(info.objects()))
                    .row("stored", bytes(info.storedBytes()))
                    .row("state", Descriptions.word(info.state()))
                    .row("durability", VolumeSettingText.DURABILITY.describe(info))
                    .row("max unsent", VolumeSettingText.MAX_UNSENT_BYTES.describe(info))
                    .row("max age", VolumeSettingText.MAX_UNSENT_AGE.describe(info))
                    .row("fence", VolumeSettingText.FENCE_TIMEOUT.describe(info))
                    .row("compression", VolumeSettingText.COMPRESSION.describe(info))
                    .row("clone of", info.parent() == null ? "-" : info.parent())
                    .row("opened", info.opened() == null ? "never" : time(info.opened()) + " by " + info.openedBy());
            if (live != null) {
                table.row("served", "here, by a daemon whose front-end is " + live.get("front_end"))
                        .row(
                                "unsent",
                                bytes(number(live, "unsent_bytes")) + " of the log, in "
                                        + number(live, "unsent_records") + " records, the oldest for "
                                        + number(live, "unsent_age_ms") + " ms")
                        .row(
                                "log",
                                bytes(number(live, "log_used_bytes")) + " in use of "
                                        + bytes(number(live, "log_bytes")));
                table.row(
                        "read cache",
                        bytes(number(live, "cached_bytes")) + " of its objects; it has served "
                                + number(live, "cache_hits") + " reads, and the store " + number(live, "cache_misses"));
                if (live.containsKey("gc_limit_bytes")) {
                    table.row(
                                    "space",
                                    bytes(number(live, "live_bytes")) + " live and "
                                            + bytes(number(live, "garbage_bytes")) + " garbage in the store; collection"
                                            + (Boolean.TRUE.equals(live.get("gc_paused"))
                                                    ? " is paused"
                                                    : " begins beyond " + bytes(number(live, "gc_limit_bytes"))))
                            .row("amplification", amplification(live));
                }
                if (live.get("trouble") != null) {
                    table.row("trouble", live.get("trouble").toString());
                }
            }
            table.print(out());
        }

        private static Map<String, Object> live(final VolumeInfo info, final Path cacheDirectory)
                throws VolumeException {
            try {
                return LiveFigures.of(cacheDirectory, info.uuid());
            } catch (final IOException e) {
                throw new VolumeException("cannot read live figures: " + e.getMessage(), e);
            }
        }

        private static String amplification(final Map<String, Object> live) {
            final long written = number(live, "written_bytes");
            return written == 0
                    ? "nothing written since it was opened"
                    : String.format(
                            Locale.ROOT,
                            "%.2f bytes put for each written since it was opened",
                            (double) number(live, "put_bytes") / written);
        }

        private static long number(final Map<String, Object> live, final String field) {
            return live.get(field) instanceof Number value ? value.longValue() : 0;
        }

        private static String bytes(final long bytes) {
            final String brief = ByteSize.format(bytes);
            return brief.equals(Long.toString(bytes)) ? brief : brief + " (" + bytes + " bytes)";
        }
    }

    /** {@code varve volume remove}. */
    @Command(
            name = "remove",
            description =
                    "Remove a volume: its objects in the store and its log in the cache. A volume that is not there"
                            + " counts as removed; one that a daemon here has open, or that has clones, is refused."
                            + " What an interrupted removal has left behind is removed by the same command again.")
    static final class Remove extends OnStore {
        @Parameters(paramLabel = "NAME", description = "Name of the volume.")
        private String name;

        @Mixin
        private CacheOption cache;

        @Mixin
        private Progress.Choice progressChoice;

        @Override
        String volume() {
            return name;
        }

        @Override
        void collect(final Map<String, String> given) {
            cache.collect(given);
        }

        @Override
        void run(final Volumes volumes) throws VolumeException {
            final Progress progress = progressChoice.begin(err());
            final boolean removed =
                    volumes.remove(name, (done, total, bytes) -> progress.show("deleted", done, total, bytes));
            progress.clear();
            if (json()) {
                out().println(JsonOutput.removed(name, removed));
            } else {
                out().println(removed ? "Removed volume " + name + "." : "There was no volume " + name + ".");
            }
        }
    }
}
