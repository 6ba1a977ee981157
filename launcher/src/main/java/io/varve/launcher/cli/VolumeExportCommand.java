package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.UserPath;
import io.varve.launcher.image.ImageFormat;
import io.varve.launcher.volume.SnapshotName;
import io.varve.launcher.volume.VolumeExporter;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.transfer.FileOutput;
import io.varve.lsvd.transfer.StreamOutput;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve volume export}. */
@Command(
        name = "export",
        description =
                "Copy a volume to a file, as the store holds it now. The file has its name only when it is whole.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  varve volume export data data.qcow2",
            "  varve volume export data@monday - | zstd > data.raw.zst",
            "  varve volume export data tuesday.vdiff --from monday --to tuesday",
        })
final class VolumeExportCommand extends InterruptibleCommand {
    private static final String PIPE = "-";
    private static final List<ImageFormat> EXPORTED = List.of(ImageFormat.RAW, ImageFormat.QCOW2, ImageFormat.DIFF);
    private static final Path STDOUT = Path.of("/proc/self/fd/1");

    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the volume, or VOLUME@SNAPSHOT.")
    private String name;

    @Parameters(index = "1", paramLabel = "FILE", description = "The file to make, or '-' for the standard output.")
    private String file;

    @Option(
            names = "--format",
            paramLabel = "WHAT",
            description = "raw or qcow2 (default: as the file's name ends, else raw).")
    private String format;

    @Option(
            names = "--from",
            paramLabel = "SNAPSHOT",
            description = "Write what has changed since a snapshot of the volume, for 'varve volume import'.")
    private String from;

    @Option(
            names = "--to",
            paramLabel = "SNAPSHOT",
            description = "With --from: up to which snapshot (default: as the store holds the volume now).")
    private String to;

    @Mixin
    private StoreOption store;

    private String volume;
    private ImageFormat form;

    @Override
    void prepare() {
        form = from == null || format != null ? whole() : ImageFormat.DIFF;
        if ((form == ImageFormat.DIFF) != (from != null) || to != null && from == null) {
            throw new UserException(
                    "a difference is exported by --from SNAPSHOT, and --to SNAPSHOT or not; a whole volume or"
                            + " snapshot as raw or qcow2");
        }
        volume = name;
        if (SnapshotName.isSnapshot(name)) {
            final SnapshotName snapshot = SnapshotName.parse(name);
            if (to != null) {
                throw new UserException("name the snapshot once: " + name + ", or --to " + to);
            }
            volume = snapshot.volume();
            to = snapshot.snapshot();
        }
        if (file.equals(PIPE) && Progress.isTerminal(STDOUT)) {
            throw new UserException("a disk is not written to a terminal: name a file, or a pipe");
        }
    }

    /** What is asked for, or else what the file's name ends with, or else raw. */
    private ImageFormat whole() {
        final ImageFormat named = ImageFormat.ofSuffix(file);
        final ImageFormat byName = named == null ? ImageFormat.RAW : named;
        final String wanted = format == null ? byName.toString() : format;
        return EXPORTED.stream()
                .filter(one -> one.toString().equals(wanted))
                .findAny()
                .orElseThrow(() -> new UserException(
                        format == null
                                ? file + ": volumes are not exported as " + byName + ": give --format raw or qcow2"
                                : "--format: '" + format + "' is not raw, qcow2 or diff"));
    }

    @Override
    ObjectStore openStore() {
        return store.open(settings(), false);
    }

    @Override
    int run(final ObjectStore opened, final Cancellation cancellation) throws VolumeException, IOException {
        final VolumeInfo info = new VolumeCatalog(opened).info(volume);
        if (to == null && info.state() == VolumeInfo.State.OPEN) {
            err().println("varve: volume " + volume + " is open, by " + info.openedBy()
                    + ": this exports what the store holds of it now");
        }
        final VolumeExporter exporter = new VolumeExporter(opened, cancellation, this::show);
        final long bytes = form == ImageFormat.DIFF
                ? exporter.exportDifference(info, from, to, this::write)
                : exporter.export(info, to, form, this::write);
        progress().clear();
        if (!isStream()) {
            out().println("Exported " + (from == null ? "" : "what has changed of ")
                    + (to == null ? "volume " + volume : "snapshot " + volume + "@" + to) + ", "
                    + ByteSize.format(bytes) + " of data, to " + file + ".");
        }
        return ExitStatus.OK;
    }

    private void show(final long bytes, final long total) {
        progress().show("exported", bytes, total, bytes);
    }

    @Override
    String remains() {
        return isStream() ? "what was written so far is not all" : "there is no file " + file;
    }

    @Override
    String describe(final IOException e) {
        return (to == null ? "volume '" : "snapshot '") + name + "' cannot be exported: " + e.getMessage()
                + (e instanceof NoSuchObjectException
                        ? "; whoever has it open has gone on meanwhile, or else 'varve volume verify' tells more"
                        : "");
    }

    /** What is there and is no plain file is written from its beginning to its end. */
    private boolean isStream() {
        return file.equals(PIPE) || Files.exists(UserPath.of(file)) && !Files.isRegularFile(UserPath.of(file));
    }

    private void write(final VolumeExporter.Content content) throws IOException {
        if (file.equals(PIPE)) {
            content.writeTo(new StreamOutput(new FileOutputStream(FileDescriptor.out).getChannel()));
        } else if (isStream()) {
            try (FileChannel channel = FileChannel.open(UserPath.of(file), StandardOpenOption.WRITE)) {
                content.writeTo(new StreamOutput(channel));
            }
        } else {
            try (FileOutput output = FileOutput.create(UserPath.of(file))) {
                content.writeTo(output);
            } catch (final FileAlreadyExistsException e) {
                throw new UserException(e.getMessage() + " exists already: remove it, or export to another file", e);
            }
        }
    }
}
