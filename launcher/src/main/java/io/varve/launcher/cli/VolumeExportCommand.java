package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.runtime.EngineRuntime;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.FileOutput;
import io.varve.lsvd.transfer.SparseOutput;
import io.varve.lsvd.transfer.StreamOutput;
import io.varve.lsvd.transfer.VolumeExport;
import io.varve.lsvd.transfer.VolumeState;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
final class VolumeExportCommand extends InterruptibleCommand {
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

    private VolumeExport.Format form;

    @Override
    void prepare() {
        form = switch (ImageFormat.of(format, file)) {
            case RAW -> VolumeExport.Format.RAW;
            case QCOW2 -> VolumeExport.Format.QCOW2;
            case DIFF -> throw new UserException("a whole volume is exported as raw or qcow2");
        };
        if (file.equals(PIPE) && Progress.isTerminal(STDOUT)) {
            throw new UserException("a disk is not written to a terminal: name a file, or a pipe");
        }
    }

    @Override
    ObjectStore openStore() {
        return store.open(settings(), false);
    }

    @Override
    int run(final ObjectStore opened, final Cancellation cancellation) throws VolumeException, IOException {
        final EngineRuntime runtime = new SystemRuntime();
        final VolumeInfo info = new VolumeCatalog(opened).info(name);
        if (info.state().equals("open")) {
            err().println("varve: volume " + name + " is open, by " + info.openedBy()
                    + ": this exports what the store holds of it now");
        }
        final StoreClient client = new StoreClient(opened, runtime, StoreClient.DEFAULT_TIMEOUT_MS);
        try (History history = new HistoryReader(client, info.uuid()).read()) {
            final VolumeExport export = new VolumeExport(
                    client,
                    runtime,
                    VolumeState.of(name, info.uuid(), history, info.sizeBytes()),
                    cancellation,
                    (bytes, total) -> progress().show("exported", bytes, total, bytes));
            write(output -> export.write(form, output));
            progress().clear();
            if (!isStream()) {
                out().println("Exported volume " + name + ", " + ByteSize.format(export.totalBytes()) + " of data, to "
                        + file + ".");
            }
        }
        return ExitStatus.OK;
    }

    @Override
    String remains() {
        return isStream() ? "what was written so far is not all" : "there is no file " + file;
    }

    @Override
    String describe(final IOException e) {
        return "volume '" + name + "' cannot be exported: " + e.getMessage()
                + (e instanceof NoSuchObjectException
                        ? "; whoever has it open has gone on meanwhile, or else 'varve volume verify' tells more"
                        : "");
    }

    /** What is there and is no plain file is written from its beginning to its end. */
    private boolean isStream() {
        return file.equals(PIPE) || Files.exists(Path.of(file)) && !Files.isRegularFile(Path.of(file));
    }

    /** What writes to an output that it is given. */
    @FunctionalInterface
    private interface Writer {
        void writeTo(SparseOutput output) throws IOException;
    }

    private void write(final Writer writer) throws IOException {
        if (file.equals(PIPE)) {
            writer.writeTo(new StreamOutput(new FileOutputStream(FileDescriptor.out).getChannel()));
        } else if (isStream()) {
            try (FileChannel channel = FileChannel.open(Path.of(file), StandardOpenOption.WRITE)) {
                writer.writeTo(new StreamOutput(channel));
            }
        } else {
            try (FileOutput output = FileOutput.create(Path.of(file))) {
                writer.writeTo(output);
            } catch (final FileAlreadyExistsException e) {
                throw new UserException(e.getMessage() + " exists already: remove it, or export to another file", e);
            }
        }
    }
}
