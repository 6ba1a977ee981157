package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.FileOutput;
import io.varve.lsvd.transfer.SparseOutput;
import io.varve.lsvd.transfer.StreamOutput;
import io.varve.lsvd.transfer.VolumeExport;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CancellationException;
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
            "  varve volume export data - | zstd > data.raw.zst",
        })
final class VolumeExportCommand extends Subcommand {
    private static final String PIPE = "-";
    private static final Path STDOUT = Path.of("/proc/self/fd/1");

    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the volume.")
    private String name;

    @Parameters(index = "1", paramLabel = "FILE", description = "The file to make, or '-' for the standard output.")
    private String file;

    @Option(
            names = "--format",
            paramLabel = "WHAT",
            description = "raw or qcow2 (default: as the file's name ends, else raw).")
    private String format;

    @Mixin
    private StoreOption store;

    @Mixin
    private Progress.Choice progressChoice;

    private Progress progress;

    @Override
    public Integer call() throws VolumeException {
        final VolumeExport.Format form = switch (ImageFormat.of(format, file)) {
            case RAW -> VolumeExport.Format.RAW;
            case QCOW2 -> VolumeExport.Format.QCOW2;
            case DIFF -> throw new UserException("a whole volume is exported as raw or qcow2");
        };
        final EngineRuntime runtime = new SystemRuntime();
        try (Interruption interruption = new Interruption();
                ObjectStore opened = store.open(settings(), false)) {
            progress = progressChoice.begin(err());
            try {
                final VolumeInfo info = new VolumeCatalog(opened).info(name);
                if (info.state().equals("open")) {
                    err().println("varve: volume " + name + " is open, by " + info.openedBy()
                            + ": this exports what the store holds of it now");
                }
                try (VolumeExport export = new VolumeExport(
                        new StoreClient(opened, runtime, StoreClient.DEFAULT_TIMEOUT_MS),
                        runtime,
                        info.uuid(),
                        info.sizeBytes(),
                        interruption,
                        (bytes, total) -> progress.show("exported", bytes, total, bytes))) {
                    export(export, form);
                }
                return ExitStatus.OK;
            } catch (final CancellationException e) {
                progress.clear();
                err().println("varve: broken off" + (isStream() ? "" : "; there is no " + file));
                return ExitStatus.FAILED;
            } catch (final NoSuchObjectException e) {
                progress.clear();
                err().println("varve: volume '" + name + "' cannot be exported: " + e.getMessage()
                        + "; whoever has it open has gone on meanwhile, or 'varve volume verify' finds more missing");
                return ExitStatus.FAILED;
            } catch (final FileAlreadyExistsException e) {
                throw new UserException(e.getMessage() + " exists already: remove it, or export to another file", e);
            } catch (final IOException e) {
                progress.clear();
                err().println("varve: volume '" + name + "' cannot be exported: " + e.getMessage());
                return ExitStatus.FAILED;
            } finally {
                err().flush();
            }
        }
    }

    /** What is there and is no plain file is written from its beginning to its end. */
    private boolean isStream() {
        return file.equals(PIPE) || Files.exists(Path.of(file)) && !Files.isRegularFile(Path.of(file));
    }

    private void export(final VolumeExport export, final VolumeExport.Format form) throws IOException {
        if (file.equals(PIPE)) {
            if (Progress.isTerminal(STDOUT)) {
                throw new UserException("a disk is not written to a terminal: name a file, or a pipe");
            }
            exportTo(export, form, new StreamOutput(new FileOutputStream(FileDescriptor.out).getChannel()));
        } else if (isStream()) {
            try (FileChannel channel = FileChannel.open(Path.of(file), StandardOpenOption.WRITE)) {
                exportTo(export, form, new StreamOutput(channel));
            }
        } else {
            try (FileOutput output = FileOutput.create(Path.of(file))) {
                exportTo(export, form, output);
            }
            out().println("Exported volume " + name + ", " + ByteSize.format(export.totalBytes()) + " of data, to "
                    + file + ".");
            out().flush();
        }
    }

    private void exportTo(final VolumeExport export, final VolumeExport.Format form, final SparseOutput output)
            throws IOException {
        export.write(form, output);
        progress.clear();
    }
}
