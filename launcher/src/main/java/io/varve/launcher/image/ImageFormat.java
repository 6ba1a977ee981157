package io.varve.launcher.image;

import io.varve.launcher.UserException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Forms in which a disk stands in a file. Their names are QEMU's. */
public enum ImageFormat {
    /** Byte for byte. */
    RAW(".raw"),
    /** The difference of two states of a volume. */
    DIFF(".vdiff"),
    /** QEMU's own. */
    QCOW2(".qcow2"),
    /** The one before it. */
    QCOW(".qcow"),
    /** QEMU's, for a while. */
    QED(".qed"),
    /** VMware's. */
    VMDK(".vmdk"),
    /** VirtualBox's. */
    VDI(".vdi"),
    /** Hyper-V's. */
    VHDX(".vhdx"),
    /** Virtual PC's, and Azure's. */
    VPC(".vpc", ".vhd"),
    /** That of Parallels. */
    PARALLELS(".parallels", ".hdd", ".hds"),
    /** Apple's. */
    DMG(".dmg"),
    /** Compressed loop devices. */
    CLOOP(".cloop"),
    /** That of Bochs. */
    BOCHS(".bochs");

    private final List<String> suffixes;

    ImageFormat(final String... suffixes) {
        this.suffixes = List.of(suffixes);
    }

    /**
     * The form of a name.
     *
     * @throws UserException when there is none, with those that there are.
     */
    public static ImageFormat named(final String name) {
        return Arrays.stream(values())
                .filter(format -> format.toString().equals(name))
                .findAny()
                .orElseThrow(
                        () -> new UserException("'" + name + "' is no form of an image; there are " + list(values())));
    }

    /** The form that a file's name ends with; null when it ends with none. */
    public static ImageFormat ofSuffix(final String file) {
        final String name = file.toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(format -> format.suffixes.stream().anyMatch(name::endsWith))
                .findAny()
                .orElse(null);
    }

    /** Whether QEMU's tools read it for Varve. */
    public boolean isForQemu() {
        return this != RAW && this != DIFF;
    }

    private static String list(final ImageFormat[] formats) {
        return Arrays.stream(formats).map(ImageFormat::toString).collect(Collectors.joining(", "));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
