package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/** Snapshots over NBD: whole, and what has changed from one to another, as backup programs read them. */
@Timeout(120)
@SuppressWarnings("try")
class NbdBackupTest {
    private static final int SIZE = 32 << 20;
    private static final int BLOCK = 4096;
    private static final String MONDAY = "qemu:dirty-bitmap:monday";

    @TempDir
    private Path home;

    private Programs programs;
    private Path socket;
    private String uri;

    @BeforeEach
    void makeSnapshots() throws IOException, InterruptedException {
        Programs.assume("nbdcopy");
        Programs.assume("qemu-img");
        programs = new Programs(home);
        socket = home.resolve("nbd.sock");
        uri = "nbd+unix:///?socket=" + socket;
        final byte[] image = new byte[SIZE];
        new Random(1).nextBytes(image);
        Files.write(home.resolve("image.raw"), image);
        varve("volume", "import", home.resolve("image.raw").toString(), "data", "--no-progress");
        varve("snapshot", "create", "data@monday");
        try (VarveProcess serve = serve("data")) {
            programs.run(
                    "qemu-io",
                    "-f",
                    "raw",
                    "-c",
                    "write -P 7 4096 8192",
                    "-c",
                    "write -P 8 20M 1M",
                    "-c",
                    "discard 10M 1M",
                    uri);
            // The same bytes once more are no change.
            programs.run("qemu-io", "-f", "raw", "-c", "write -s image.raw 0 4096", uri);
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
        }
        varve("snapshot", "create", "data@tuesday");
    }

    private void varve(final String... args) throws IOException, InterruptedException {
        try (VarveProcess process = VarveProcess.start(home, args)) {
            assertThat(process.awaitExit()).as(process.describe()).isZero();
        }
    }

    private VarveProcess serve(final String name) throws IOException, InterruptedException {
        final VarveProcess serve = VarveProcess.start(home, "serve", name, "--nbd", "unix:" + socket);
        serve.awaitOut(line -> line.contains(" is ready "));
        return serve;
    }

    /** A part of the disk. */
    private record Part(long offset, long length) {}

    private List<Part> changed() throws IOException, InterruptedException {
        final List<Part> result = new ArrayList<>();
        for (final Object each : JSON.std.listFrom(programs.run("nbdinfo", "--json", "--map=" + MONDAY, uri))) {
            final Map<?, ?> part = (Map<?, ?>) each;
            if (((Number) part.get("type")).intValue() == 1) {
                result.add(
                        new Part(((Number) part.get("offset")).longValue(), ((Number) part.get("length")).longValue()));
            }
        }
        return result;
    }

    @Test
    void anIncrementalBackupRestoresTheSameBytes() throws IOException, InterruptedException {
        final Path backup = home.resolve("backup.raw");
        try (VarveProcess serve = serve("data@monday")) {
            programs.run("nbdcopy", uri, backup.toString());
            assertThat(Files.mismatch(backup, home.resolve("image.raw"))).isEqualTo(-1);
            assertThat(programs.run("nbdinfo", "--json", uri)).contains("\"is_read_only\": true", "data@monday");
        }
        try (VarveProcess serve = serve("data@tuesday")) {
            final List<Part> changed = changed();
            assertThat(changed)
                    .containsExactly(
                            new Part(BLOCK, 2 * BLOCK), new Part(10 << 20, 1 << 20), new Part(20 << 20, 1 << 20));
            try (RandomAccessFile file = new RandomAccessFile(backup.toFile(), "rw")) {
                for (final Part part : changed) {
                    programs.run(
                            "qemu-img",
                            "dd",
                            "-f",
                            "raw",
                            "-O",
                            "raw",
                            "bs=" + BLOCK,
                            "skip=" + part.offset / BLOCK,
                            "count=" + (part.offset + part.length) / BLOCK,
                            "if=" + uri,
                            "of=part.raw");
                    file.seek(part.offset);
                    file.write(Files.readAllBytes(home.resolve("part.raw")));
                }
            }
            programs.run("nbdcopy", uri, "tuesday.raw");
            assertThat(Files.mismatch(backup, home.resolve("tuesday.raw"))).isEqualTo(-1);
        }
    }

    /** QEMU shows what such a context says in place of what holds data. */
    @Test
    void qemuReadsWhatHasChanged() throws IOException, InterruptedException {
        try (VarveProcess serve = serve("data@tuesday")) {
            final String map = programs.run(
                    "qemu-img",
                    "map",
                    "--output=json",
                    "--image-opts",
                    "driver=raw,file.driver=nbd,file.server.type=unix,file.server.path=" + socket
                            + ",file.x-dirty-bitmap=" + MONDAY);
            assertThat(JSON.std.listFrom(map))
                    .filteredOn(each -> Boolean.FALSE.equals(((Map<?, ?>) each).get("data")))
                    .extracting(each -> ((Number) ((Map<?, ?>) each).get("start")).longValue())
                    .containsExactly((long) BLOCK, 10L << 20, 20L << 20);
        }
    }

    @Test
    void aSnapshotThatIsNotThereHasNoChanges() throws IOException, InterruptedException {
        try (VarveProcess serve = serve("data@tuesday")) {
            assertThat(programs.fails("nbdinfo", "--map=qemu:dirty-bitmap:sunday", uri))
                    .contains("qemu:dirty-bitmap:sunday");
            assertThat(programs.fails("nbdinfo", "--map=qemu:dirty-bitmap:../etc", uri))
                    .isNotEmpty();
            assertThat(changed()).hasSize(3);
        }
    }
}
