package io.varve.launcher.cli;

import io.varve.launcher.UserException;
import io.varve.launcher.config.ByteSize;
import io.varve.launcher.volume.Volumes;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeInfo;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code varve volume resize}. */
@Command(
        name = "resize",
        description =
                "Change the size of a volume. It grows at any time: while a daemon here serves it, under the guest, which"
                        + " is told at once, else from the next time on that it is opened.",
        footerHeading = "%nExample:%n",
        footer = "  varve volume resize data --size 20G")
final class VolumeResizeCommand extends VolumeCommand.OnStore {
    @Parameters(paramLabel = "NAME", description = "Name of the volume.")
    private String name;

    @Option(
            names = "--size",
            required = true,
            paramLabel = "SIZE",
            description = "Size in bytes, or with K, M, G or T for powers of 1024: a multiple of 512, at most 64T.")
    private String size;

    @Option(
            names = "--allow-shrink",
            description = "Make the volume smaller, while nobody has it open. What lies beyond is lost for good.")
    private boolean allowShrink;

    @Mixin
    private CacheOption cache;

    private long sizeBytes;

    @Override
    String volume() {
        return name;
    }

    @Override
    void prepare() {
        try {
            sizeBytes = ByteSize.parse(size);
        } catch (final UserException e) {
            throw new UserException("--size: " + e.getMessage(), e);
        }
    }

    @Override
    void collect(final Map<String, String> given) {
        cache.collect(given);
    }

    @Override
    void run(final Volumes volumes) throws VolumeException {
        final VolumeInfo info = volumes.resize(name, sizeBytes, allowShrink);
        if (json()) {
            out().println(JsonOutput.volume(info));
            return;
        }
        final boolean isLate = info.settings().sizeBytes() != info.sizeBytes();
        out().println("Volume " + name + " has " + ByteSize.format(info.sizeBytes()) + " now"
                + (isLate ? "; who has it open, " + info.openedBy() + ", sees that when it is opened again" : "")
                + ".");
    }
}
