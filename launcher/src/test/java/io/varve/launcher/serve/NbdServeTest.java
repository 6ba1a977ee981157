package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/** Volumes over NBD, as other people's clients see them: libnbd's tools, QEMU's, and fio. */
@Timeout(120)
@SuppressWarnings("try")
class NbdServeTest {
    private static final int SIZE = 64 << 20;

    @TempDir
    private Path home;

    private Path socket;
    private String uri;

    @BeforeEach
    void createVolume() throws IOException, InterruptedException {
        socket = home.resolve("nbd.sock");
        uri = "nbd+unix:///?socket=" + socket;
        try (VarveProcess create = VarveProcess.start(home, "volume", "create", "data", "--size", "64M")) {
            assertThat(create.awaitExit()).isZero();
        }
    }

    private VarveProcess serve(final String... more) throws IOException, InterruptedException {
        final List<String> args = new ArrayList<>(List.of("serve", "data", "--nbd", "unix:" + socket));
        args.addAll(List.of(more));
        final VarveProcess serve = VarveProcess.start(home, args.toArray(String[]::new));
        serve.awaitOut(line -> line.contains(" is ready "));
        return serve;
    }

    private String run(final String... command) throws IOException, InterruptedException {
        return new Programs(home).run(command);
    }

    private Path image() throws IOException {
        final byte[] bytes = new byte[SIZE];
        final byte[] part = new byte[1 << 20];
        new Random(1).nextBytes(part);
        for (int i = 0; i < 64; i += 5) {
            System.arraycopy(part, 0, bytes, i << 20, part.length);
        }
        return Files.write(home.resolve("image.raw"), bytes);
    }

    @Test
    void libnbdsTools() throws IOException, InterruptedException {
        Programs.assume("nbdcopy");
        final Path image = image();
        try (VarveProcess serve = serve()) {
            serve.awaitOut(line -> line.equals("varve: volume data: 64M, is ready at NBD unix:" + socket));
            run("nbdcopy", "--flush", image.toString(), uri);
            run("nbdcopy", uri, home.resolve("copy.raw").toString());
            assertThat(Files.mismatch(image, home.resolve("copy.raw"))).isEqualTo(-1);

            final Object exports =
                    JSON.std.mapFrom(run("nbdinfo", "--json", uri)).get("exports");
            assertThat(exports).asString().contains("export-size=" + SIZE, "can_fua=true", "block_size_minimum=512");
            assertThat(run("nbdinfo", "--list", uri)).contains("export=\"data\":");
            assertThat(run("nbdinfo", "--map", uri)).contains("1048576     4194304    3  hole,zero");
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
            assertThat(socket).doesNotExist();
        }
    }

    @Test
    void qemusTools() throws IOException, InterruptedException {
        Programs.assume("qemu-img");
        final Path image = image();
        final String named = "nbd+unix:///data?socket=" + socket;
        try (VarveProcess serve = serve()) {
            run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image.toString(), named);
            assertThat(run("qemu-img", "compare", "-f", "raw", "-F", "raw", image.toString(), named))
                    .contains("Images are identical.");
            assertThat(run("qemu-img", "map", "--output=json", "-f", "raw", named))
                    .contains(
                            "\"start\": 1048576, \"length\": 4194304, \"depth\": 0, \"present\": true, \"zero\": true");
            run(
                    "qemu-io",
                    "-f",
                    "raw",
                    "-c",
                    "write -P 7 4096 8192",
                    "-c",
                    "flush",
                    "-c",
                    "write -z 4096 4096",
                    "-c",
                    "discard 1M 1M",
                    "-c",
                    "read -P 0 4096 4096",
                    "-c",
                    "read -P 7 8192 4096",
                    "-c",
                    "read -P 0 1M 1M",
                    "-c",
                    "write -f -P 9 100 1000",
                    "-c",
                    "read -P 9 100 1000",
                    named);
        }
    }

    @Test
    void fioVerifiesWhatItWrote() throws IOException, InterruptedException {
        Programs.assume("fio");
        assumeTrue(run("fio", "--enghelp").contains("nbd"), "fio has no nbd engine here");
        try (VarveProcess serve = serve()) {
            final String verified = run(
                    "fio",
                    "--name=v",
                    "--ioengine=nbd",
                    "--uri=" + uri,
                    "--rw=randwrite",
                    "--bs=4k",
                    "--iodepth=32",
                    "--size=16M",
                    "--verify=crc32c",
                    "--verify_fatal=1",
                    "--randseed=1",
                    "--verify_state_save=0");
            assertThat(verified).contains("err= 0");
        }
    }

    @Test
    void aClientBesideAGuestReadsOnly() throws IOException, InterruptedException {
        Programs.assume("nbdinfo");
        final Path guest = home.resolve("guest.sock");
        try (VarveProcess serve = serve("--socket-path", guest.toString());
                FrontEnd frontEnd = FrontEnd.started(guest, FrontEndOptions.DEFAULT)) {
            assertThat(JSON.std.mapFrom(run("nbdinfo", "--json", uri)).get("exports"))
                    .asString()
                    .contains("is_read_only=true", "can_multi_conn=true");
        }
    }

    @Test
    void theDaemonServesAndShowsIt() throws IOException, InterruptedException {
        Programs.assume("nbdinfo");
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            final DaemonRig rig = new DaemonRig(home);
            final String attached = rig.ok("attach", "data", "--nbd", "unix:" + socket);
            assertThat(attached).contains("NBD clients connect at unix:" + socket + ".\n");
            assertThat(rig.ok("status")).contains("data: NBD at unix:" + socket + "\n");
            assertThat(run("nbdinfo", "--size", uri)).isEqualTo(SIZE + "\n");
            rig.ok("detach", "data");
            assertThat(socket).doesNotExist();
        }
    }

    @Test
    void tlsWithoutCertificatesIsOneLineAndStatus2() throws IOException, InterruptedException {
        final Path nothing = Files.createDirectory(home.resolve("tls"));
        try (VarveProcess serve =
                VarveProcess.start(home, "serve", "data", "--nbd", "unix:" + socket, "--nbd-tls", nothing.toString())) {
            assertThat(serve.awaitExit()).isEqualTo(2);
            assertThat(serve.err()).contains(nothing + "/ca-cert.pem: there is no such file");
            assertThat(serve.err().lines()).hasSize(1);
        }
    }

    @Test
    void whatIsNoAddressIsOneLineAndStatus2() throws IOException, InterruptedException {
        for (final String address : List.of("nonsense", "unix:", "localhost:70000", "unix:/nowhere/at/all")) {
            try (VarveProcess serve = VarveProcess.start(home, "serve", "data", "--nbd", address)) {
                assertThat(serve.awaitExit()).isEqualTo(2);
                assertThat(serve.err().getBytes(StandardCharsets.UTF_8)).isNotEmpty();
                assertThat(serve.err().lines()).hasSize(1);
            }
        }
    }
}
