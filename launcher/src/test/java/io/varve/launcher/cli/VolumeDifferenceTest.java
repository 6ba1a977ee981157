package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.launcher.ExitStatus;
import io.varve.launcher.serve.VarveProcess;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.DifferenceExport;
import io.varve.lsvd.transfer.FileOutput;
import io.varve.lsvd.transfer.VolumeState;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code varve volume import} of differences. */
class VolumeDifferenceTest {
    private static final int SIZE = 8 << 20;
    private static final int GROWN = 12 << 20;

    @TempDir
    private Path home;

    private final Random random = new Random(99);
    private final byte[] before = new byte[SIZE];
    private final byte[] after = new byte[GROWN];

    @BeforeEach
    void writeDisks() throws IOException, VolumeException {
        final byte[] data = new byte[SIZE / 2];
        random.nextBytes(data);
        System.arraycopy(data, 0, before, SIZE / 4, data.length);
        System.arraycopy(before, 0, after, 0, SIZE);
        random.nextBytes(data);
        System.arraycopy(data, 0, after, SIZE / 2 + 4096, 1 << 20);
        Arrays.fill(after, SIZE / 4, SIZE / 4 + 40960, (byte) 0);
        System.arraycopy(data, 0, after, GROWN - 8192, 8192);
        Files.write(home.resolve("before.raw"), before);
        Files.write(home.resolve("after.raw"), after);
        ok("volume", "import", path("before.raw"), "data");
        ok("volume", "import", path("after.raw"), "goal");
        export("data", SIZE, "goal", GROWN, "up.vdiff");
        export("goal", GROWN, "data", SIZE, "down.vdiff");
    }

    private String ok(final String... args) {
        final CommandRun run = CommandRun.in(home, args);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        return run.out();
    }

    private String path(final String name) {
        return home.resolve(name).toString();
    }

    /** The difference of two volumes, for want of two states of one: the classes take any. */
    private void export(final String from, final long fromBytes, final String to, final long toBytes, final String file)
            throws IOException, VolumeException {
        final SystemRuntime runtime = new SystemRuntime();
        try (ObjectStore store = DirectoryStore.open(home.resolve(".local/share/varve/store"), false)) {
            final StoreClient client = new StoreClient(store, runtime, 10_000);
            final UUID older = new VolumeCatalog(store).find(from);
            final UUID newer = new VolumeCatalog(store).find(to);
            try (History olderHistory = new HistoryReader(client, older).read();
                    History newerHistory = new HistoryReader(client, newer).read();
                    DifferenceExport export = new DifferenceExport(
                            client,
                            runtime,
                            VolumeState.of(from, older, olderHistory, fromBytes),
                            VolumeState.of(to, newer, newerHistory, toBytes),
                            Cancellation.NEVER);
                    FileOutput output = FileOutput.create(home.resolve(file))) {
                export.write(output, (bytes, total) -> {});
            }
        }
    }

    private void assertHolds(final String volume, final byte[] disk) throws IOException {
        ok("volume", "export", volume, path("out.raw"));
        assertThat(Files.mismatch(home.resolve("out.raw"), Files.write(home.resolve("expected.raw"), disk)))
                .isEqualTo(-1);
        Files.delete(home.resolve("out.raw"));
        assertThat(ok("volume", "verify", volume)).endsWith("all is well.\n");
    }

    @Test
    void bringsAVolumeForwardAndBackAndChangesItsSize() throws IOException, InterruptedException {
        assertThat(Files.size(home.resolve("up.vdiff"))).isLessThan((1 << 20) + 60_000);
        assertThat(ok("volume", "import", path("up.vdiff"), "data")).startsWith("Volume data holds 'goal' of volume ");
        assertHolds("data", after);
        assertThat(ok("volume", "import", path("up.vdiff"), "data")).endsWith(" already.\n");
        try (VarveProcess piped = VarveProcess.start(
                home,
                List.of("bash", "-c", "cat " + path("down.vdiff") + " | \"$@\"", "-"),
                "volume",
                "import",
                "-",
                "data",
                "--format",
                "diff")) {
            assertThat(piped.awaitExit()).as(piped.describe()).isZero();
        }
        assertHolds("data", before);
        assertThat(home.resolve(".cache/varve")).isEmptyDirectory();
    }

