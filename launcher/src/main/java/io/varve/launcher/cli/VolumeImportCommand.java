package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.volume.QemuImg;
import io.varve.launcher.volume.VolumeImporter;
import io.varve.linux.OwnerOnly;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.transfer.ChangeSource;
import io.varve.lsvd.transfer.DifferenceReader;
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
final class VolumeImportCommand extends InterruptibleCommand {
    private static final String PIPE = "-";

    @Parameters(index = "0", paramLabel = "FILE", description = "The image, or '-' for the standard input.")
    private String file;

    @Parameters(index = "1", paramLabel = "NAME", description = "Name of the volume to make, or to bring forward.")
    private String name;

    @Option(
            names = "--format",
            paramLabel = "WHAT",
            description = "raw; qcow2, which qemu-img reads; or diff, a difference (default: as the file's name ends,"
                    + " .qcow2 or .vdiff, else raw).")
    private String format;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            description = "Size of the volume, if it is to be larger than the image.")
    private String size;

    @Option(
            names = "--any-base",
            description = "Of a difference: do not check what the volume holds before. Whether it holds what it should"
                    + " afterwards is checked all the same.")
    private boolean anyBase;

    @Mixin
    private StoreOption store;

    @Mixin
    private CacheOption cache;

    @Mixin
    private FitnessOption fitness;

    private ImageFormat form;
    private long leastBytes;
    private Settings settings;
    private Cancellation cancellation;
    private ObjectStore opened;

    @Override
    void prepare() {
        form = ImageFormat.of(format, file);
        leastBytes = parseSize();
        if (form == ImageFormat.DIFF && size != null) {
            throw new UserException("--size: a difference says what size the volume gets");
        }
        if (form == ImageFormat.QCOW2 && isStream()) {
            throw new UserException("a qcow2 image can't be read from a pipe: name a file");
        }
    }

    @Override
    ObjectStore openStore() {
        settings = settings().with(given(), Setting.OF_VOLUME);
        return store.open(settings, form != ImageFormat.DIFF);
    }

    @Override
    int run(final ObjectStore intoStore, final Cancellation breaksOff) throws VolumeException, IOException {
        opened = intoStore;
        cancellation = breaksOff;
        try {
            final String done = switch (form) {
                case RAW -> describe(isStream() ? importStream() : importRaw(checked()));
                case QCOW2 -> describe(importQcow2());
                case DIFF -> importDifference();
            };
            progress().clear();
            out().println(done);
            return ExitStatus.OK;
        } catch (final NoSuchFileException e) {
            throw new UserException("there is no file " + e.getMessage(), e);
        }
    }

    @Override
    String remains() {
        return form == ImageFormat.DIFF ? "nothing was changed" : "there is no volume " + name;
    }

    @Override
    String describe(final IOException e) {
        return file + " cannot be imported: " + e.getMessage();
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

    private VolumeInfo importRaw(final Path path) throws VolumeException, IOException {
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

    private VolumeInfo importStream() throws VolumeException, IOException {
        final long sizeBytes = leastBytes;
        try (RawStreamSource source = new RawStreamSource(openStream(), sizeBytes)) {
            return importNew(
                    sizeBytes == 0 ? Blocks.MAX_VOLUME_SIZE : sizeBytes,
                    source,
                    () -> sizeBytes == 0 ? source.position() : sizeBytes,
                    source::position,
                    sizeBytes);
        }
    }

    private VolumeInfo importQcow2() throws VolumeException, IOException {
        final Path image = Path.of(file);
        if (!Files.exists(image)) {
            throw new NoSuchFileException(file);
        }
        Files.createDirectories(settings.get(Setting.CACHE), OwnerOnly.DIRECTORY);
        final Path directory = Files.createTempDirectory(settings.get(Setting.CACHE), "import-");
        final Path raw = directory.resolve("disk.raw");
        try {
            new QemuImg(cancellation).convert(image.toAbsolutePath(), raw);
            return importRaw(raw);
        } finally {
            Files.deleteIfExists(raw);
            Files.deleteIfExists(directory);
        }
    }

    private String importDifference() throws VolumeException, IOException {
        try (DifferenceReader reader = new DifferenceReader(openStream())) {
            final boolean isNews = new VolumeImporter(
                            opened,
                            settings,
                            cancellation,
                            bytes -> progress()
                                    .show("imported", bytes, reader.header().dataBlocks() << Blocks.SHIFT, bytes))
                    .importDifference(name, reader, anyBase);
            final String state = "'" + reader.header().newer() + "' of volume "
                    + reader.header().volume();
            return isNews
                    ? "Volume " + name + " holds " + state + " now."
                    : "Volume " + name + " holds " + state + " already.";
        }
    }

    private FileChannel openStream() throws IOException {
        return file.equals(PIPE)
                ? new FileInputStream(FileDescriptor.in).getChannel()
                : FileChannel.open(Path.of(file), StandardOpenOption.READ);
    }

    private static String describe(final VolumeInfo info) {
        return "Imported volume " + info.name() + " of " + ByteSize.format(info.sizeBytes()) + ", "
                + ByteSize.format(info.storedBytes()) + " in the store.";
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
                        cancellation,
                        bytes -> progress().show("imported", position.getAsLong(), totalBytes, bytes))
                .importNew(name, VolumeSettings.ofSize(sizeBytes), fitness.isUnfitAllowed(), source, finalBytes);
    }
}
