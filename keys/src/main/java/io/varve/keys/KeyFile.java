package io.varve.keys;

import io.varve.linux.OwnerOnly;
import io.varve.lsvd.crypto.KeyEncryptionKey;
import io.varve.lsvd.crypto.KeyException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Set;

/** Makes key files. */
public final class KeyFile {
    private KeyFile() {}

    /**
     * Makes a file with a new key that its owner alone can read. What is there is never overwritten.
     *
     * @throws KeyException when there is one already, or it can't be made.
     */
    public static void generate(final Path file) throws KeyException {
        final byte[] key = new byte[KeyEncryptionKey.LENGTH];
        new SecureRandom().nextBytes(key);
        final byte[] text = KeyText.encode(key);
        Arrays.fill(key, (byte) 0);
        boolean isMade = false;
        try (FileChannel channel = FileChannel.open(
                file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OwnerOnly.FILE)) {
            isMade = true;
            final ByteBuffer bytes = ByteBuffer.wrap(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        } catch (final FileAlreadyExistsException e) {
            throw new KeyException(
                    file + " is there already, and is not overwritten: whatever it may be the key of would be lost");
        } catch (final NoSuchFileException e) {
            throw new KeyException(file + " can't be made: its directory is not there");
        } catch (final IOException e) {
            if (isMade) {
                remove(file);
            }
            throw new KeyException(file + " can't be made: " + e.getMessage());
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    private static void remove(final Path half) {
        try {
            Files.deleteIfExists(half);
        } catch (final IOException e) {
            // The failure before is told.
        }
    }
}
