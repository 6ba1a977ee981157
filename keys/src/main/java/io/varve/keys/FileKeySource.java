package io.varve.keys;

import io.varve.lsvd.crypto.KeyException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** A key in a file that its owner alone can read. */
record FileKeySource(Path file) implements KeySource {
    static final String KIND = "file";

    private static final Set<PosixFilePermission> OWNERS = EnumSet.of(
            PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE, PosixFilePermission.OWNER_EXECUTE);

    @Override
    public Wrapper open() throws KeyException {
        final String what = "the key file " + file;
        final byte[] text = read(file, what);
        return new KnownKey(KIND, file.toAbsolutePath().toString(), KeyText.decode(text, what));
    }

    private static byte[] read(final Path file, final String what) throws KeyException {
        try {
            if (!Files.isRegularFile(file)) {
                throw new KeyException(
                        Files.exists(file)
                                ? what + " is no regular file"
                                : what + " is not there: 'varve key generate " + file + "' makes a new one");
            }
            final Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (!OWNERS.containsAll(permissions)) {
                throw new KeyException(what + " can be used by others than its owner ("
                        + PosixFilePermissions.toString(permissions) + "): run 'chmod 600 " + file + "'");
            }
            return readText(file, what);
        } catch (final NoSuchFileException e) {
            throw new KeyException(what + " is not there: 'varve key generate " + file + "' makes a new one");
        } catch (final AccessDeniedException e) {
            throw new KeyException(what + " can't be read by this user");
        } catch (final KeyException e) {
            throw e;
        } catch (final IOException e) {
            throw new KeyException(what + " can't be read: " + e.getMessage());
        }
    }

    /** Reads a file that holds a key, and no more of it than a key can be long. */
    static byte[] readText(final Path file, final String what) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            final byte[] text = in.readNBytes(KeyText.MAX_LENGTH + 1);
            if (text.length > KeyText.MAX_LENGTH) {
                throw new KeyException(what + " is longer than " + KeyText.MAX_LENGTH + " bytes: it holds no key");
            }
            return text;
        }
    }

    @Override
    public String toString() {
        return KIND + ":" + file;
    }
}
