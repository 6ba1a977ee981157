package io.varve.keys;

import io.varve.lsvd.crypto.KeyException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A key in a credential of the service (systemd.exec(5), LoadCredential and LoadCredentialEncrypted). */
record CredentialKeySource(String name, String directory) implements KeySource {
    static final String KIND = "credential";

    @Override
    public Wrapper open() throws KeyException {
        if (directory == null) {
            throw new KeyException("there are no credentials here (CREDENTIALS_DIRECTORY is not set): credential:"
                    + name + " is for services of systemd, with LoadCredentialEncrypted=" + name + " in their unit");
        }
        final Path file = Path.of(directory).resolve(name);
        final String what = "the credential " + name;
        try {
            if (!Files.exists(file)) {
                throw new KeyException(what + " is not among those of this service: add LoadCredentialEncrypted=" + name
                        + " to its unit");
            }
            return new KnownKey(KIND, name, KeyText.decode(FileKeySource.readText(file, what), what));
        } catch (final KeyException e) {
            throw e;
        } catch (final IOException e) {
            throw new KeyException(what + " can't be read: " + e.getMessage());
        }
    }

    @Override
    public String toString() {
        return KIND + ":" + name;
    }
}
