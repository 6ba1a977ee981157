package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.varve.linux.UnixSocket;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.LoadGenerator;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/** Several volumes in one daemon, a real process, under its control socket. */
@Timeout(60)
@SuppressWarnings("try")
class DaemonTest {
    private static final int BLOCKS = 1000;
    private static final int DEPTH = 16;
    private static final int KILLS = 3;

    @TempDir
    private Path home;

    private DaemonRig rig;

    @BeforeEach
    void createVolumes() throws IOException {
        rig = new DaemonRig(home);
        rig.create("one");
        rig.create("two");
    }

    @Test
    void attachesShowsAndDetaches() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            assertThat(rig.ok("status")).isEqualTo("VOLUME  SIZE  STATE  UNSENT  FRONT-END  SOCKET\n");

            assertThat(rig.ok("attach", "one", "--store", rig.url("one"))).isEqualTo("""
                    Volume one, 256M, is ready at %1$s.

                    QEMU arguments: -machine q35,memory-backend=mem -m 1G -object memory-backend-memfd,id=mem,size=1G,share=on\
                     -chardev socket,id=varve-one,path=%1$s,reconnect=1 -device vhost-user-blk-pci,chardev=varve-one

                    For a libvirt domain with shared memory:
                    <disk type='vhostuser' device='disk' snapshot='no'>
                      <driver name='qemu' type='raw'/>
                      <source type='unix' path='%1$s'>
                        <reconnect enabled='yes' timeout='1'/>
                      </source>
                      <target dev='vda' bus='virtio'/>
                    </disk>
                    """.formatted(rig.socket("one")));
            daemon.awaitOut(
                    line -> line.equals("varve: volume one: 256M, is ready at " + home.resolve("one.vhost.sock")));
            final Path elsewhere = home.resolve("two.sock");
            assertThat(JSON.std.mapFrom(rig.ok(
                            "attach",
                            "two",
                            "--store",
                            rig.url("two"),
                            "--socket-path",
                            elsewhere.toString(),
                            "--socket-mode",
                            "660",
                            "--json")))
                    .containsEntry("volume", "two")
                    .containsEntry("socket_path", elsewhere.toString())
                    .containsEntry("size_bytes", 256 << 20);
            assertThat(permissions(rig.socket("one"))).isEqualTo("rw-------");
            assertThat(permissions(elsewhere)).isEqualTo("rw-rw----");
            assertThat(permissions(VarveProcess.control(home))).isEqualTo("rw-------");

            try (FrontEnd frontEnd = FrontEnd.started(elsewhere, FrontEndOptions.DEFAULT)) {
                load(frontEnd).run(500);
                final Map<?, ?> status = rig.status("two");
                assertThat(status.get("state")).isEqualTo("serving");
                assertThat(status.get("front_end")).isEqualTo("running");
                assertThat(status.get("trouble")).isNull();
            }
            assertThat(rig.ok("detach", "two")).isEqualTo("Detached volume two, everything is in the store.\n");
            assertThat(elsewhere).doesNotExist();
            assertThat(rig.status("two")).isNull();
            assertThat(rig.ok("detach", "two")).isEqualTo("Volume two was not attached.\n");
            assertThat(rig.ok("status", "one")).contains("one     256M  following       0  none");

