package io.varve.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.store.StoreException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server with a certificate of its own making, as many have it on site. */
final class TlsTest {
    private static final String PASSWORD = "password";

    @TempDir
    private static Path directory;

    private static S3Proxy proxy;
    private static Path certificate;
    private static Path otherCertificate;

    @BeforeAll
    static void start() throws Exception {
        certificate = makeCertificate("server", "ip:127.0.0.1");
        otherCertificate = makeCertificate("other", "ip:127.0.0.1");
        proxy = start(directory.resolve("server.p12"));
    }

    @AfterAll
    static void stop() throws Exception {
        proxy.stop();
    }

    @Test
    void keepsObjectsAtAServerThatTheBundleTrusts() throws Exception {
        try (S3ObjectStore store = open(proxy, certificate)) {
            final byte[] body = new byte[300_000];
            java.util.Arrays.fill(body, (byte) 3);
            assertThat(store.putIfAbsent("key", MemorySegment.ofArray(body)).get(30, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(store.putIfAbsent("key", MemorySegment.ofArray(body)).get(30, TimeUnit.SECONDS))
                    .isFalse();
            final byte[] found = new byte[body.length];
            assertThat(store.get("key", 0, MemorySegment.ofArray(found)).get(30, TimeUnit.SECONDS))
                    .isEqualTo(body.length);
            assertThat(found).isEqualTo(body);
            assertThat(store.list("").get(30, TimeUnit.SECONDS)).hasSize(1);
        }
    }

    @Test
    void trustsNobodyElse() throws Exception {
        for (final Path bundle : new Path[] {null, otherCertificate}) {
            try (S3ObjectStore store = open(proxy, bundle)) {
                assertRefused(store);
            }
        }
    }

    @Test
    void trustsWhomTheJvmTrusts() throws Exception {
        final Path store = directory.resolve("trusted.p12");
        keytool(store, "-importcert", "-noprompt", "-alias", "server", "-file", certificate.toString());
        System.setProperty("javax.net.ssl.trustStore", store.toString());
        System.setProperty("javax.net.ssl.trustStorePassword", PASSWORD);
        try (S3ObjectStore trusting = open(proxy, null)) {
            assertThat(trusting.list("nothing").get(30, TimeUnit.SECONDS)).isEmpty();
        } finally {
            System.clearProperty("javax.net.ssl.trustStore");
            System.clearProperty("javax.net.ssl.trustStorePassword");
        }
    }

    @Test
    void wantsTheServersOwnName() throws Exception {
        final Path elsewhere = makeCertificate("elsewhere", "dns:elsewhere.example");
        final S3Proxy misnamed = start(directory.resolve("elsewhere.p12"));
        try (S3ObjectStore store = open(misnamed, elsewhere)) {
            assertRefused(store);
        } finally {
            misnamed.stop();
        }
    }

    @Test
    void saysWhatIsWrongWithABundle() throws Exception {
        assertBundleRefused(directory.resolve("missing.pem"), "the file does not exist");
        assertBundleRefused(Files.writeString(directory.resolve("empty.pem"), ""), "there is none");
        assertBundleRefused(Files.writeString(directory.resolve("text.pem"), "no certificate\n"), "cannot be read");
        assertBundleRefused(directory, "cannot be read");
    }

    private static void assertRefused(final S3ObjectStore store) {
        assertThatThrownBy(() -> store.list("").get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(StoreException.class)
                .hasMessageStartingWith("cannot list : no trusted connection to https://127.0.0.1:")
                .hasMessageContaining("AWS_CA_BUNDLE names a file")
                .hasMessageNotContaining("\n");
    }

    private static void assertBundleRefused(final Path bundle, final String reason) {
        assertThatThrownBy(() -> open(proxy, bundle))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("AWS_CA_BUNDLE")
                .hasMessageContaining(bundle.toString())
                .hasMessageContaining(reason)
                .hasMessageNotContaining("\n");
    }

    private static S3ObjectStore open(final S3Proxy server, final Path bundle) throws StoreException {
        final S3Server address =
                new S3Server("https://127.0.0.1:" + server.getSecurePort(), "varve", "access-key", "secret-key");
        return address.open("tls", address.context().caBundle(bundle));
    }

    private static S3Proxy start(final Path keys) throws Exception {
        final BlobStore objects = new TransientNio2BlobStore();
        objects.createContainer("varve");
        final S3Proxy server = S3Proxy.builder()
                .blobStore(objects)
                .secureEndpoint(URI.create("https://127.0.0.1:0"))
                .keyStore(keys.toString(), PASSWORD)
                .awsAuthentication(AuthenticationType.AWS_V4, "access-key", "secret-key")
                .build();
        server.start();
        return server;
    }

    /** Makes a key and a certificate that it has signed itself. */
    private static Path makeCertificate(final String name, final String address) throws Exception {
        final Path keys = directory.resolve(name + ".p12");
        final Path pem = directory.resolve(name + ".pem");
        keytool(keys, "-genkeypair", "-alias", name, "-keyalg", "EC", "-dname", "CN=" + name, "-ext", "san=" + address);
        keytool(keys, "-exportcert", "-alias", name, "-rfc", "-file", pem.toString());
        return pem;
    }

    private static void keytool(final Path keys, final String... arguments) throws IOException, InterruptedException {
        final List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-keystore", keys.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
        final Process keytool =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        final String output =
                new String(keytool.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(output).isZero();
    }
}
