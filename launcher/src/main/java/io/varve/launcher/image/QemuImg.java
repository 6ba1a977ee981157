package io.varve.launcher.image;

import io.varve.launcher.UserException;
import io.varve.lsvd.scan.Cancellation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/** {@code qemu-img}, which tells whether an image is whole, and stands alone. */
final class QemuImg {
    /** Greatest length of what it may say of an image, in characters. */
    private static final int MAX_INFO = 1 << 20;

    private static final int UNDAMAGED = 0;
    private static final int LEAKS = 3;
    private static final int CANNOT_CHECK = 63;

    private static final int BACKING_FILE = 8;
    private static final int VERSION = 4;
    private static final int INCOMPATIBLE = 72;
    private static final int EXTERNAL_DATA = 4;
    private static final int VMDK_CAPACITY = 12;

    /** A range of {@code qemu-img map}, one a line, that is somewhere in the file. */
    private static final Pattern RANGE =
            Pattern.compile("\\{ \"start\": \\d+, \"length\": (\\d+),.*\"data\": true, \"offset\": (\\d+)\\b.*");

    private final ImageFormat format;
    private final Path image;
    private final Cancellation cancellation;

    /** Runs it on an image, until it is broken off. */
    QemuImg(final ImageFormat format, final Path image, final Cancellation cancellation) {
        this.format = format;
        this.image = image;
        this.cancellation = cancellation;
    }

    /**
     * Checks that all of the image is there, in this one file.
     *
     * @return whether QEMU can check this kind of image.
     * @throws UserException when part of it is in another file: whoever made it could name any file of this host.
     * @throws IOException when it is damaged, or can't be read.
     */
    boolean check() throws IOException {
        requireAlone(image);
        requireSound();
        final boolean isChecked = requireConsistent();
        requireWhole();
        return isChecked;
    }

    /** Looks at the image before QEMU does, which opens the other files. */
    private void requireAlone(final Path file) throws IOException {
        final byte[] start;
        try (InputStream in = Files.newInputStream(file)) {
            start = in.readNBytes(Signature.START);
        }
        final ByteBuffer header =
                ByteBuffer.allocate(Signature.START).put(start).clear();
        if (format == ImageFormat.VMDK) {
            requireOwnExtent(start, header);
            return;
        }
        final Signature signature = Signature.find(start, new byte[0]);
        if (signature == null || signature.format() != format) {
            return;
        }
        final boolean refersToOthers = switch (format) {
            case QCOW, QCOW2 ->
                header.getLong(BACKING_FILE) != 0
                        || header.getInt(VERSION) > 2 && (header.getLong(INCOMPATIBLE) & EXTERNAL_DATA) != 0;
            default -> false;
        };
        if (refersToOthers) {
            throw notAlone();
        }
    }

    /**
     * For QEMU, all that does not begin with the magic of an extent is a text that names extents; and so is an extent without a size of
     * its own, which has such a text in it.
     */
    private void requireOwnExtent(final byte[] start, final ByteBuffer header) throws IOException {
        final String text = new String(start, StandardCharsets.ISO_8859_1);
        final boolean isSparse = text.startsWith("KDMV");
        if (text.startsWith("# Disk DescriptorFile")
                || isSparse && header.order(ByteOrder.LITTLE_ENDIAN).getLong(VMDK_CAPACITY) == 0) {
            throw notAlone();
        }
        if (!isSparse && !text.startsWith("COWD")) {
            throw new IOException("it does not begin like a vmdk image that stands alone");
        }
    }

    private UserException notAlone() {
        return new UserException(image + " keeps part of its data in another file: if that is right, make one image of"
                + " them first, by 'qemu-img convert -f " + format + " -O qcow2 " + image + " WHOLE.qcow2'");
    }

    private void requireSound() throws IOException {
        final StringBuilder answer = new StringBuilder();
        run(
                line -> {
                    if (answer.length() < MAX_INFO) {
                        answer.append(line);
                    }
                },
                "info",
                "--output=json");
        final Map<String, Object> info;
        try {
            info = JSON.std.mapFrom(answer.toString());
        } catch (final JacksonException e) {
            throw new IOException("qemu-img says nothing of it that can be understood", e);
        }
        final Map<?, ?> data = info.get("format-specific") instanceof Map<?, ?> specific
                        && specific.get("data") instanceof Map<?, ?> fields
                ? fields
                : Map.of();
        if (info.get("backing-filename") != null || data.get("data-file") != null || hasOtherExtents(data)) {
            throw notAlone();
        }
        if (Boolean.TRUE.equals(info.get("encrypted"))) {
            throw new UserException(image + " is encrypted");
        }
        if (Boolean.TRUE.equals(data.get("corrupt"))) {
            throw new IOException(
                    "it is marked as corrupt: 'qemu-img check -r all' on a copy mends what can be mended");
        }
        if (Boolean.TRUE.equals(info.get("dirty-flag"))) {
            throw new IOException("it is marked as in use: end what uses it, or, if that has died, let"
                    + " 'qemu-img check -r all' mend it");
        }
    }

    private boolean hasOtherExtents(final Map<?, ?> data) {
        return data.get("extents") instanceof List<?> extents
                && !extents.stream()
                        .allMatch(extent -> extent instanceof Map<?, ?> fields
                                && image.toString().equals(fields.get("filename")));
    }

    private boolean requireConsistent() throws IOException {
        try (QemuTool tool = start(line -> {}, "check")) {
            final int status = tool.awaitEnd(cancellation);
            if (status != UNDAMAGED && status != LEAKS && status != CANNOT_CHECK) {
                throw new IOException("it is damaged, or not all of it is there: " + tool.complaint());
            }
            return status != CANNOT_CHECK;
        }
    }

    /** Not all that can be checked is checked for this: whether the file reaches as far as the image says. */
    private void requireWhole() throws IOException {
        final AtomicLong end = new AtomicLong();
        run(
                line -> {
                    final Matcher range = RANGE.matcher(line);
                    if (range.find()) {
                        final long reaches = Long.parseLong(range.group(1)) + Long.parseLong(range.group(2));
                        end.accumulateAndGet(reaches, Math::max);
                    }
                },
                "map",
                "--output=json");
        if (end.get() > Files.size(image)) {
            throw new IOException("not all of it is there: it says that it has " + end.get()
                    + " bytes, and the file has " + Files.size(image));
        }
    }

    private void run(final Consumer<String> lines, final String... command) throws IOException {
        try (QemuTool tool = start(lines, command)) {
            if (tool.awaitEnd(cancellation) != 0) {
                throw new IOException(tool.complaint());
            }
        }
    }

    private QemuTool start(final Consumer<String> lines, final String... command) {
        final List<String> arguments = new ArrayList<>(List.of(command));
        arguments.addAll(List.of("-f", format.toString(), "--", image.toString()));
        return new QemuTool("qemu-img", arguments, lines);
    }
}
