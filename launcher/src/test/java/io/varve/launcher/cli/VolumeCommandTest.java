package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.launcher.ExitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.jr.ob.JSON;

class VolumeCommandTest {
    @TempDir
    private Path home;

    @Test
    void createsListsShowsAndRemovesInTheDefaultStore() throws IOException {
        assertThat(ok("volume", "list")).isEqualTo("NAME  SIZE  OBJECTS  STORED  STATE  CREATED\n");
        assertThat(home).isEmptyDirectory();

        assertThat(ok("volume", "create", "data", "--size", "10G")).isEqualTo("Created volume data of 10G.\n");
        assertThat(home.resolve(".local/share/varve/store")).isDirectory();
        assertThat(ok("volume", "create", "a-longer.name_1", "--size", "4096"))
                .isEqualTo("Created volume a-longer.name_1 of 4K.\n");

        assertThat(ok("volume", "list").lines())
                .hasSize(3)
                .element(0)
                .asString()
                .startsWith("NAME             SIZE  OBJECTS");
        assertThat(ok("volume", "list").lines().toList()).element(1).asString().startsWith("a-longer.name_1    4K");
        assertThat(ok("volume", "list").lines().toList()).element(2).asString().startsWith("data              10G");

        assertThat(ok("volume", "info", "data"))
                .contains("name         data\n")
                .contains("size         10G (10737418240 bytes)\n");

        final Map<String, Object> info = JSON.std.mapFrom(ok("volume", "info", "data", "--json"));
        assertThat(info)
                .containsEntry("name", "data")
                .containsEntry("size_bytes", 10737418240L)
                .containsKeys("uuid", "created", "objects", "stored_bytes", "state");
        assertThat(JSON.std.listFrom(ok("volume", "list", "--json"))).hasSize(2).contains(info);

        assertThat(ok("volume", "remove", "data")).isEqualTo("Removed volume data.\n");
        assertThat(ok("volume", "remove", "data")).isEqualTo("There was no volume data.\n");
        assertThat(JSON.std.mapFrom(ok("volume", "remove", "data", "--json")))
                .isEqualTo(Map.of("name", "data", "removed", false));
        assertThat(ok("volume", "list")).doesNotContain("data");
    }

    @Test
    void aNameCanBeUsedAgainAfterRemoval() throws IOException {
        ok("volume", "create", "data", "--size", "1G");
        final Object first =
                JSON.std.mapFrom(ok("volume", "info", "data", "--json")).get("uuid");
        ok("volume", "remove", "data");
        final Map<String, Object> second = JSON.std.mapFrom(ok("volume", "create", "data", "--size", "2G", "--json"));
        assertThat(second).containsEntry("size_bytes", 2L << 30);
        assertThat(second.get("uuid")).isNotEqualTo(first);
    }

    @Test
    void changesSettings() throws IOException {
        ok("volume", "create", "data", "--size", "1G", "--max-unsent-age", "30s");
        assertThat(ok("volume", "set", "data", "durability=store", "max-unsent-age=0s", "max-unsent-bytes=64M"))
                .isEqualTo("Volume data: durability store, max-unsent-age no limit, max-unsent-bytes 64M.\n");
        assertThat(JSON.std.mapFrom(ok("volume", "set", "data", "fence-timeout=5s", "--json")))
                .containsEntry("durability", "store")
                .containsEntry("max_unsent_bytes", 64 << 20)
                .containsEntry("max_unsent_age_ms", 0)
                .containsEntry("fence_timeout_ms", 5000)
                .doesNotContainKey("next_settings");
        assertThat(ok("volume", "info", "data")).contains("fence        5s\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "durability | 'durability' sets nothing: write KEY=VALUE",
                "durability=tape | durability: 'tape' is neither log nor store",
                "size=2G | no setting 'size' of a volume can be changed; those that can: durability, max-unsent-bytes,"
                        + " max-unsent-age, fence-timeout, compression",
                "max-unsent-age=3 | max-unsent-age: '3' is not a span of time: give a whole number with us, ms, s or m (20s)",
                "max-unsent-age=1ms | the bound on the age of what is unsent is 0 for none, or 10ms to 7 days",
                "max-unsent-bytes=1K | the bound on unsent bytes is 0 for none, or 64K and more",
                "compression=gzip | compression: 'gzip' is none of none, lz4, zstd and zstd:LEVEL",
                "compression=zstd:20 | compression: 'zstd:20': give a level from -7 to 19 and not 0, as in zstd:3",
                "compression=zstd:0 | compression: 'zstd:0': give a level from -7 to 19 and not 0, as in zstd:3",
                "fence-timeout=1500us | fence-timeout: '1500us' is no whole number of milliseconds",
            })
    void refusesChangesThatAreNoGood(final String assignment, final String message) {
        ok("volume", "create", "data", "--size", "1G");
        final String before = ok("volume", "info", "data");
        final CommandRun run = CommandRun.in(home, "volume", "set", "data", assignment);
        assertThat(run.err()).isEqualTo("varve: " + message + "\n");
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(ok("volume", "info", "data")).isEqualTo(before);
    }

