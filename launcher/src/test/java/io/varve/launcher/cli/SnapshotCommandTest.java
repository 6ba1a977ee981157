package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.launcher.ExitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/** Snapshots and clones of volumes that nobody has open. */
class SnapshotCommandTest {
    @TempDir
    private Path home;

    @Test
    void aSnapshotIsTakenNamedProtectedAndRemoved() throws IOException {
        ok("volume", "create", "data", "--size", "64M");
        assertThat(ok("snapshot", "list", "data")).isEqualTo("NAME  SIZE  CREATED  PROTECTED  CLONES\n");
        assertThat(ok("snapshot", "create", "data@monday")).isEqualTo("Created snapshot data@monday.\n");
        refused("snapshot 'data@monday' exists already", "snapshot", "create", "data@monday");
        assertThat(ok("snapshot", "rename", "data@monday", "before"))
                .isEqualTo("Snapshot data@monday is data@before now.\n");
        ok("snapshot", "protect", "data@before");
        final Map<?, ?> only = snapshots().getFirst();
        assertThat(only.get("name")).isEqualTo("before");
        assertThat(only.get("protected")).isEqualTo(true);
        assertThat(only.get("size_bytes")).isEqualTo(64 << 20);
        refused("snapshot 'data@before' is protected", "snapshot", "remove", "data@before");
        ok("snapshot", "unprotect", "data@before");
        assertThat(ok("snapshot", "remove", "data@before")).isEqualTo("Removed snapshot data@before.\n");
        assertThat(ok("snapshot", "remove", "data@before")).isEqualTo("There was no snapshot data@before.\n");
        assertThat(snapshots()).isEmpty();
    }

    @Test
    void aCloneBeginsAsItsSnapshotAndOutlivesItWhenFlattened() throws IOException {
        final Path image = image();
        ok("volume", "import", image.toString(), "data");
        ok("snapshot", "create", "data@golden");
        assertThat(ok("volume", "create", "web", "--from", "data@golden"))
                .isEqualTo("Created volume web of 2M, a clone of data@golden.\n");
        assertThat(snapshots().getFirst().get("clones")).isEqualTo(List.of("web"));
        refused("snapshot 'data@golden' has clones", "snapshot", "remove", "data@golden");
        ok("snapshot", "protect", "data@golden");
        assertThat(CommandRun.in(home, "snapshot", "remove", "data@golden").err())
                .contains("flatten web first; it is protected as well: 'varve snapshot unprotect data@golden'");
        assertThat(ok("volume", "info", "web")).containsPattern("clone of +data@golden\n");
        assertThat(ok("volume", "info", "web", "--json")).contains("\"parent\" : \"data@golden\"");
        assertThat(ok("volume", "info", "data")).containsPattern("clone of +-\n");
        ok("snapshot", "create", "web@own");
        refused("volume 'web' has snapshots or clones of its own", "volume", "flatten", "web");
        ok("snapshot", "remove", "web@own");
        refused("the volume has clones", "volume", "remove", "data");
        assertHolds("web", image);
        assertThat(CommandRun.in(home, "volume", "flatten", "web").status()).isZero();
        assertThat(ok("volume", "info", "web")).containsPattern("clone of +-\n");
        ok("volume", "remove", "data");
        assertHolds("web", image);
    }

    @Test
    void aCloneHasTheSettingsThatItIsGivenAndElseThoseOfItsOrigin() {
        ok("volume", "create", "data", "--size", "64M", "--durability", "store", "--max-unsent-age", "5s");
        ok("snapshot", "create", "data@a");
        ok(
                "volume",
                "create",
                "web",
                "--from",
                "data@a",
                "--size",
                "128M",
                "--max-unsent-age",
                "0s",
                "--max-unsent-bytes",
                "1M",
                "--fence-timeout",
                "10s");
        assertThat(ok("volume", "info", "web", "--json"))
                .contains("\"size_bytes\" : " + (128 << 20))
                .contains("\"durability\" : \"store\"")
                .contains("\"max_unsent_age_ms\" : 0")
                .contains("\"max_unsent_bytes\" : 1048576")
                .contains("\"fence_timeout_ms\" : 10000");
        refused("--durability: 'no' is neither", "volume", "create", "b", "--from", "data@a", "--durability", "no");
        refused("--size: 'no' is not a size", "volume", "create", "b", "--from", "data@a", "--size", "no");
    }

    @Test
    void flatteningEndsWhenAnAncestorCantBeRead() throws IOException {
        ok("volume", "import", image().toString(), "data");
        ok("snapshot", "create", "data@golden");
        ok("volume", "create", "web", "--from", "data@golden");
        removeObjects();
        final CommandRun run = CommandRun.in(home, "volume", "flatten", "web");
        assertThat(run.err())
                .contains(
                        "varve: volume 'web' can't be flattened: what is left to copy is in objects that are missing");
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
    }

    /** Of data: the largest ones. */
    private void removeObjects() throws IOException {
        try (Stream<Path> files = Files.walk(home)) {
            for (final Path file : files.filter(Files::isRegularFile).toList()) {
                if (file.toString().contains("/volumes/") && Files.size(file) > 65536) {
                    Files.delete(file);
                }
            }
        }
    }

    @Test
    void aVolumeGoesBack() throws IOException {
        final Path image = image();
        ok("volume", "import", image.toString(), "data");
        ok("snapshot", "create", "data@before");
        ok("volume", "resize", "data", "--size", "4M");
        assertThat(ok("snapshot", "rollback", "data@before"))
                .isEqualTo("Volume data is as snapshot data@before again.\n");
        assertHolds("data", image);
    }

    @Test
    void saysWhatIsWrong() {
        ok("volume", "create", "data", "--size", "64M");
        refused("'data' names no snapshot: write VOLUME@SNAPSHOT", "snapshot", "create", "data");
        refused("'a b@c' is no name for a snapshot", "snapshot", "create", "data@a b@c");
        refused("no volume 'none' in ", "snapshot", "create", "none@a");
        refused("volume 'data' has no snapshot 'a'", "volume", "create", "new", "--from", "data@a");
        refused("volume 'data' has no snapshot 'a'", "snapshot", "rollback", "data@a");
        refused("volume 'data' has no snapshot 'a'", "snapshot", "protect", "data@a");
        ok("snapshot", "create", "data@a");
        refused("a clone is at least as large", "volume", "create", "new", "--from", "data@a", "--size", "4K");
    }

    private Path image() throws IOException {
        final byte[] bytes = new byte[2 << 20];
        new Random(1).nextBytes(bytes);
        return Files.write(home.resolve("image"), bytes);
    }

    private void assertHolds(final String volume, final Path image) throws IOException {
        final Path copy = home.resolve("copy");
        Files.deleteIfExists(copy);
        assertThat(CommandRun.in(home, "volume", "export", volume, copy.toString())
                        .status())
                .isZero();
        assertThat(Files.mismatch(image, copy)).isEqualTo(-1);
    }

    private List<Map<?, ?>> snapshots() throws IOException {
        final List<?> all = (List<?>)
                JSON.std.mapFrom(ok("snapshot", "list", "data", "--json")).get("snapshots");
        return all.stream().<Map<?, ?>>map(one -> (Map<?, ?>) one).toList();
    }

    private void refused(final String reason, final String... args) {
        final CommandRun run = CommandRun.in(home, args);
        assertThat(run.err()).startsWith("varve: " + reason).hasLineCount(1);
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
    }

    private String ok(final String... args) {
        final CommandRun run = CommandRun.in(home, args);
        assertThat(run.status()).as(run.err()).isZero();
        return run.out();
    }
}
