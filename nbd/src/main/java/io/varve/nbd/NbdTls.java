package io.varve.nbd;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/** TLS, 1.3 or 1.2, with certificates on both sides: a directory has them as QEMU's {@code tls-creds-x509} wants them. Any thread. */
public final class NbdTls {
    private static final String CA = "ca-cert.pem";
    private static final String CERTIFICATE = "server-cert.pem";
    private static final String KEY = "server-key.pem";
    private static final int MAX_FILE = 1 << 20;

    /** The old one is all that nbd-client knows. */
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    private static final Pattern PRIVATE_KEY =
            Pattern.compile("-----BEGIN (|RSA |EC )PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END");

    /** What stands before an RSA key of PKCS#1 in one of PKCS#8: version 0, and the algorithm's name. */
    private static final byte[] RSA_PREFIX = {
        2, 1, 0, 0x30, 13, 6, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 13, 1, 1, 1, 5, 0
    };

    private final SSLContext context;

    private NbdTls(final SSLContext context) {
        this.context = context;
    }

    /**
     * Reads certificates and key.
     *
     * @param directory has {@value #CA}, whose holders vouch for clients; {@value #CERTIFICATE}, what is shown to them, with those that vouch for it; and
     *                  {@value #KEY}, not encrypted.
     * @throws IOException in one line what is wrong with which file.
     */
    public static NbdTls of(final Path directory) throws IOException {
        try {
            final KeyStore trusted = emptyStore();
            int count = 0;
            for (final Certificate certificate : certificates(directory.resolve(CA))) {
                trusted.setCertificateEntry("ca" + count++, certificate);
            }
            final TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(trusted);
            final KeyStore own = emptyStore();
            own.setKeyEntry(
                    "server",
                    key(directory.resolve(KEY)),
                    new char[0],
                    certificates(directory.resolve(CERTIFICATE)).toArray(Certificate[]::new));
            final KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(own, new char[0]);
            final SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    keys.getKeyManagers(),
                    new TrustManager[] {new ClientTrust((X509ExtendedTrustManager) trust.getTrustManagers()[0])},
                    null);
            return new NbdTls(context);
        } catch (final GeneralSecurityException e) {
            throw new IOException(directory + ": certificates and key can't be used: " + e.getMessage(), e);
        }
    }

    private static KeyStore emptyStore() throws IOException, GeneralSecurityException {
        final KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static byte[] read(final Path file) throws IOException {
        try {
            if (Files.size(file) > MAX_FILE) {
                throw new IOException(file + ": has more than " + MAX_FILE + " bytes");
            }
            return Files.readAllBytes(file);
        } catch (final NoSuchFileException e) {
            throw new IOException(file + ": there is no such file", e);
        }
    }

    private static Collection<? extends Certificate> certificates(final Path file) throws IOException {
        try {
            final Collection<? extends Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(read(file)));
            if (!certificates.isEmpty()) {
                return certificates;
            }
        } catch (final CertificateException e) {
            throw new IOException(file + ": is no certificate in PEM: " + e.getMessage(), e);
        }
        throw new IOException(file + ": has no certificate in PEM");
    }

    private static PrivateKey key(final Path file) throws IOException, GeneralSecurityException {
        final Matcher matcher = PRIVATE_KEY.matcher(new String(read(file), StandardCharsets.ISO_8859_1));
        if (!matcher.find() || matcher.group(1).equals("EC ")) {
            throw new IOException(file
                    + ": has no private key that is understood; make it one with 'openssl pkcs8 -topk8" + " -nocrypt'");
        }
        final byte[] bytes = Base64.getMimeDecoder().decode(matcher.group(2));
        final PKCS8EncodedKeySpec spec =
                new PKCS8EncodedKeySpec(matcher.group(1).isEmpty() ? bytes : wrapRsa(bytes));
        for (final String algorithm : new String[] {"RSA", "EC", "EdDSA"}) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec);
            } catch (final InvalidKeySpecException e) {
                // Of another kind.
            }
        }
        throw new IOException(file + ": is a private key of an unknown kind");
    }

    private static byte[] wrapRsa(final byte[] key) {
        return tagged(0x30, RSA_PREFIX, tagged(4, new byte[0], key));
    }

    /** DER's form of something: tag, length in two bytes, contents. */
    private static byte[] tagged(final int tag, final byte[] first, final byte[] second) {
        final int length = first.length + second.length;
        final byte[] result = new byte[4 + length];
        result[0] = (byte) tag;
        result[1] = (byte) 0x82;
        result[2] = (byte) (length >>> 8);
        result[3] = (byte) length;
        System.arraycopy(first, 0, result, 4, first.length);
        System.arraycopy(second, 0, result, 4 + first.length, second.length);
        return result;
    }

    /** The server's side of one connection. */
    SSLEngine engine() {
        final SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        final SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(PROTOCOLS);
        parameters.setNeedClientAuth(true);
        engine.setSSLParameters(parameters);
        return engine;
    }
}
