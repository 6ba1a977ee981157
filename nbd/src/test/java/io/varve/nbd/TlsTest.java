package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.varve.testsupport.MemoryBlockDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
