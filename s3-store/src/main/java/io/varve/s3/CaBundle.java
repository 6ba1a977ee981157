package io.varve.s3;

import io.varve.lsvd.store.StoreException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** The certificates of authorities that servers are trusted by, from a file in PEM, as the AWS tools take it. */
final class CaBundle {
    /** The variable of the AWS tools that names such a file. */
    static final String VARIABLE = "AWS_CA_BUNDLE";

    private CaBundle() {}

    /** The file that the environment names, or null. */
    static Path ofEnvironment() {
        final String name = System.getenv(VARIABLE);
        return name == null || name.isEmpty() ? null : Path.of(name);
    }

    /**
     * Reads a file.
     *
     * @throws StoreException when it can't be read or holds no certificate: one line that says which.
     */
    static TrustManager[] read(final Path file) throws StoreException {
        final String what = "certificates of authorities (" + VARIABLE + ") in " + file;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            final Collection<? extends Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (certificates.isEmpty()) {
                throw new StoreException(what + ": there is none; the file is in PEM");
            }
            final KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            int number = 0;
            for (final Certificate certificate : certificates) {
                store.setCertificateEntry(Integer.toString(number++), certificate);
            }
            final TrustManagerFactory factory =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return factory.getTrustManagers();
        } catch (final NoSuchFileException e) {
            throw new StoreException(what + ": the file does not exist", e);
        } catch (final StoreException e) {
            throw e;
        } catch (final IOException | GeneralSecurityException e) {
            throw new StoreException(what + " cannot be read: " + Failures.oneLine(String.valueOf(e.getMessage())), e);
        }
    }
}
