package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where NBD clients may come from, and whom they meet there. */
@Timeout(120)
@SuppressWarnings("try")
class NbdSessionsTest {
    private static final String SIZE = "67108864\n";

    @TempDir
    private Path home;

    private Programs programs;

    @BeforeEach
    void createVolume() throws IOException, InterruptedException {
        Programs.assume("nbdcopy");
        programs = new Programs(home);
        varve("volume", "create", "data", "--size", "64M");
    }

    private void varve(final String... args) throws IOException, InterruptedException {
        try (VarveProcess process = VarveProcess.start(home, args)) {
            assertThat(process.awaitExit()).as(process.describe()).isZero();
        }
    }

    /** Readers see what was there when they asked, and the guest notices nothing of them. */
    @Test
    void twoReadersBesideAGuestThatWrites() throws Exception {
        final Path guest = home.resolve("guest.sock");
        final String uri = "nbd+unix:///?socket=" + home.resolve("nbd.sock");
        try (VarveProcess serve = VarveProcess.serve(home, guest, "--nbd", "unix:" + home.resolve("nbd.sock"))) {
            try (Load load = new Load(guest)) {
                load.expectProgress();
                final Executor threads = task -> Thread.ofPlatform().start(task);
                final CompletableFuture<?>[] readers = new CompletableFuture<?>[2];
                for (int i = 0; i < readers.length; i++) {
                    final Path its = Files.createDirectory(home.resolve("reader" + i));
                    readers[i] = CompletableFuture.runAsync(() -> readThrice(new Programs(its), uri), threads);
                }
                load.expectProgress();
                CompletableFuture.allOf(readers).get(100, TimeUnit.SECONDS);
                load.expectProgress();
                assertThat(programs.run("nbdinfo", uri)).contains("is_read_only: true", "can_multi_conn: true");
                load.end();
            }
            programs.run("nbdcopy", uri, "first.raw");
            programs.run("nbdcopy", uri, "second.raw");
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
        }
        varve("volume", "export", "data", home.resolve("all.raw").toString(), "--no-progress");
        assertThat(Files.mismatch(home.resolve("first.raw"), home.resolve("all.raw")))
                .isEqualTo(-1);
        assertThat(Files.mismatch(home.resolve("second.raw"), home.resolve("all.raw")))
                .isEqualTo(-1);
    }

    private static void readThrice(final Programs its, final String uri) {
        try {
            for (int i = 0; i < 3; i++) {
                its.run("nbdcopy", uri, "null:");
            }
        } catch (final IOException e) {
            throw new AssertionError(e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static int freePort(final InetAddress address) throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, address)) {
            return socket.getLocalPort();
        }
    }

    @Test
    void overIpv6() throws IOException, InterruptedException {
        final int port;
        try {
            port = freePort(InetAddress.getByName("::1"));
        } catch (final IOException e) {
            assumeTrue(false, "no IPv6 on this machine");
            return;
        }
        final String address = "[::1]:" + port;
        try (VarveProcess serve = VarveProcess.start(home, "serve", "data", "--nbd", address)) {
            serve.awaitOut(line -> line.endsWith(" is ready at NBD " + address));
            assertThat(programs.run("nbdinfo", "--size", "nbd://" + address)).isEqualTo(SIZE);
            // An address of one family is that one's alone.
            assertThat(programs.fails("nbdinfo", "nbd://127.0.0.1:" + port)).contains("refused");
        }
    }

    @Test
    void anAttachedVolumeOverTls() throws IOException, InterruptedException {
        Programs.assume("openssl");
        final Path certificates = Files.createDirectory(home.resolve("tls"));
        programs.run("bash", "-ec", """
            cd tls
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout ca-key.pem -out ca-cert.pem
            printf 'subjectAltName=DNS:localhost' >ext
            for who in server client; do
              openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout $who-key.pem -out $who.csr
              openssl x509 -req -in $who.csr -days 2 -CA ca-cert.pem -CAkey ca-key.pem -CAcreateserial -extfile ext -out $who-cert.pem
            done
            """);
        final int port = freePort(InetAddress.getByName("127.0.0.1"));
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            final DaemonRig rig = new DaemonRig(home);
            rig.ok("attach", "data", "--nbd", "127.0.0.1:" + port, "--nbd-tls", certificates.toString());
            assertThat(programs.run(
                            "nbdinfo", "--size", "nbds://localhost:" + port + "/data?tls-certificates=" + certificates))
                    .isEqualTo(SIZE);
            assertThat(programs.fails("nbdinfo", "nbd://localhost:" + port + "/data"))
                    .containsAnyOf("TLS", "Operation not supported");
            rig.ok("detach", "data");
            assertThat(programs.fails("nbdinfo", "nbd://localhost:" + port + "/data"))
                    .contains("refused");
        }
    }
}
