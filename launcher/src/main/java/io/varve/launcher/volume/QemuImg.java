package io.varve.launcher.volume;

import io.varve.launcher.UserException;
import io.varve.lsvd.scan.Cancellation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/**
 * {@code qemu-img}, which knows every kind of qcow2 image. An image that names other files is refused: whoever made it could
 * name any file of this host.
 */
public final class QemuImg {
    private static final long LOOK_MS = 50;

    private final Cancellation cancellation;

    /** Runs it until it is broken off. */
    public QemuImg(final Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    /**
     * Makes a sparse raw image of a qcow2 image.
     *
     * @param raw is made.
     * @throws UserException when it can't be.
     */
    public void convert(final Path qcow2, final Path raw) throws IOException {
        requireAlone(qcow2);
        run(qcow2, List.of("convert", "-f", "qcow2", "-O", "raw", "-S", "4k", "--", qcow2.toString(), raw.toString()));
    }

    private void requireAlone(final Path qcow2) throws IOException {
        final String answer = run(qcow2, List.of("info", "-f", "qcow2", "--output=json", "--", qcow2.toString()));
        final Map<String, Object> info;
        try {
            info = JSON.std.mapFrom(answer);
        } catch (final JacksonException e) {
            throw new UserException("qemu-img says nothing that can be understood of " + qcow2, e);
        }
        final boolean hasDataFile = info.get("format-specific") instanceof Map<?, ?> specific
                && specific.get("data") instanceof Map<?, ?> data
                && data.get("data-file") != null;
        if (info.get("backing-filename") != null || hasDataFile) {
            throw new UserException(
                    qcow2 + " keeps part of its data in another file: if that is right, make one image of"
                            + " them first, by 'qemu-img convert -O qcow2 " + qcow2 + " WHOLE.qcow2'");
        }
        if (Boolean.TRUE.equals(info.get("encrypted"))) {
            throw new UserException(qcow2 + " is encrypted");
        }
    }

    private String run(final Path image, final List<String> arguments) throws IOException {
        final Path out = Files.createTempFile("varve-qemu-img", ".out");
        final Path err = Files.createTempFile("varve-qemu-img", ".err");
        try {
            final Process process = start(arguments, out, err);
            try {
                while (!process.waitFor(LOOK_MS, TimeUnit.MILLISECONDS)) {
                    cancellation.check();
                }
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted");
            } finally {
                process.destroyForcibly();
            }
            cancellation.check();
            if (process.exitValue() != 0) {
                final String message = Files.readString(err).strip();
                throw new UserException("cannot read " + image + ": "
                        + message.lines().reduce((a, b) -> b).orElse("qemu-img has failed"));
            }
            return Files.readString(out, StandardCharsets.UTF_8);
        } finally {
            Files.deleteIfExists(out);
            Files.deleteIfExists(err);
        }
    }

    private static Process start(final List<String> arguments, final Path out, final Path err) {
        final java.util.ArrayList<String> command = new java.util.ArrayList<>(List.of("qemu-img"));
        command.addAll(arguments);
        final ProcessBuilder builder = new ProcessBuilder(command);
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.redirectOutput(out.toFile());
        builder.redirectError(err.toFile());
        builder.environment().put("LC_ALL", "C");
        try {
            return builder.start();
        } catch (final IOException e) {
            throw new UserException(
                    "qemu-img, which reads qcow2 images, can't be run: install it (Debian: qemu-utils)", e);
        }
    }
}
