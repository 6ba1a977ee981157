package io.varve.launcher.cli;

import io.varve.control.SnapshotDescription;
import io.varve.control.SnapshotListCall;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.Volumes;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code varve snapshot}. */
@Command(
        name = "snapshot",
        description = "Take, list, name, protect and remove snapshots of volumes, and go back to them.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        subcommands = {
            SnapshotCommand.Create.class,
            SnapshotCommand.ListAll.class,
            SnapshotCommand.Rename.class,
            SnapshotCommand.Protect.class,
            SnapshotCommand.Unprotect.class,
            SnapshotCommand.Rollback.class,
            SnapshotCommand.Remove.class
        })
final class SnapshotCommand {
    /** A command on one snapshot. */
    abstract static class OnSnapshot extends VolumeCommand.OnStore {
        @Parameters(paramLabel = "VOLUME@SNAPSHOT", description = "The snapshot.")
        private String text;

        @Mixin
        private CacheOption cache;

        private SnapshotName name;

        @Override
        void prepare() {
            name = SnapshotName.parse(text);
        }

        @Override
        void collect(final Map<String, String> given) {
            cache.collect(given);
        }

        @Override
        final String volume() {
            return name.volume();
        }

        final SnapshotName name() {
            return name;
        }

        final void tell(final SnapshotDescription info, final String line) {
            out().println(json() ? JsonOutput.answer(info) : line);
        }
    }

    /** {@code varve snapshot create}. */
    @Command(
            name = "create",
            description =
                    "Take a snapshot, also while a daemon here serves the volume: it holds all that was acknowledged"
                            + " before, and is in the store when this ends.",
            footerHeading = "%nExample:%n",
            footer = "  varve snapshot create data@monday")
    static final class Create extends OnSnapshot {
        @Override
        void run(final Volumes volumes) throws VolumeException {
            final SnapshotDescription info = volumes.createSnapshot(name());
            final String taken = info.takenUs() == null
                    ? ""
                    : String.format(Locale.ROOT, ", taken within %.1f ms", info.takenUs() / 1000.0);
            tell(info, "Created snapshot " + name() + taken + ".");
        }
    }

    /** {@code varve snapshot list}. */
    @Command(name = "list", description = "List the snapshots of a volume, oldest first.")
    static final class ListAll extends VolumeCommand.OnStore {
        @Parameters(paramLabel = "VOLUME", description = "Name of the volume.")
        private String volume;

        @Override
        String volume() {
            return volume;
        }

        @Override
        void run(final Volumes volumes) throws VolumeException {
            final List<SnapshotDescription> all = volumes.listSnapshots(volume);
            if (json()) {
                out().println(JsonOutput.answer(new SnapshotListCall.Answer(all, null)));
                return;
            }
            final TextTable table = new TextTable("lrlll").row("NAME", "SIZE", "CREATED", "PROTECTED", "CLONES");
            for (final SnapshotDescription info : all) {
                table.row(
                        info.name(),
                        ByteSize.format(info.sizeBytes()),
                        Instant.parse(info.created())
                                .truncatedTo(ChronoUnit.SECONDS)
                                .toString(),
                        info.isProtected() ? "yes" : "no",
                        String.join(",", info.clones()));
            }
            table.print(out());
        }
    }

    /** {@code varve snapshot rename}. */
    @Command(name = "rename", description = "Give a snapshot another name.")
    static final class Rename extends OnSnapshot {
        @Parameters(paramLabel = "NAME", index = "1", description = "The new name, without the volume's.")
        private String to;

        @Override
        void prepare() {
            super.prepare();
            SnapshotName.check(to);
        }

        @Override
        void run(final Volumes volumes) throws VolumeException {
            tell(
                    volumes.renameSnapshot(name(), to),
                    "Snapshot " + name() + " is " + name().volume() + "@" + to + " now.");
        }
    }

    /** {@code varve snapshot protect}. */
    @Command(name = "protect", description = "Let a snapshot not be removed.")
    static final class Protect extends OnSnapshot {
        @Override
        void run(final Volumes volumes) throws VolumeException {
            tell(volumes.protectSnapshot(name(), true), "Snapshot " + name() + " is protected now.");
        }
    }

    /** {@code varve snapshot unprotect}. */
    @Command(name = "unprotect", description = "Let a snapshot be removed again.")
    static final class Unprotect extends OnSnapshot {
        @Override
        void run(final Volumes volumes) throws VolumeException {
            tell(volumes.protectSnapshot(name(), false), "Snapshot " + name() + " is not protected any more.");
        }
    }

    /** {@code varve snapshot rollback}. */
    @Command(
            name = "rollback",
            description = "Have a volume that nobody has open go back to a snapshot, its size as well. What was written"
                    + " since is lost, but for what later snapshots hold; these stay.")
    static final class Rollback extends OnSnapshot {
        @Override
        void run(final Volumes volumes) throws VolumeException {
            final VolumeInfo info = volumes.rollBack(name());
            out().println(
                            json()
                                    ? JsonOutput.volume(info)
                                    : "Volume " + info.name() + " is as snapshot " + name() + " again.");
        }
    }

    /** {@code varve snapshot remove}. */
    @Command(
            name = "remove",
            description =
                    "Remove a snapshot; one that is not there counts as removed. Whoever has the volume open, now or"
                            + " next, gives the space back.")
    static final class Remove extends OnSnapshot {
        @Override
        void run(final Volumes volumes) throws VolumeException {
            final boolean removed = volumes.removeSnapshot(name());
            if (json()) {
                out().println(JsonOutput.removed(name().toString(), removed));
            } else {
                out().println(removed ? "Removed snapshot " + name() + "." : "There was no snapshot " + name() + ".");
            }
        }
    }
}
