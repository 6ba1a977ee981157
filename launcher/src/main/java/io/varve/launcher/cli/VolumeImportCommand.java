package io.varve.launcher.cli;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;
import io.varve.launcher.image.ImageFormat;
import io.varve.launcher.image.ImageInput;
import io.varve.launcher.volume.ImageImport;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.transfer.DifferenceReader;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
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
    @Parameters(index = "0", paramLabel = "FILE", description = "The image, or '-' for the standard input.")
    private String file;

    @Parameters(index = "1", paramLabel = "NAME", description = "Name of the volume to make, or to bring forward.")
    private String name;

    @Option(
            names = "--format",
            paramLabel = "WHAT",
            description =
                    "What FILE is: raw; diff, a difference; or an image that QEMU reads, as qcow2, vmdk, vdi, vhdx,"
                            + " vpc, qed or parallels (default: what its name's end and its contents agree on).")
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

    private ImageInput input;
    private ImageFormat form;
    private long leastBytes;
    private Settings settings;
    private Cancellation cancellation;
    private ObjectStore opened;

    @Override
    void prepare() {
        leastBytes = parseSize();
        input = ImageImport.open(file);
        try {
            form = input.format(format);
        } catch (final IOException e) {
            throw ImageImport.unreadable(file, e);
        }
        if (form == ImageFormat.DIFF && size != null) {
            throw new UserException("--size: a difference says what size the volume gets");
        }
        if (form != ImageFormat.DIFF && anyBase) {
            throw new UserException("--any-base: that is for a difference, and " + file + " is " + form);
        }
        if (form.isForQemu() && input.isStream()) {
            throw new UserException("a " + form + " image can't be read from a pipe: name a file");
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
        final ImageInput open = input;
        try (open) {
            final String done = form == ImageFormat.DIFF ? importDifference() : describe(importImage());
            progress().clear();
            out().println(done);
            return ExitStatus.OK;
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

    private VolumeInfo importImage() throws VolumeException, IOException {
        if (form.isForQemu() && format == null) {
            err().println("varve: " + file + " is read as a " + form + " image");
        }
        return importer().importImage(input, form, new ImageImport.Wanted(name, leastBytes, fitness.isUnfitAllowed()));
    }

    private ImageImport importer() {
        return new ImageImport(opened, settings, cancellation, new ImageImport.Listener() {
            @Override
            public void onProgress(final long done, final long total, final long bytes) {
                progress().show("imported", done, total, bytes);
            }

            @Override
            public void onUnchecked(final ImageFormat unchecked) {
                err().println("varve: QEMU can't check " + unchecked + " images for damage: look at what is imported");
            }
        });
    }

    private String importDifference() throws VolumeException, IOException {
        try (DifferenceReader reader = new DifferenceReader(input)) {
            final boolean isNews = importer().importDifference(reader, name, anyBase);
            final String state = "'" + reader.header().newer() + "' of volume "
                    + reader.header().volume();
            return isNews
                    ? "Volume " + name + " holds " + state + " now."
                    : "Volume " + name + " holds " + state + " already.";
        }
    }

    private static String describe(final VolumeInfo info) {
        return "Imported volume " + info.name() + " of " + ByteSize.format(info.sizeBytes()) + ", "
                + ByteSize.format(info.storedBytes()) + " in the store.";
    }
}
