package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.volume.QemuImg;
import io.varve.launcher.volume.VolumeImporter;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.transfer.ChangeSource;
import io.varve.lsvd.transfer.RawFileSource;
import io.varve.lsvd.transfer.RawStreamSource;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.LongSupplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve volume import}. */
@Command(
        name = "import",
        description =
                "Make a volume of an image. It has its name only when all of it is in the store. Holes and zeros take"
                        + " no space.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  varve volume import debian.qcow2 debian",
            "  zstdcat data.raw.zst | varve volume import - data",
        })
final class VolumeImportCommand extends Subcommand {
    private static final String PIPE = "-";

    @Parameters(index = "0", paramLabel = "FILE", description = "The image, or '-' for the standard input.")
    private String file;

    @Parameters(index = "1", paramLabel = "NAME", description = "Name of the volume to make.")
    private String name;

    @Option(
            names = "--format",
            paramLabel = "WHAT",
            description = "raw or qcow2, which qemu-img reads (default: as the file's name ends, else raw).")
    private String format;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            description = "Size of the volume, if it is to be larger than the image.")
    private String size;

    @Mixin
    private StoreOption store;

    @Mixin
    private CacheOption cache;

    @Mixin
    private FitnessOption fitness;

    @Mixin
    private Progress.Choice progressChoice;

    private Interruption interruption;
    private Progress progress;
    private Settings settings;
    private ObjectStore opened;

    @Override
    public Integer call() throws VolumeException {
        final ImageFormat form = ImageFormat.of(format, file);
        final long leastBytes = parseSize();
        settings = settings().with(given(), Setting.OF_VOLUME);
        try (Interruption signals = new Interruption();
                ObjectStore closing = store.open(settings, true)) {
            interruption = signals;
            opened = closing;
            progress = progressChoice.begin(err());
            final VolumeInfo info = switch (form) {
                case RAW -> isStream() ? importStream(leastBytes) : importRaw(checked(), leastBytes);
                case QCOW2 -> importQcow2(leastBytes);
                case DIFF -> throw new UserException("a difference can't be imported yet");
            };
            progress.clear();
            out().println("Imported volume " + info.name() + " of " + ByteSize.format(info.sizeBytes()) + ", "
                    + ByteSize.format(info.storedBytes()) + " in the store.");
            out().flush();
            return ExitStatus.OK;
        } catch (final CancellationException e) {
            progress.clear();
            err().println("varve: broken off; there is no volume " + name);
            return ExitStatus.FAILED;
        } catch (final NoSuchFileException e) {
            throw new UserException("there is no file " + file, e);
        } catch (final IOException e) {
            progress.clear();
            err().println("varve: " + file + " cannot be imported: " + e.getMessage());
            return ExitStatus.FAILED;
        } finally {
            err().flush();
        }
    }

    private Map<String, String> given() {
        final Map<String, String> given = new LinkedHashMap<>();
        store.collect(given);
        cache.collect(given);
        return given;
    }

    private long parseSize() {
        try {
            return size == null ? 0 : ByteSize.parse(size);
        } catch (final UserException e) {
            throw new UserException("--size: " + e.getMessage(), e);
        }
    }

    /** What is there and is no plain file is read from its beginning to its end. */
    private boolean isStream() {
        return file.equals(PIPE) || Files.exists(Path.of(file)) && !Files.isRegularFile(Path.of(file));
    }

    private Path checked() throws IOException {
        final Path path = Path.of(file);
        if (format == null) {
            ImageFormat.requireNoOther(path);
        }
        return path;
    }

    private VolumeInfo importRaw(final Path path, final long leastBytes) throws VolumeException, IOException {
        try (RawFileSource source = new RawFileSource(path)) {
            final long bytes = source.diskSize();
            if (leastBytes != 0 && leastBytes < bytes) {
                throw new UserException(
                        "--size: the image has " + ByteSize.format(bytes) + ", and the volume can't be smaller");
            }
            if (bytes == 0 && leastBytes == 0) {
                throw new UserException("there is nothing to import: " + file + " is empty");
            }
            final long sizeBytes = Math.max(bytes, leastBytes);
            return importNew(sizeBytes, source, () -> sizeBytes, source::position, bytes);
        }
    }

    private VolumeInfo importStream(final long sizeBytes) throws VolumeException, IOException {
        try (FileChannel channel = file.equals(PIPE)
                        ? new FileInputStream(FileDescriptor.in).getChannel()
                        : FileChannel.open(Path.of(file), StandardOpenOption.READ);
                RawStreamSource source = new RawStreamSource(channel, sizeBytes)) {
            return importNew(
                    sizeBytes == 0 ? Blocks.MAX_VOLUME_SIZE : sizeBytes,
                    source,
                    () -> sizeBytes == 0 ? source.position() : sizeBytes,
                    source::position,
                    sizeBytes);
        }
    }

    private VolumeInfo importQcow2(final long leastBytes) throws VolumeException, IOException {
        if (isStream()) {
            throw new UserException("a qcow2 image can't be read from a pipe: name a file");
        }
        final Path image = Path.of(file);
        if (!Files.exists(image)) {
            throw new NoSuchFileException(file);
        }
        Files.createDirectories(settings.get(Setting.CACHE));
        final Path directory = Files.createTempDirectory(settings.get(Setting.CACHE), "import-");
        final Path raw = directory.resolve("disk.raw");
        try {
            new QemuImg(interruption).convert(image.toAbsolutePath(), raw);
            return importRaw(raw, leastBytes);
        } finally {
            Files.deleteIfExists(raw);
            Files.deleteIfExists(directory);
        }
    }

    private VolumeInfo importNew(
            final long sizeBytes,
            final ChangeSource source,
            final LongSupplier finalBytes,
            final LongSupplier position,
            final long totalBytes)
            throws VolumeException, IOException {
        return new VolumeImporter(
                        opened,
                        settings,
                        interruption,
                        bytes -> progress.show("imported", position.getAsLong(), totalBytes, bytes))
                .importNew(name, VolumeSettings.ofSize(sizeBytes), fitness.isUnfitAllowed(), source, finalBytes);
    }
}