    @Test
    void refusesToSetTheSameTwice() {
        ok("volume", "create", "data", "--size", "1G");
        assertThat(CommandRun.in(home, "volume", "set", "data", "durability=log", "durability=store")
                        .err())
                .isEqualTo("varve: durability is set twice\n");
    }

    @Test
    void takesAStoreFromOptionAndVariable() {
        final Path store = home.resolve("store");
        final String url = "file://" + store;
        assertThat(CommandRun.in(home, "volume", "create", "data", "--size", "1G", "--store", url)
                        .status())
                .isZero();
        assertThat(store).isDirectory();
        assertThat(CommandRun.in(home, Map.of("VARVE_STORE", url), "volume", "list")
                        .out())
                .contains("data");
        assertThat(ok("volume", "list")).doesNotContain("data");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-data", " data", "data ", ".", "..", "da\u0007ta", "d/ata", "../x"})
    void refusesBadNames(final String name) {
        final CommandRun run = CommandRun.in(home, "volume", "create", "--size=1G", "--", name);
        assertThat(run.err())
                .startsWith("varve: '" + name.replace('\u0007', '?') + "' is no name for a volume")
                .hasLineCount(1);
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(home).isEmptyDirectory();
    }

    @Test
    void refusesANameThatIsTooLong() {
        ok("volume", "create", "d".repeat(128), "--size", "1G");
        assertThat(CommandRun.in(home, "volume", "create", "d".repeat(129), "--size", "1G")
                        .status())
                .isEqualTo(ExitStatus.WRONG_USE);
    }

    @ParameterizedTest
    @CsvSource({
        "0, the size of a volume must be more than 0",
        "65T, the size of a volume is at most 64T",
        "70368744181760, the size of a volume is at most 64T",
        "1000, the size of a volume must be a multiple of 512 bytes",
        "4095, the size of a volume must be a multiple of 512 bytes"
    })
    void refusesBadSizes(final String size, final String reason) {
        final CommandRun run = CommandRun.in(home, "volume", "create", "data", "--size", size);
        assertThat(run.err()).isEqualTo("varve: " + reason + "\n");
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(home).isEmptyDirectory();
    }

    @Test
    void keepsAndShowsWhatIsPromisedOfTheStore() throws IOException {
        ok("volume", "create", "plain", "--size", "1G");
        assertThat(ok("volume", "info", "plain"))
                .contains("durability   log\n")
                .contains("max unsent   no limit\n")
                .contains("max age      no limit\n")
                .contains("fence        off\n")
                .contains("compression  none\n");
        ok(
                "volume",
                "create",
                "data",
                "--size=1G",
                "--durability=store",
                "--max-unsent-bytes=64M",
                "--max-unsent-age=1500ms",
                "--fence-timeout=2m",
                "--compression=zstd:-3");
        assertThat(ok("volume", "info", "data"))
                .contains("durability   store\n")
                .contains("max unsent   64M\n")
                .contains("max age      1500ms\n")
                .contains("fence        2m\n")
                .contains("compression  zstd:-3\n");
        assertThat(JSON.std.mapFrom(ok("volume", "info", "data", "--json")))
                .containsEntry("durability", "store")
                .containsEntry("max_unsent_bytes", 64 << 20)
                .containsEntry("max_unsent_age_ms", 1500)
                .containsEntry("fence_timeout_ms", 120_000)
                .containsEntry("compression", "zstd:-3");
    }

    @ParameterizedTest
    @CsvSource({
        "--durability=disk, --durability: 'disk' is neither log nor store",
        "--max-unsent-bytes=64Q, --max-unsent-bytes: '64Q' is not a size",
        "--max-unsent-bytes=1K, 'the bound on unsent bytes is 0 for none, or 64K and more'",
        "--max-unsent-age=5, --max-unsent-age: '5' is not a span of time",
        "--max-unsent-age=50us, --max-unsent-age: '50us' is no whole number of milliseconds",
        "--max-unsent-age=5ms, 'the bound on the age of what is unsent is 0 for none, or 10ms to 7 days'",
        "--fence-timeout=100ms, 'the fence timeout is 0 for none, or 200ms to 7 days'",
    })
    void refusesBadPromises(final String option, final String reason) {
        final CommandRun run = CommandRun.in(home, "volume", "create", "data", "--size=1G", option);
        assertThat(run.err()).startsWith("varve: " + reason).hasLineCount(1);
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(home).isEmptyDirectory();
    }

    @Test
    void takesTheGreatestSize() {
        assertThat(ok("volume", "create", "data", "--size", "64T")).isEqualTo("Created volume data of 64T.\n");
    }

    @Test
    void refusesATakenNameAndKeepsTheVolume() {
        ok("volume", "create", "data", "--size", "1G");
        final CommandRun run = CommandRun.in(home, "volume", "create", "data", "--size", "2G");
        assertThat(run.err())
                .startsWith("varve: volume 'data' exists already in ")
                .hasLineCount(1);
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(ok("volume", "info", "data")).contains("(1073741824 bytes)");
    }

    @Test
    void saysWhenThereIsNoSuchVolume() {
        final CommandRun run = CommandRun.in(home, "volume", "info", "data");
        assertThat(run.err()).startsWith("varve: no volume 'data' in ").hasLineCount(1);
        assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(home).isEmptyDirectory();
    }

    @Test
    void tellsThatNobodyWritesANewVolumeAndLeavesItAlone() throws IOException {
        CommandRun.in(home, "volume", "create", "data", "--size", "1G");
        assertThat(CommandRun.in(home, "volume", "status", "data").out())
                .contains("state", "closed", "none yet")
                .doesNotContain("may be missing");
        assertThat(CommandRun.in(home, "volume", "fence", "data").out())
                .isEqualTo("Nobody writes volume data: nothing was changed.\n");
        assertThat(JSON.std.mapFrom(CommandRun.in(home, "volume", "status", "data", "--json")
                        .out()))
                .containsEntry("name", "data")
                .containsEntry("state", "closed")
                .containsEntry("epoch", 0)
                .containsEntry("writer", null);
        for (final String command : new String[] {"status", "fence"}) {
            final CommandRun none = CommandRun.in(home, "volume", command, "other");
            assertThat(none.err()).startsWith("varve: no volume 'other' in ").hasLineCount(1);
            assertThat(none.status()).isEqualTo(ExitStatus.WRONG_USE);
        }
    }

    @Test
    void saysWhatIsWrongWithAStore() throws IOException {
        final Path missing = home.resolve("missing");
        final CommandRun none = CommandRun.in(home, "volume", "list", "--store", "file://" + missing);
        assertThat(none.err()).isEqualTo("varve: store directory " + missing + " does not exist\n");
        assertThat(none.status()).isEqualTo(ExitStatus.WRONG_USE);

        final Path file = Files.createFile(home.resolve("file"));
        for (final String[] args : new String[][] {
            {"volume", "list", "--store", "file://" + file},
            {"volume", "create", "data", "--size", "1G", "--store", "file://" + file}
        }) {
            final CommandRun run = CommandRun.in(home, args);
            assertThat(run.err()).isEqualTo("varve: store " + file + " is not a directory\n");
            assertThat(run.status()).isEqualTo(ExitStatus.WRONG_USE);
        }
        final CommandRun below =
                CommandRun.in(home, "volume", "create", "data", "--size", "1G", "--store", "file://" + file + "/below");
        assertThat(below.err()).startsWith("varve: ").hasLineCount(1);
        assertThat(below.status()).isEqualTo(ExitStatus.WRONG_USE);
    }

    private String ok(final String... args) {
        final CommandRun run = CommandRun.in(home, args);
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
        return run.out();
    }
}