            daemon.signal("TERM");
            assertThat(daemon.awaitExit()).isZero();
            assertThat(daemon.err().lines().filter(line -> !line.contains(" INFO ")))
                    .isEmpty();
            assertThat(home.resolve("one.vhost.sock")).doesNotExist();
            assertThat(VarveProcess.control(home)).doesNotExist();
        }
    }

    @Test
    void aFrontEndThatHasToWaitIsToldOf() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            rig.attach("one");
            rig.attach("two");
            assertThat(rig.ok("status")).doesNotContain("waits");
            try (FrontEnd frontEnd = FrontEnd.started(rig.socket("one"), FrontEndOptions.DEFAULT);
                    UnixSocket second = UnixSocket.connect(rig.socket("one"))) {
                await().until(() -> rig.ok("status").contains("waits"));
                assertThat(rig.ok("status")).endsWith("one: another front-end waits until this one is gone\n");
                assertThat(rig.ok("status", "two")).doesNotContain("waits");
                assertThat((List<?>) rig.status("one").get("sessions"))
                        .singleElement()
                        .isEqualTo(sessionOfAGuest());
                await().until(() -> daemon.err().contains("one: another front-end waits until this one is gone"));
                assertThat(second.awaitReadable(0)).isFalse();
                assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            }
            await().until(() -> !rig.ok("status").contains("waits"));
        }
    }

    private static Map<String, Object> sessionOfAGuest() {
        final Map<String, Object> fields = new HashMap<>();
        fields.put("protocol", "vhost-user");
        fields.put("peer", "process " + ProcessHandle.current().pid());
        fields.put("may_write", true);
        fields.put("running", true);
        return fields;
    }

    @Test
    void attachingAgainIsTheSameAnswerAndOtherwiseRefused() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            final String first = rig.ok("attach", "one", "--store", rig.url("one"));
            assertThat(rig.ok("attach", "one", "--store", rig.url("one"))).isEqualTo(first);
            final DaemonRig.Run other = rig.run("attach", "one", "--store", rig.url("one"), "--read-only");
            assertThat(other.status()).isEqualTo(2);
            assertThat(other.err())
                    .isEqualTo(
                            "varve: volume 'one' is attached already, at " + rig.socket("one") + ": detach it first\n");
        }
    }

    @Test
    void attachingAndDetachingDoesNotDisturbAnotherVolume() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home);
                Load load = new Load(rig.attach("one"))) {
            for (int i = 0; i < 5; i++) {
                try (FrontEnd frontEnd = FrontEnd.started(rig.attach("two"), FrontEndOptions.DEFAULT)) {
                    final LoadGenerator own = load(frontEnd).writePercent(100);
                    own.run(200);
                    own.fill();
                    rig.ok("detach", "two");
                    frontEnd.channel().awaitEnd();
                }
                load.expectProgress();
            }
            load.end();
        }
    }

    @Test
    void aStoreThatIsAwayOrHangsHoldsUpItsOwnVolumeOnly() throws IOException, InterruptedException {
        rig.create("three");
        hangStore("three");
        try (VarveProcess daemon = VarveProcess.daemon(home, "--shutdown-timeout", "1s");
                Load load = new Load(rig.attach("one"));
                FrontEnd away = FrontEnd.started(rig.attach("two"), FrontEndOptions.DEFAULT)) {
            away.run(BlkRequest.flush());
            rig.takeStoreAway("two");
            load(away).run(300);
            final Thread attach = new Thread(() -> rig.run("attach", "three", "--store", rig.url("three")));
            attach.start();
            await().until(() -> rig.status("three") != null);
            await().until(() -> rig.status("two").get("trouble") != null);
            assertThat(rig.status("three").get("state")).isEqualTo("opening");
            load.expectProgress();

            assertThat(rig.ok("detach", "three")).startsWith("Detached volume three");
            attach.join();
            assertThat(rig.ok("detach", "two")).contains(" are unsent: they are durable in the log");
            load.expectProgress();
            load.end();
            rig.bringStoreBack("two");
            rig.attach("two");
            assertThat(rig.ok("detach", "two")).contains("everything is in the store");
        }
    }

    @Test
    void aKilledDaemonIsFollowedByOneThatServesTheSameVolumesAtTheSameSockets()
            throws IOException, InterruptedException {
        final Path elsewhere = home.resolve("two.sock");
        FrontEnd one = null;
        LoadGenerator load = null;
        for (int i = 0; i <= KILLS; i++) {
            try (VarveProcess daemon = VarveProcess.daemon(home)) {
                if (i == 0) {
                    rig.attach("one");
                    rig.ok("attach", "two", "--store", rig.url("two"), "--socket-path", elsewhere.toString());
                    one = FrontEnd.started(rig.socket("one"), FrontEndOptions.DEFAULT);
                    load = new LoadGenerator(one, BLOCKS, 4096, DEPTH, 4711).writePercent(100);
                } else {
                    daemon.awaitOut(line -> line.contains("volume one: 256M, is ready at " + rig.socket("one")));
                    daemon.awaitOut(line -> line.contains("volume two: 256M, is ready at " + elsewhere));
                    one.reconnect();
                    load.drain();
                }
                load.run(1_000);
                load.fill();
                if (i < KILLS) {
                    daemon.kill();
                } else {
                    load.drain();
                    load.verifyAll(one);
                    rig.ok("detach", "two");
                    daemon.signal("TERM");
                    assertThat(daemon.awaitExit()).isZero();
                }
            }
        }
        one.close();
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            daemon.awaitOut(line -> line.contains("volume one: 256M, is ready at "));
            assertThat(rig.status("two")).as("detached for good").isNull();
        }
    }

    @Test
    void anAttachmentThatCannotBeOpenedAgainYetIsTriedAgain() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            rig.attach("one");
            daemon.kill();
        }
        final Path away = Files.move(rig.store("one"), home.resolve("away"));
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            daemon.awaitErr(line -> line.startsWith("varve: volume one: cannot be opened yet, trying again: "));
            assertThat(rig.status("one").get("state")).isEqualTo("opening");
            assertThat((String) rig.status("one").get("trouble")).contains("does not exist");
            Files.move(away, rig.store("one"));
            daemon.awaitOut(line -> line.contains("volume one: 256M, is ready at "));
            assertThat(rig.status("one").get("trouble")).isNull();
        }
    }

    @Test
    void allVolumesEndSideBySideWithinOneBound() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home, "--shutdown-timeout", "2s")) {
            for (final String volume : new String[] {"one", "two"}) {
                try (FrontEnd frontEnd = FrontEnd.started(rig.attach(volume), FrontEndOptions.DEFAULT)) {
                    frontEnd.run(BlkRequest.flush());
                    rig.takeStoreAway(volume);
                    load(frontEnd).run(300);
                }
            }
            final long startNs = System.nanoTime();
            daemon.signal("TERM");
            assertThat(daemon.awaitExit()).isZero();
            final long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
            System.out.println("two volumes whose store is away ended after " + tookMs + " ms, the bound was 2000 ms");
            assertThat(daemon.out()).contains("volume one: ended, ", "volume two: ended, ");
        }
    }

    @Test
    void aSecondSignalLeavesShippingToTheNextStart() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home, "--shutdown-timeout", "60m")) {
            try (FrontEnd frontEnd = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
                frontEnd.run(BlkRequest.flush());
                rig.takeStoreAway("one");
                load(frontEnd).run(100);
            }
            daemon.signal("INT");
            daemon.awaitOut(line -> line.contains("volume one: shipping "));
            assertThat(rig.status("one").get("state")).isEqualTo("ending");
            assertThat(rig.run("attach", "two", "--store", rig.url("two")).err())
                    .isEqualTo("varve: the daemon is ending\n");
            daemon.signal("INT");
            assertThat(daemon.awaitExit()).isZero();
            assertThat(daemon.out()).contains("they are durable in the log");
        }
    }

    @Test
    void tellsTheFiguresOfAllVolumes() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home, "--metrics", "127.0.0.1:0")) {
            final String url =
                    daemon.awaitOut(line -> line.startsWith("Metrics: ")).substring("Metrics: ".length());
            assertThat(get(url)).isEmpty();
            rig.attach("one");
            rig.attach("two");
            final String figures = get(url);
            assertThat(figures)
                    .contains(
                            "varve_size_bytes{volume=\"one\"} 268435456\nvarve_size_bytes{volume=\"two\"} 268435456\n")
                    .containsOnlyOnce("# TYPE varve_size_bytes gauge\n")
                    .containsOnlyOnce("# TYPE varve_store_operations_total counter\n");
            rig.ok("detach", "one");
            assertThat(get(url)).doesNotContain("volume=\"one\"").contains("volume=\"two\"");
        }
    }

    private static String get(final String url) throws IOException {
        try (var stream = URI.create(url).toURL().openStream()) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void aSecondDaemonAtTheSameControlSocketIsRefused() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home);
                VarveProcess second = VarveProcess.start(home, "daemon")) {
            assertThat(second.awaitExit()).isEqualTo(2);
            assertThat(second.err())
                    .isEqualTo("varve: socket path " + VarveProcess.control(home)
                            + " is taken: another process listens there\n");
            rig.attach("one");
        }
    }

    /** Makes every look at a volume's name wait for ever: its file becomes a pipe that nobody writes to. */
    private void hangStore(final String volume) throws IOException, InterruptedException {
        final Path claim = rig.store(volume).resolve("names").resolve(volume).resolve("00000000000000000001");
        final Path file;
        try (var files = Files.list(claim.getParent())) {
            file = files.findFirst().orElseThrow();
        }
        Files.delete(file);
        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor())
                .isZero();
    }

    private static String permissions(final Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private static LoadGenerator load(final FrontEnd frontEnd) {
        return new LoadGenerator(frontEnd, BLOCKS, 4096, DEPTH, 4711).flushEvery(50);
    }
}
