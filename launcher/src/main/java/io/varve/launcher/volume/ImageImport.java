package io.varve.launcher.volume;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.Settings;
import io.varve.launcher.image.ImageFormat;
import io.varve.launcher.image.ImageInput;
import io.varve.launcher.image.QemuImage;
import io.varve.lsvd.VolumeCatalog;
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
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.function.LongSupplier;

/** Makes a volume of a file, or brings one forward by a difference. */
public final class ImageImport {
    private final ObjectStore store;
    private final Settings settings;
    private final Cancellation cancellation;
    private final Listener listener;

    /**
     * An import into a store.
     *
     * @param store    left open.
     * @param settings say where the log is kept meanwhile.
     */
    public ImageImport(
            final ObjectStore store,
            final Settings settings,
            final Cancellation cancellation,
            final Listener listener) {
        this.store = store;
        this.settings = settings;
        this.cancellation = cancellation;
        this.listener = listener;
    }

    /** Is told how far it has come, and what people should know. */
    public interface Listener {
        /**
         * Some of it is in the volume.
         *
         * @param done  bytes of the input.
         * @param total of them; 0 when it is not known.
         * @param bytes that were written.
         */
        void onProgress(long done, long total, long bytes);

        /** The image can't be checked for damage. */
        default void onUnchecked(final ImageFormat form) {}
    }

    /**
     * A volume to be made.
     *
     * @param name             its name.
     * @param leastBytes       its size, if the image is smaller; 0 for the image's.
     * @param allowsUnfitStore whether the store is not tried before.
     */
    public record Wanted(String name, long leastBytes, boolean allowsUnfitStore) {}

    /**
     * Opens a file to be imported.
     *
     * @throws UserException when it is not there or can't be read.
     */
    public static ImageInput open(final String file) {
        try {
            return ImageInput.open(file);
        } catch (final IOException e) {
            throw unreadable(file, e);
        }
    }

    /** Says why a file can't be read. */
    public static UserException unreadable(final String file, final IOException e) {
        return switch (e) {
            case NoSuchFileException none -> new UserException(ErrorKind.NOT_FOUND, "there is no file " + file, e);
            case AccessDeniedException denied -> new UserException("cannot read " + file + ": permission denied", e);
            default -> new UserException(ErrorKind.UNAVAILABLE, "cannot read " + file + ": " + e.getMessage(), e);
        };
    }

    /** Makes a volume of an image. */
    public VolumeInfo importImage(final ImageInput input, final ImageFormat form, final Wanted wanted)
            throws VolumeException, IOException {
        if (form.isForQemu()) {
            if (input.isStream()) {
                throw new UserException("a " + form + " image can't be read from a pipe: name a file");
            }
            return importForQemu(input, form, wanted);
        }
        return input.isStream() ? importStream(input, wanted) : importRaw(input, wanted);
    }

    private VolumeInfo importRaw(final ImageInput input, final Wanted wanted) throws VolumeException, IOException {
        try (RawFileSource source = new RawFileSource(input.path())) {
            return importSized(wanted, source, source.diskSize(), source::position);
        }
    }

    private VolumeInfo importForQemu(final ImageInput input, final ImageFormat form, final Wanted wanted)
            throws VolumeException, IOException {
        // The name first: checking the image may take long.
        new VolumeCatalog(store).checkMayCreate(wanted.name(), VolumeSettings.ofSize(Blocks.SIZE));
        try (QemuImage image = new QemuImage(form, input.path(), cancellation)) {
            if (!image.isChecked()) {
                listener.onUnchecked(form);
            }
            return importSized(wanted, image, image.diskSize(), image::position);
        }
    }

    private VolumeInfo importSized(
            final Wanted wanted, final ChangeSource source, final long bytes, final LongSupplier position)
            throws VolumeException, IOException {
        if (wanted.leastBytes() != 0 && wanted.leastBytes() < bytes) {
            throw new UserException(
                    "--size: the image has " + ByteSize.format(bytes) + ", and the volume can't be smaller");
        }
        if (bytes == 0 && wanted.leastBytes() == 0) {
            throw new UserException("there is nothing to import: the input is empty");
        }
        final long sizeBytes = Math.max(bytes, wanted.leastBytes());
        return importer(position, bytes)
                .importNew(
                        wanted.name(),
                        VolumeSettings.ofSize(sizeBytes),
                        wanted.allowsUnfitStore(),
                        source,
                        () -> sizeBytes);
    }

    private VolumeInfo importStream(final ImageInput input, final Wanted wanted) throws VolumeException, IOException {
        final long sizeBytes = wanted.leastBytes();
        try (RawStreamSource source = new RawStreamSource(input, sizeBytes)) {
            return importer(source::position, sizeBytes)
                    .importNew(
                            wanted.name(),
                            VolumeSettings.ofSize(sizeBytes == 0 ? Blocks.MAX_VOLUME_SIZE : sizeBytes),
                            wanted.allowsUnfitStore(),
                            source,
                            () -> sizeBytes == 0 ? source.position() : sizeBytes);
        }
    }

    private VolumeImporter importer(final LongSupplier position, final long totalBytes) {
        return new VolumeImporter(
                store, settings, cancellation, bytes -> listener.onProgress(position.getAsLong(), totalBytes, bytes));
    }

    /**
     * Brings a volume forward.
     *
     * @param acceptsAnyBase whether it may hold anything before.
     * @return false when it held the newer state before.
     */
    public boolean importDifference(final DifferenceReader reader, final String name, final boolean acceptsAnyBase)
            throws VolumeException, IOException {
        final long totalBytes = reader.header().dataBlocks() << Blocks.SHIFT;
        return new VolumeImporter(store, settings, cancellation, bytes -> listener.onProgress(bytes, totalBytes, bytes))
                .importDifference(name, reader, acceptsAnyBase);
    }
}
