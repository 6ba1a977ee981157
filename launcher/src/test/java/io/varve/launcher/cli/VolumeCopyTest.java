package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.serve.VarveProcess;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code varve volume export} and {@code import}, with real files, pipes and qemu-img. */
class VolumeCopyTest {
    private static final int SIZE = 40 << 20;

    @TempDir
    private Path home;

    private final Random random = new Random(4096);

    /** Runs a command with everything that the shell says around it. */
    private VarveProcess shell(final String script, final String... args) throws IOException {
        return VarveProcess.start(home, List.of("bash", "-c", script, "-"), args);
    }

    private String ok(final String... args) {
        final CommandRun run = CommandRun.in(home, args);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        return run.out();
    }

    private void fails(final String message, final int status, final String... args) {
        final CommandRun run = CommandRun.in(home, args);
        assertThat(run.err()).startsWith("varve: " + message).hasLineCount(1);
        assertThat(run.status()).isEqualTo(status);
    }

    private Path file(final String name) {
        return home.resolve(name);
    }

    private String path(final String name) {
        return file(name).toString();
    }

    /** A file with data, written zeros and holes, in all sizes. */
    private Path sparse(final String name, final long size) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path(name), "rw")) {
            file.setLength(size);
            for (int i = 0; i < 60; i++) {
                final byte[] data = new byte[1 + random.nextInt(i % 10 == 0 ? 1 << 20 : 20_000)];
                if (random.nextInt(4) > 0) {
                    random.nextBytes(data);
                }
                final long offset = random.nextLong(size);
                file.seek(offset);
                file.write(data, 0, (int) Math.min(data.length, size - offset));
            }
        }
        return file(name);
    }

    private void assertSame(final Path one, final Path other) throws IOException {
        assertThat(Files.mismatch(one, other)).as("first byte that differs").isEqualTo(-1);
    }

    private static String run(final String... command) throws IOException, InterruptedException {
        final Process process =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        final String out = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(out).isZero();
        return out;
    }

    /** Waits until data is in the store. */
    private void awaitObjects() {
        await().atMost(60, TimeUnit.SECONDS).until(() -> {
            try (Stream<Path> files = Files.walk(home.resolve(".local/share/varve/store/volumes"))) {
                return files.anyMatch(file -> file.toFile().length() > 1 << 20);
            } catch (final IOException | UncheckedIOException e) {
                return false;
            }
        });
    }

    private static void requireQemuImg() {
        assumeThat(Stream.of(System.getenv("PATH").split(":")))
                .as("qemu-img is installed")
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "qemu-img")));
    }

    @Test
    void aRawFileGoesInAndOutAndStaysSparse() throws IOException, InterruptedException {
        final Path in = sparse("in.raw", SIZE);
        assertThat(ok("volume", "import", in.toString(), "data")).startsWith("Imported volume data of 40M, ");
        assertThat(ok("volume", "export", "data", path("out.raw"))).startsWith("Exported volume data, ");
        assertSame(in, file("out.raw"));
        final long blocksIn =
                Long.parseLong(run("stat", "-c", "%b", in.toString()).strip());
        final long blocksOut =
                Long.parseLong(run("stat", "-c", "%b", path("out.raw")).strip());
        assertThat(blocksOut).isLessThanOrEqualTo(blocksIn);
        assertThat(ok("volume", "list")).doesNotContain("importing");
        assertThat(home.resolve(".cache/varve")).doesNotExist();
        assertThat(ok("volume", "verify", "data")).endsWith("all is well.\n");
    }

    @Test
    void aSizeOfWholeSectorsIsKept() throws IOException, InterruptedException {
        requireQemuImg();
        final Path in = sparse("in.raw", SIZE + 3 * 512);
        ok("volume", "import", in.toString(), "data");
        assertThat(ok("volume", "info", "data", "--json")).contains("\"size_bytes\" : " + (SIZE + 3 * 512));
        ok("volume", "export", "data", path("out.raw"));
        assertSame(in, file("out.raw"));
        ok("volume", "export", "data", path("out.qcow2"));
        run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", path("out.qcow2"), in.toString());
        ok("volume", "import", path("out.qcow2"), "again", "--format", "qcow2");
        ok("volume", "export", "again", path("again.raw"));
        assertSame(in, file("again.raw"));
        final VarveProcess exported = shell("\"$@\" | cat > " + path("piped.raw"), "volume", "export", "data", "-");
        assertThat(exported.awaitExit()).as(exported.describe()).isZero();
        assertSame(in, file("piped.raw"));
    }

    @Test
    void zerosTakeNoSpace() throws IOException {
        Files.write(file("zeros"), new byte[8 << 20]);
        assertThat(ok("volume", "import", path("zeros"), "data"))
                .isEqualTo("Imported volume data of 8M, 8K in the store.\n");
    }

    @Test
    void qcow2GoesInAndOut() throws IOException, InterruptedException {
        requireQemuImg();
        final Path in = sparse("in.raw", SIZE);
        run("qemu-img", "convert", "-c", "-O", "qcow2", in.toString(), path("in.qcow2"));
        ok("volume", "import", path("in.qcow2"), "data", "--format", "qcow2");
        ok("volume", "export", "data", path("out.qcow2"));
        assertThat(run("qemu-img", "check", path("out.qcow2"))).contains("No errors were found");
        run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", path("out.qcow2"), in.toString());
        final VarveProcess piped =
                shell("exec \"$@\" > " + path("piped.qcow2"), "volume", "export", "data", "-", "--format", "qcow2");
        assertThat(piped.awaitExit()).as(piped.describe()).isZero();
        assertSame(file("out.qcow2"), file("piped.qcow2"));
        assertThat(home.resolve(".cache/varve")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(longs = {4096, 64 << 20, 600L << 20, 5L << 40, 64L << 40})
    void qcow2ImagesOfAllSizesAreInOrder(final long size) throws IOException, InterruptedException {
        requireQemuImg();
        try (RandomAccessFile file = new RandomAccessFile(path("in.raw"), "rw")) {
            for (final long at : new long[] {0, size / 3 & -4096, size - 4096}) {
                if (at < 8L << 40) {
                    file.seek(at);
                    file.write(0x42);
                }
            }
        }
        ok("volume", "import", path("in.raw"), "data", "--size", Long.toString(size));
        ok("volume", "export", "data", path("out.qcow2"));
        assertThat(run("qemu-img", "check", path("out.qcow2"))).contains("No errors were found");
        assertThat(run("qemu-img", "info", path("out.qcow2"))).contains("(" + size + " bytes)");
        run("qemu-img", "compare", "-f", "qcow2", "-F", "raw", path("out.qcow2"), path("in.raw"));
        ok("volume", "import", path("out.qcow2"), "again", "--format", "qcow2");
        assertThat(ok("volume", "info", "again", "--json")).contains("\"size_bytes\" : " + size);
        ok("volume", "export", "again", path("again.qcow2"));
        assertSame(file("out.qcow2"), file("again.qcow2"));
    }

    @Test
    void pipesGoInAndOut() throws IOException, InterruptedException {
        final Path in = sparse("in.raw", SIZE + 4000);
        final VarveProcess imported = shell("cat " + in + " | \"$@\"", "volume", "import", "-", "data");
        assertThat(imported.awaitExit()).as(imported.describe()).isZero();
        assertThat(imported.out()).startsWith("Imported volume data of 40.0M");
        assertThat(ok("volume", "info", "data", "--json")).contains("\"size_bytes\" : " + (SIZE + 4096));
        final VarveProcess exported = shell("\"$@\" | cat > " + path("out.raw"), "volume", "export", "data", "-");
        assertThat(exported.awaitExit()).as(exported.describe()).isZero();
        assertThat(exported.out()).isEmpty();
        try (RandomAccessFile out = new RandomAccessFile(path("out.raw"), "rw")) {
            assertThat(out.length()).isEqualTo(SIZE + 4096);
            out.setLength(SIZE + 4000);
        }
        assertSame(in, file("out.raw"));
    }

    @Test
    void aPipeThatNobodyReadsEndsTheExport() throws IOException, InterruptedException {
        ok("volume", "import", sparse("in.raw", SIZE).toString(), "data");
        final VarveProcess export =
                shell("\"$@\" | head -c 100000 > /dev/null; exit ${PIPESTATUS[0]}", "volume", "export", "data", "-");
        assertThat(export.awaitExit()).isEqualTo(ExitStatus.FAILED);
        assertThat(export.err()).isEqualTo("varve: volume 'data' cannot be exported: Broken pipe\n");
    }

    @Test
    void aFullDiskEndsTheExportAndLeavesNoFile() throws IOException, InterruptedException {
        ok("volume", "import", sparse("in.raw", SIZE).toString(), "data");
        final VarveProcess export = shell("ulimit -f 500; exec \"$@\"", "volume", "export", "data", path("out.raw"));
        assertThat(export.awaitExit()).isEqualTo(ExitStatus.FAILED);
        assertThat(export.err())
                .startsWith("varve: volume 'data' cannot be exported: pwrite ")
                .hasLineCount(1);
        try (Stream<Path> files = Files.list(home)) {
            assertThat(files.map(Path::getFileName).map(Path::toString)).noneMatch(name -> name.startsWith("out"));
        }
        fails(
                "volume 'data' cannot be exported: No space left on device",
                ExitStatus.FAILED,
                "volume",
                "export",
                "data",
                "/dev/full");
    }

    @Test
    void aStoreThatTakesNothingEndsTheImport() throws IOException, InterruptedException {
        final VarveProcess run = shell(
                "VARVE_SHUTDOWN_TIMEOUT=1s exec \"$@\" < <(head -c 4G /dev/urandom)",
                "volume",
                "import",
                "-",
                "data",
                "--size",
                "1T");
        awaitObjects();
        final Path store = home.resolve(".local/share/varve/store");
        Files.move(store.resolve("volumes"), store.resolve("away"));
        Files.createFile(store.resolve("volumes"));
        assertThat(run.awaitExit()).isEqualTo(ExitStatus.FAILED);
        assertThat(run.err())
                .contains("varve: - cannot be imported: the store takes nothing: ")
                .endsWith("what is there of it is called 'data.importing': remove it, by 'varve volume remove"
                        + " data.importing'\n");
        Files.delete(store.resolve("volumes"));
        Files.move(store.resolve("away"), store.resolve("volumes"));
        assertThat(ok("volume", "remove", "data.importing")).isEqualTo("Removed volume data.importing.\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void anImportThatIsBrokenOffLeavesNothing(final String signal) throws IOException, InterruptedException {
        final VarveProcess run = shell(
                "exec \"$@\" --progress < <(head -c 4G /dev/urandom)", "volume", "import", "-", "data", "--size", "1T");
        awaitObjects();
        fails(
                "there is a volume 'data.importing': an import of 'data' is under way",
                2,
                "volume",
                "import",
                sparse("b", SIZE).toString(),
                "data");
        run.signal(signal);
        assertThat(run.awaitExit()).isEqualTo(signal.equals("INT") ? 130 : 143);
        assertThat(run.err()).endsWith("varve: broken off; there is no volume data\n");
        assertThat(ok("volume", "list")).doesNotContain("data");
        try (Stream<Path> left = Files.walk(home.resolve(".local"))) {
            assertThat(left.filter(Files::isRegularFile)
                            .mapToLong(one -> one.toFile().length())
                            .sum())
                    .isLessThan(100_000);
        }
    }

    @Test
    void anExportThatIsBrokenOffLeavesNothing() throws IOException, InterruptedException {
        ok("volume", "import", sparse("in.raw", SIZE).toString(), "data");
        run("mkfifo", path("fifo"));
        final VarveProcess run = VarveProcess.start(home, "volume", "export", "data", path("fifo"));
        try (InputStream fifo = Files.newInputStream(file("fifo"))) {
            assertThat(fifo.readNBytes(4096)).hasSize(4096);
            run.signal("INT");
            assertThat(run.awaitExit()).isEqualTo(130);
        }
        assertThat(run.err()).isEqualTo("varve: broken off; what was written so far is not all\n");
    }

    @Test
    void aFileThatIsThereIsLeftAlone() throws IOException {
        ok("volume", "create", "data", "--size", "1M");
        Files.writeString(file("out.raw"), "mine");
        fails(path("out.raw") + " exists already", 2, "volume", "export", "data", path("out.raw"));
        assertThat(file("out.raw")).hasContent("mine");
        ok("volume", "export", "data", path("new.raw"));
        assertThat(file("new.raw")).hasSize(1 << 20);
    }

    @Test
    void aVolumeThatIsThereIsLeftAlone() throws IOException {
        ok("volume", "create", "data", "--size", "1M");
        fails(
                "volume 'data' exists already",
                2,
                "volume",
                "import",
                sparse("in.raw", SIZE).toString(),
                "data");
        assertThat(ok("volume", "list").lines()).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "volume export none out.raw | no volume 'none' in ",
                "volume export data out.raw --format vmdk | --format: 'vmdk' is not raw, qcow2 or diff",
                "volume export data out.vdiff | a difference is exported by --from SNAPSHOT",
                "volume export data out.raw --to a | a difference is exported by --from SNAPSHOT",
                "volume export data out.qcow2 --from a --format qcow2 | a difference is exported by --from SNAPSHOT",
                "volume export data@a out.vdiff --from b --to c | name the snapshot once",
                "volume export data@ out.raw | '' is no name for a snapshot",
                "volume import none.raw data | there is no file none.raw",
                "volume import none.qcow2 data | there is no file none.qcow2",
                "volume import /dev/null data | there is nothing to import: the input is empty",
                "volume import /dev/null data --size 5 | the size of a volume must be a multiple of 512 bytes",
                "volume import /dev/null a/b | 'a/b' is no name",
                "volume import - data --format qcow2 | a qcow2 image can't be read from a pipe",
                "volume import /dev/null data --any-base | --any-base: that is for a difference",
                "volume import /dev/null data --format iso | --format: 'iso' is no form of an image; there are raw, ",
                "volume export data out.vmdk | out.vmdk: volumes are not exported as vmdk: give --format raw or qcow2",
                "volume import - data --format diff --size 1G | --size: a difference says what size the volume gets",
                "volume verify none | no volume 'none' in ",
                "volume verify data --rate fast | --rate: 'fast' is not a size",
            })
    void refusesWhatIsNoGood(final String command, final String message) {
        fails(message, 2, command.split(" "));
        assertThat(ok("volume", "list").lines()).hasSize(1);
    }

    @Test
    void anExportOfAVolumeThatIsOpenSaysSo() throws IOException, InterruptedException {
        ok("volume", "create", "data", "--size", "1M");
        try (VarveProcess serve = VarveProcess.serve(home, file("data.sock"));
                FrontEnd frontEnd = FrontEnd.started(file("data.sock"), FrontEndOptions.DEFAULT)) {
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            final CommandRun run = CommandRun.in(home, "volume", "export", "data", path("out.raw"));
            assertThat(run.err())
                    .startsWith("varve: volume data is open, by ")
                    .endsWith(": this exports what the store holds of it now\n");
            assertThat(run.status()).isZero();
            assertThat(ok("volume", "verify", "data")).endsWith("all is well.\n");
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
        }
    }

    @Test
    void aVerificationThatIsBrokenOffSaysSo() throws IOException, InterruptedException {
        ok("volume", "import", sparse("in.raw", SIZE).toString(), "data");
        final VarveProcess run = VarveProcess.start(home, "volume", "verify", "data", "--rate", "1", "--progress");
        run.awaitErr(line -> line.contains("verified"));
        run.signal("INT");
        assertThat(run.awaitExit()).isEqualTo(130);
        assertThat(run.err()).endsWith("varve: broken off; nothing damaged was found so far\n");
    }

    @Test
    void verifyTellsWhatIsDamagedAndWhatThatAffects() throws IOException {
        final byte[] disk = new byte[1 << 20];
        random.nextBytes(disk);
        Files.write(file("in.raw"), disk);
        ok("volume", "import", path("in.raw"), "data");
        final Path object;
        try (Stream<Path> files = Files.walk(home.resolve(".local/share/varve/store/volumes"))) {
            object = files.filter(one -> one.toFile().length() > 1 << 20)
                    .findFirst()
                    .orElseThrow();
        }
        try (RandomAccessFile file = new RandomAccessFile(object.toFile(), "rw")) {
            file.seek(file.length() - 5000);
            file.write(file.read() ^ 1);
        }
        final CommandRun run = CommandRun.in(home, "volume", "verify", "data");
        assertThat(run.status()).isEqualTo(ExitStatus.FAILED);
        assertThat(run.out().lines().toList())
                .hasSize(2)
                .element(0)
                .asString()
                .endsWith(object.getFileName()
                        + " is damaged: data blocks 254 of 256 do not match their checksums: affects bytes"
                        + " 1040384-1044479");
        assertThat(CommandRun.in(home, "volume", "verify", "data", "--json").out())
                .contains("\"well\" : false")
                .contains("\"offset\" : 1040384");
        fails("volume 'data' cannot be exported: ", ExitStatus.FAILED, "volume", "export", "data", path("out.raw"));
        assertThat(file("out.raw")).doesNotExist();
    }
}
