package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.varve.testsupport.MemoryBlockDevice;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS with certificates on both sides, as libnbd's tools speak it. */
@Timeout(120)
class TlsTest {
    private static final int SIZE = 16 << 20;

    @TempDir
    private Path directory;

    private Path certificates;

    @BeforeEach
    void makeCertificates() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")), "no openssl on this machine");
        certificates = Files.createDirectory(directory.resolve("tls"));
        run(0, """
                set -e
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca-key.pem -out ca-cert.pem
                for who in server client; do
                  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout $who-key.pem -out $who.csr
                  printf 'subjectAltName=DNS:localhost' >ext
                  openssl x509 -req -in $who.csr -days 2 -CA ca-cert.pem -CAkey ca-key.pem -CAcreateserial -extfile ext -out $who-cert.pem
                done
                """);
    }

    private String run(final int status, final String script) throws IOException, InterruptedException {
        final Path out = directory.resolve("out");
        final Process process = new ProcessBuilder("bash", "-c", script)
                .directory(certificates.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue() == 0)
                .as(script + "\n" + Files.readString(out))
                .isEqualTo(status == 0);
        return Files.readString(out);
    }

    @Test
    void clientsWithACertificateAreServedAndOthersAreNot() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/nbdcopy")), "no libnbd-bin on this machine: run dev/setup");
        final byte[] image = new byte[SIZE];
        new Random(1).nextBytes(image);
        Files.write(directory.resolve("image"), image);
        try (MemoryBlockDevice device = new MemoryBlockDevice(SIZE);
                ServedExport export = ServedExport.overTcp(device, NbdTls.of(certificates))) {
            final String uri = "'nbds://localhost:" + export.port() + "/disk?tls-certificates=" + certificates + "'";
            assertThat(run(0, "nbdinfo " + uri)).contains("export-size: " + SIZE);
            run(0, "nbdcopy " + directory.resolve("image") + " " + uri);
            assertThat(device.contents(0, SIZE)).isEqualTo(image);
            run(0, "nbdcopy " + uri + " " + directory.resolve("copy"));
            assertThat(Files.mismatch(directory.resolve("image"), directory.resolve("copy")))
                    .isEqualTo(-1);

            run(1, "nbdinfo nbd://localhost:" + export.port() + "/disk");
            run(
                    1,
                    "mkdir none; cp ca-cert.pem none; nbdinfo "
                            + uri.replace(certificates.toString(), certificates + "/none"));
            try (NbdClient client = NbdClient.connect(export.port()).greet()) {
                assertThat(client.option(Nbd.OPT_GO, NbdClient.goData("disk"))
                                .getLast()
                                .type())
                        .isEqualTo(Nbd.REP_ERR_TLS_REQD);
                assertThat(client.option(Nbd.OPT_STARTTLS, new byte[0])
                                .getLast()
                                .type())
                        .isEqualTo(Nbd.REP_ACK);
                client.sendOption(Nbd.OPT_GO, NbdClient.goData("disk"));
                assertThat(client.isDropped()).isTrue();
            }
            assertThat(run(0, "nbdinfo --size " + uri)).isEqualTo(SIZE + "\n");
            export.await(() -> export.server().connections() == 0);
        }
    }

    /** Debian's nbd-client has no newer one. */
    @Test
    void clientsThatKnowTls12OnlyAreServed() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/nbdcopy")), "no libnbd-bin on this machine: run dev/setup");
        Files.writeString(directory.resolve("priority"), "[overrides]\ndisabled-version = tls1.3\n");
        final String old = "GNUTLS_SYSTEM_PRIORITY_FILE=" + directory.resolve("priority");
        try (MemoryBlockDevice device = new MemoryBlockDevice(SIZE);
                ServedExport export = ServedExport.overTcp(device, NbdTls.of(certificates))) {
            final String uri = "'nbds://localhost:" + export.port() + "/disk?tls-certificates=" + certificates + "'";
            final byte[] image = new byte[SIZE];
            new Random(2).nextBytes(image);
            Files.write(directory.resolve("image"), image);
            run(0, old + " nbdcopy " + directory.resolve("image") + " " + uri);
            assertThat(device.contents(0, SIZE)).isEqualTo(image);
            run(
                    1,
                    "mkdir none; cp ca-cert.pem none; " + old + " nbdinfo "
                            + uri.replace(certificates.toString(), certificates + "/none"));
        }
    }

    /** TLS 1.2 lets a client ask for that as often as it likes, and the server compute. */
    @Test
    void keysAreNotExchangedAgain() throws IOException, InterruptedException, GeneralSecurityException {
        run(0, "openssl pkcs12 -export -in client-cert.pem -inkey client-key.pem -out client.p12 -passout pass:x");
        final KeyStore own =
                KeyStore.getInstance(certificates.resolve("client.p12").toFile(), "x".toCharArray());
        final KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(own, "x".toCharArray());
        final SSLContext context = SSLContext.getInstance("TLSv1.2");
        final KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        try (InputStream authority = Files.newInputStream(certificates.resolve("ca-cert.pem"))) {
            trusted.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(authority));
        }
        final TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        try (MemoryBlockDevice device = new MemoryBlockDevice(SIZE);
                ServedExport export = ServedExport.overTcp(device, NbdTls.of(certificates));
                Socket plain = new Socket(InetAddress.getLoopbackAddress(), export.port())) {
            plain.setSoTimeout(20_000);
            plain.getInputStream().readNBytes(18);
            plain.getOutputStream()
                    .write(ByteBuffer.allocate(20)
                            .putInt(3)
                            .putLong(Nbd.IHAVEOPT)
                            .putInt(Nbd.OPT_STARTTLS)
                            .putInt(0)
                            .array());
            plain.getInputStream().readNBytes(20);
            final SSLSocket secure =
                    (SSLSocket) context.getSocketFactory().createSocket(plain, "localhost", export.port(), false);
            final byte[] list = ByteBuffer.allocate(16)
                    .putLong(Nbd.IHAVEOPT)
                    .putInt(Nbd.OPT_LIST)
                    .putInt(0)
                    .array();
            secure.getOutputStream().write(list);
            assertThat(secure.getInputStream().readNBytes(48)).hasSize(48);
            assertThat(secure.getSession().getProtocol()).isEqualTo("TLSv1.2");
            assertThatThrownBy(() -> {
                        secure.startHandshake();
                        secure.getOutputStream().write(list);
                        secure.getInputStream().readNBytes(48);
                    })
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(SocketTimeoutException.class);
            export.await(() -> export.server().connections() == 0);
        }
    }

    @Test
    void keysOfTheOldFormAreReadAndWhatIsMissingIsNamed() throws IOException, InterruptedException {
        run(0, "openssl rsa -traditional -in server-key.pem -out old.pem && mv old.pem server-key.pem");
        assertThat(Files.readString(certificates.resolve("server-key.pem"))).contains("BEGIN RSA PRIVATE KEY");
        assertThat(NbdTls.of(certificates).engine().getNeedClientAuth()).isTrue();
        Files.writeString(certificates.resolve("server-cert.pem"), "nonsense");
        assertThatThrownBy(() -> NbdTls.of(certificates))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("server-cert.pem");
        Files.delete(certificates.resolve("server-key.pem"));
        assertThatThrownBy(() -> NbdTls.of(certificates))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("server-key.pem");
    }
}
