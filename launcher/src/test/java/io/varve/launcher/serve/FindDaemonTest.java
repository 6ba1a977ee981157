package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.varve.linux.LinuxFile;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands on a volume go through the daemon that serves it, which they find by themselves. */
@Timeout(120)
@SuppressWarnings("try")
class FindDaemonTest {
    @TempDir
    private Path home;

    private DaemonRig rig;

    @BeforeEach
    void create() throws IOException {
        rig = new DaemonRig(home);
        rig.create("one");
    }

    private FrontEnd started() throws IOException {
        final FrontEnd frontEnd = FrontEnd.started(rig.socket("one"), FrontEndOptions.DEFAULT);
        assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
        return frontEnd;
    }

    @Test
    void theDaemonOfTheSettingsIsAskedWithoutBeingNamed() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            rig.attach("one");
            try (FrontEnd frontEnd = started()) {
                assertThat(rig.ok("snapshot", "create", "one@a")).contains("taken within");
                assertThat(rig.ok("snapshot", "create", "one@b", "--store", rig.url("one")))
                        .contains("taken within");
                assertThat(rig.ok("snapshot", "list", "one").lines()).hasSize(3);
                assertThat(rig.ok("volume", "resize", "one", "--size", "512M")).isEqualTo("Volume one has 512M now.\n");
                assertThat(frontEnd.getConfig(0, 8).getLong() * 512).isEqualTo(512L << 20);
                assertThat(rig.ok("volume", "info", "one")).contains("512M");
                for (final String[] refused : new String[][] {
                    {"volume", "remove", "one"}, {"snapshot", "rollback", "one@a"},
                }) {
                    assertThat(rig.run(refused).err()).isEqualTo("varve: volume 'one' is attached: detach it first\n");
                }
            }
        }
    }

    @Test
    void aDaemonAtAnotherSocketIsFoundByTheVolumesLog() throws IOException, InterruptedException {
        final Path control = home.resolve("elsewhere.sock");
        try (VarveProcess daemon = VarveProcess.daemon(home, "--control", control.toString())) {
            rig.ok("attach", "one", "--store", rig.url("one"), "--control", control.toString());
            try (FrontEnd frontEnd = started()) {
                awaitFigures();
                assertThat(rig.ok("snapshot", "create", "one@a", "--store", rig.url("one")))
                        .contains("taken within");
            }
        }
    }

    @Test
    void anotherStoresVolumeOfThatNameIsNotMeant() throws IOException, InterruptedException {
        rig.ok("volume", "create", "one", "--size", "64M");
        final String other = home.resolve(".local/share/varve/store").toUri().toString();
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            rig.attach("one");
            try (FrontEnd frontEnd = started()) {
                assertThat(rig.ok("volume", "resize", "one", "--size", "128M", "--store", other))
                        .isEqualTo("Volume one has 128M now.\n");
                assertThat(frontEnd.getConfig(0, 8).getLong() * 512).isEqualTo(256L << 20);
            }
        }
    }

    @Test
    void withoutADaemonItIsDoneHereAndServeIsNamedAsWhatItIs() throws IOException, InterruptedException {
        Files.createFile(VarveProcess.control(home));
        assertThat(rig.ok("snapshot", "create", "one@a", "--store", rig.url("one")))
                .isEqualTo("Created snapshot one@a.\n");
        Files.delete(VarveProcess.control(home));
        rig.ok("volume", "create", "data", "--size", "64M");
        try (VarveProcess serve = VarveProcess.serve(home, home.resolve("data.sock"));
                FrontEnd frontEnd = FrontEnd.started(home.resolve("data.sock"), FrontEndOptions.DEFAULT)) {
            frontEnd.run(BlkRequest.flush());
            assertThat(rig.run("snapshot", "create", "data@a").err())
                    .isEqualTo(
                            "varve: volume 'data' is in use by another varve process of this host: end that first\n");
        }
    }

    @Test
    void whatADaemonThatHasGoneHasToldIsNotFollowed() throws IOException, InterruptedException {
        final Path control = home.resolve("elsewhere.sock");
        try (VarveProcess daemon = VarveProcess.daemon(home, "--control", control.toString())) {
            rig.ok("attach", "one", "--store", rig.url("one"), "--control", control.toString());
            try (FrontEnd frontEnd = started()) {
                awaitFigures();
            }
            daemon.kill();
        }
        try (LinuxFile inUse = lockedLog()) {
            assertInUse("snapshot", "create", "one@a", "--store", rig.url("one"));
        }
    }

    @Test
    void aDaemonThatServesTheVolumeNoMoreIsNotAskedForItsOwnOfThatName() throws IOException, InterruptedException {
        rig.ok("volume", "create", "one", "--size", "64M");
        final Path control = home.resolve("elsewhere.sock");
        try (VarveProcess daemon = VarveProcess.daemon(home, "--control", control.toString())) {
            rig.ok("attach", "one", "--store", rig.url("one"), "--control", control.toString());
            try (FrontEnd frontEnd = started()) {
                awaitFigures();
            }
            rig.ok("detach", "one", "--control", control.toString());
            try (LinuxFile inUse = lockedLog()) {
                assertInUse("volume", "remove", "one", "--store", rig.url("one"));
            }
            assertThat(rig.ok("volume", "list")).contains("one");
        }
    }

    @Test
    void aDaemonThatOnlyReadsTheVolumeIsNotInTheWay() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            rig.ok("attach", "one", "--store", rig.url("one"), "--read-only");
            assertThat(rig.ok("snapshot", "create", "one@a", "--store", rig.url("one")))
                    .isEqualTo("Created snapshot one@a.\n");
            rig.ok("volume", "create", "two", "--from", "one@a", "--store", rig.url("one"));
            rig.ok("attach", "two", "--store", rig.url("one"), "--read-only");
            assertThat(rig.run("volume", "flatten", "two", "--store", rig.url("one")))
                    .satisfies(run -> assertThat(run.status()).as(run.err()).isZero());
            assertThat(rig.run("volume", "remove", "one", "--store", rig.url("one"))
                            .err())
                    .isEqualTo("varve: volume 'one' is attached: detach it first\n");
        }
    }

    @Test
    void anotherStoresVolumeOfThatNameIsNotMeantBeforeTheDaemonKnowsItsOwn() throws IOException, InterruptedException {
        rig.ok("volume", "create", "one", "--size", "64M");
        final String other = home.resolve(".local/share/varve/store").toUri().toString();
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            rig.attach("one");
        }
        rig.takeStoreAway("one");
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            assertThat(rig.status("one").get("uuid")).isNull();
            assertThat(rig.ok("volume", "resize", "one", "--size", "128M", "--store", other))
                    .isEqualTo("Volume one has 128M now.\n");
            assertThat(rig.run("volume", "resize", "one", "--size", "128M").err())
                    .contains("attached and not open");
        }
    }

    private void assertInUse(final String... command) {
        assertThat(rig.run(command).err())
                .isEqualTo("varve: volume 'one' is in use by another varve process of this host: end that first\n");
    }

    /** The log of the one volume that has one, as another process has it. */
    private LinuxFile lockedLog() throws IOException {
        try (Stream<Path> files = Files.walk(home.resolve(".cache/varve"))) {
            final Path log =
                    files.filter(file -> file.endsWith("log")).findFirst().orElseThrow();
            final LinuxFile file = LinuxFile.openLocked(log, LinuxFile.O_RDWR, 0);
            assertThat(file).isNotNull();
            return file;
        }
    }

    private void awaitFigures() {
        await().atMost(30, TimeUnit.SECONDS).until(() -> {
            try (Stream<Path> files = Files.walk(home.resolve(".cache/varve"))) {
                return files.anyMatch(file -> file.endsWith("live.json"));
            }
        });
    }
}
