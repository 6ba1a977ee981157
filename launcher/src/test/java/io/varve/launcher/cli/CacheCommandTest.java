package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.launcher.ExitStatus;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.IoVec;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.store.DirectoryStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

class CacheCommandTest {
    @TempDir
    private Path home;

    private Path cache;
    private Path target;

    @BeforeEach
    void createVolume() {
        cache = home.resolve(".cache/varve");
        target = home.resolve("data.rescued");
        ok("volume", "create", "data", "--size", "1G");
    }

    @Test
    void aCommandThatOpensAVolumeLeavesNoLogThatWasNotThere() throws Exception {
        ok("snapshot", "create", "data@first");
        assertThat(ok("cache", "list")).hasLineCount(1);
        writeUnsent();
        ok("snapshot", "create", "data@second");
        assertThat(ok("cache", "list").lines()).last().asString().contains(" current ");
    }

    @Test
    void listsAndRescues() throws Exception {
        assertThat(ok("cache", "list")).isEqualTo("VOLUME  EPOCH  SIZE  UNSENT  STATE  FILE\n");
        assertThat(ok("cache", "list", "--json").strip()).isEqualTo("[ ]");
        final String uuid = writeUnsent();

        assertThat(ok("cache", "list").lines())
                .last()
                .asString()
                .matches("data +1 +[0-9.]+M +8K +current +" + uuid + "/log");
        final List<Object> logs = JSON.std.listFrom(ok("cache", "list", "--json"));
        assertThat(logs).hasSize(1);
        assertThat((Map<?, ?>) logs.getFirst())
                .extracting("volume", "uuid", "epoch", "unsent_records", "unsent_bytes", "state")
                .containsExactly("data", uuid, 1, 1, 8192, "current");

        assertThat(ok("cache", "rescue", "data", "--to", target.toString()))
                .isEqualTo("Saved 1 records, 8K, of epoch 1 to " + target + ".\n");
        assertThat(target).hasSize(4096 + 8192);
        expectRefusal(target + " exists already", "cache", "rescue", uuid, "--to", target.toString());
        Files.delete(target);
        ok("cache", "rescue", uuid, "--to", target.toString(), "--epoch", "1");
        assertThat(target).exists();
    }

    @Test
    void refusesWrongUse() throws Exception {
        writeUnsent();
        expectRefusal("no log of volume 'other' here", "cache", "rescue", "other", "--to", target.toString());
        expectRefusal(
                "no log of volume 'data' with epoch 7 here",
                "cache",
                "rescue",
                "data",
                "--epoch=7",
                "--to",
                target.toString());
        expectRefusal("missing required argument", "cache", "rescue", "data");
        expectRefusal("the volume was not opened elsewhere since ", "cache", "rescue", "data", "--clone", "other");
        assertThat(ok("volume", "list")).doesNotContain("other");
        expectRefusal(
                "cannot save from ",
                "cache",
                "rescue",
                "data",
                "--to",
                home.resolve("none/file").toString());
        assertThat(target).doesNotExist();
    }

    /** One write that is in the log only, as a daemon leaves it that was killed. */
    private String writeUnsent() throws Exception {
        final IoRing ring = IoRings.open(16);
        try (DirectoryStore store = DirectoryStore.open(home.resolve(".local/share/varve/store"), false);
                Mapping memory = Memory.allocate(4096)) {
            final Volume volume = Volume.open(new VolumeContext()
                    .store(store)
                    .name("data")
                    .cacheDirectory(cache)
                    .logSizeBytes(VolumeContext.MIN_LOG_SIZE)
                    .destageDelayNs(Long.MAX_VALUE / 4)
                    .ring(ring));
            final IoVec vector = new IoVec();
            vector.add(memory.address(), 4096);
            final int[] status = {-1};
            volume.write(0, vector, true, (token, result) -> status[0] = result, 0);
            while (status[0] < 0) {
                volume.doWork();
                ring.turn(1_000_000);
            }
            assertThat(status[0]).isZero();
            ring.close();
            volume.close();
            return volume.uuid().toString();
        }
    }

    private void expectRefusal(final String reason, final String... args) {
        final CommandRun run = CommandRun.in(home, args);
        assertThat(run.err()).startsWith("varve: " + reason).hasLineCount(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
    }

    private String ok(final String... args) {
        final CommandRun run = CommandRun.in(home, args);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        return run.out();
    }
}