    @Test
    void whatHasChangedFromOneSnapshotToAnotherBringsACopyForward() throws IOException {
        ok("snapshot", "create", "data@one");
        ok("volume", "import", path("up.vdiff"), "data");
        ok("snapshot", "create", "data@two");
        ok("volume", "import", path("down.vdiff"), "data");
        assertThat(ok("volume", "export", "data", path("change.vdiff"), "--from", "one", "--to", "two"))
                .startsWith("Exported what has changed of snapshot data@two, 1.0M of data, to ");
        ok("volume", "export", "data", path("back.vdiff"), "--from", "two");
        ok("volume", "export", "data@one", path("one.raw"));
        ok("volume", "export", "data@two", path("two.qcow2"));
        assertThat(Files.readAllBytes(home.resolve("one.raw"))).isEqualTo(before);
        ok("volume", "import", path("one.raw"), "copy");
        assertThat(ok("volume", "import", path("change.vdiff"), "copy"))
                .startsWith("Volume copy holds 'data@two' of volume ");
        assertHolds("copy", after);
        ok("volume", "import", path("back.vdiff"), "copy");
        assertHolds("copy", before);
        assertHolds("data", before);
        assertThat(CommandRun.in(home, "volume", "export", "data@three", path("x.raw"))
                        .err())
                .startsWith("varve: volume 'data' has no snapshot 'three'");
    }

    @Test
    void aCloneIsVerifiedAndExportedWithWhatItSharesWithItsParent() throws IOException {
        ok("snapshot", "create", "data@one");
        ok("volume", "create", "clone", "--from", "data@one");
        assertHolds("clone", before);
        ok("volume", "import", path("up.vdiff"), "clone");
        assertHolds("clone", after);
        assertHolds("data", before);
    }

    @Test
    void aVolumeThatIsNotWhatItBeginsWithIsLeftAlone() throws IOException {
        final CommandRun run = CommandRun.in(home, "volume", "import", path("down.vdiff"), "data");
        assertThat(run.status()).isZero();
        assertThat(run.out()).endsWith(" already.\n");
        Files.write(home.resolve("other.raw"), new byte[SIZE]);
        ok("volume", "import", path("other.raw"), "other");
        final CommandRun wrong = CommandRun.in(home, "volume", "import", path("up.vdiff"), "other");
        assertThat(wrong.err())
                .startsWith("varve: volume 'other' is not what the difference begins with, which is 'data' of volume ")
                .hasLineCount(1);
        assertThat(wrong.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertHolds("other", new byte[SIZE]);
    }

    @Test
    void withAnyBaseTheOutcomeIsCheckedAllTheSame() throws IOException {
        Files.write(home.resolve("other.raw"), new byte[SIZE]);
        ok("volume", "import", path("other.raw"), "other");
        final CommandRun run = CommandRun.in(home, "volume", "import", path("up.vdiff"), "other", "--any-base");
        assertThat(run.status()).isEqualTo(ExitStatus.FAILED);
        assertThat(run.err()).contains("volume 'other' does not hold 'goal' now");
    }

    @Test
    void damageIsToldAndCanBeMadeGood() throws IOException {
        final Path damaged = Files.copy(home.resolve("up.vdiff"), home.resolve("damaged.vdiff"));
        try (RandomAccessFile file = new RandomAccessFile(damaged.toFile(), "rw")) {
            file.seek(file.length() - 20_000);
            file.write(file.read() ^ 4);
        }
        final CommandRun run = CommandRun.in(home, "volume", "import", damaged.toString(), "data");
        assertThat(run.status()).isEqualTo(ExitStatus.FAILED);
        assertThat(run.err())
                .contains("damaged.vdiff cannot be imported: it is damaged: record ")
                .endsWith("; volume 'data' has part of the difference now: import it again, with --any-base\n")
                .hasLineCount(1);
        assertThat(CommandRun.in(home, "volume", "import", path("up.vdiff"), "data")
                        .status())
                .isEqualTo(ExitStatus.WRONG_USE);
        ok("volume", "import", path("up.vdiff"), "data", "--any-base");
        assertHolds("data", after);
    }

    @Test
    void whatIsNoDifferenceIsRefused() throws IOException {
        final CommandRun run = CommandRun.in(home, "volume", "import", path("before.raw"), "data", "--format", "diff");
        assertThat(run.err()).endsWith("before.raw cannot be imported: it is not a difference of volumes\n");
        assertThat(run.status()).isEqualTo(ExitStatus.FAILED);
        final CommandRun raw = CommandRun.in(
                home,
                "volume",
                "import",
                Files.move(home.resolve("up.vdiff"), home.resolve("up.img")).toString(),
                "x");
        assertThat(raw.err()).contains("begins like a diff image: say what it is, with --format diff");
    }
}
