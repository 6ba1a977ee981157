package io.varve.launcher.cli;

import io.varve.launcher.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/** Forms in which a disk stands in a file. */
enum ImageFormat {
    /** Byte for byte. */
    RAW(".raw", null),
    /** QEMU's own. */
    QCOW2(".qcow2", new byte[] {'Q', 'F', 'I', (byte) 0xfb}),
    /** The difference of two states. */
    DIFF(".vdiff", "VRVD".getBytes(StandardCharsets.US_ASCII));

    private final String suffix;
    private final byte[] magic;

    ImageFormat(final String suffix, final byte[] magic) {
        this.suffix = suffix;
        this.magic = magic;
    }

    /**
     * The form that an option names, or else the file's name ends with, or else {@link #RAW}.
     *
     * @param option null when it was not given.
     */
    static ImageFormat of(final String option, final String file) {
        if (option != null) {
            return Arrays.stream(values())
                    .filter(format -> format.toString().equals(option))
                    .findAny()
                    .orElseThrow(() -> new UserException("--format: '" + option + "' is not raw, qcow2 or diff"));
        }
        return Arrays.stream(values())
                .filter(format -> file.toLowerCase(Locale.ROOT).endsWith(format.suffix))
                .findAny()
                .orElse(RAW);
    }

    /**
     * Refuses a file that is read as raw only for want of anything else, and begins like one of another form: a guest that
     * writes such a beginning to its disk must not decide how the disk is read, nor is an image a disk by mistake.
     */
    static void requireNoOther(final Path file) throws IOException {
        final byte[] start;
        try (InputStream in = Files.newInputStream(file)) {
            start = in.readNBytes(4);
        }
        for (final ImageFormat format : values()) {
            if (format.magic != null && Arrays.equals(start, format.magic)) {
                throw new UserException(file + " begins like a " + format + " file: say what it is with --format "
                        + format + ", or --format raw");
            }
        }
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
