package io.varve.launcher.control;

import io.varve.launcher.UserException;
import io.varve.linux.OwnerOnly;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.jr.ob.JSON;

/**
 * What is attached, in a file beside the control socket, so that a daemon that is started again serves the same volumes at
 * the same sockets. It counts until the machine is booted: after that no guest is left, and the volumes may be in use on
 * another host. Whoever listens at the control socket owns the file. Not thread-safe.
 */
final class Attachments {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final int MAX_SIZE = 1 << 20;
    private static final JSON PRETTY = JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT);

    private final Path file;
    private final Map<String, Map<String, Object>> byVolume = new TreeMap<>();

    /** The file of a control socket. */
    Attachments(final Path controlSocket) {
        file = Path.of(controlSocket + ".attached");
    }

    /**
     * Reads the file, if there is one of this boot.
     *
     * @return parameters of {@code attach}, by volume.
     * @throws UserException when it can't be read: one line that says why.
     */
    Map<String, Map<String, Object>> load() {
        try {
            if (Files.size(file) <= MAX_SIZE
                    && JSON.std.anyFrom(Files.readString(file)) instanceof Map<?, ?> content
                    && content.get("attached") instanceof Map<?, ?> attached) {
                if (bootId().equals(content.get("boot_id"))) {
                    attached.forEach((volume, params) -> byVolume.put((String) volume, named(params)));
                }
                return new LinkedHashMap<>(byVolume);
            }
            throw new UserException(file + ", the list of attached volumes, is damaged: remove it");
        } catch (final NoSuchFileException e) {
            return Map.of();
        } catch (final IOException | JacksonException e) {
            throw new UserException(
                    "cannot read " + file + ", the list of attached volumes; remove it if it is damaged: "
                            + e.getMessage(),
                    e);
        }
    }

    private static Map<String, Object> named(final Object params) {
        final Map<String, Object> named = new LinkedHashMap<>();
        if (params instanceof Map<?, ?> map) {
            map.forEach((key, value) -> named.put((String) key, value));
        }
        return named;
    }

    /** The parameters that a volume is attached with, or null. */
    Map<String, Object> get(final String volume) {
        return byVolume.get(volume);
    }

    /**
     * Remembers a volume.
     *
     * @throws UserException when that can't be written.
     */
    void put(final String volume, final Map<String, Object> params) {
        byVolume.put(volume, params);
        write();
    }

    /**
     * Forgets a volume.
     *
     * @throws UserException when that can't be written.
     */
    void remove(final String volume) {
        if (byVolume.remove(volume) != null) {
            write();
        }
    }

    private void write() {
        final Map<String, Object> content = new LinkedHashMap<>();
        final Path draft = Path.of(file + ".new");
        try {
            content.put("boot_id", bootId());
            content.put("attached", byVolume);
            Files.deleteIfExists(draft);
            Files.createFile(draft, OwnerOnly.FILE);
            try (FileChannel channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                final ByteBuffer bytes = StandardCharsets.UTF_8.encode(PRETTY.asString(content) + "\n");
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (final IOException e) {
            throw new UserException("cannot write " + file + ", the list of attached volumes: " + e.getMessage(), e);
        }
    }

    private static String bootId() throws IOException {
        return Files.readString(BOOT_ID).strip();
    }
}
