package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumeFollowerTest {
    private static final int SIZE = 24 << 20;

    @TempDir
    Path directory;

    private ObjectStore store;
    private IoRing ring;

    @BeforeEach
    void makeVolume() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        new VolumeCatalog(store).create("disk", SIZE);
        ring = IoRings.open(64);
    }

    @AfterEach
    void close() {
        store.close();
        ring.close();
    }

    private Path cache(final String host) {
        return directory.resolve(host);
    }

    private VolumeFollower follow(final String host) throws VolumeException {
        return VolumeFollower.begin(VolumeRig.context(store, cache(host)).ring(ring));
    }

    private void writeOn(final String host) throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache(host))) {
            rig.write(0, new byte[4096]);
        }
    }

    /** Its log names an epoch that somebody else has begun instead; and yet what it holds is in the store, and it is not kept. */
    @Test
    void whoComesLateHasNothingToKeep() throws Exception {
        writeOn("one");
        try (VolumeFollower late = follow("one")) {
            writeOn("two");
            assertThat(late.standing().isFree()).isTrue();
            assertThatThrownBy(late::take)
                    .isInstanceOf(VolumeException.class)
                    .hasMessageContaining("was opened by")
                    .hasMessageEndingWith("at the same time");
        }
        try (VolumeFollower again = follow("one")) {
            assertThat(again.standing().isOwn()).isFalse();
            again.prepare();
            again.take();
            assertThat(again.epoch()).isEqualTo(3);
        }
        try (var files = Files.walk(cache("one"))) {
            assertThat(files.map(Path::toString)).noneMatch(name -> name.contains("superseded"));
        }
    }

    /** Its blocks are written already, which a new one's are not; what it held is in the store. */
    @Test
    void aLogThatWasClosedIsUsedAgain() throws Exception {
        writeOn("one");
        final Object file = fileKey("one");
        writeOn("two");
        writeOn("one");
        assertThat(fileKey("one")).isEqualTo(file);
        try (VolumeRig rig = new VolumeRig(store, cache("one"))) {
            assertThat(rig.read(0, 1)).containsOnly(0);
        }
    }

    private Object fileKey(final String host) throws Exception {
        try (var files = Files.walk(cache(host))) {
            final Path log = files.filter(Files::isRegularFile).findFirst().orElseThrow();
            return Files.readAttributes(log, BasicFileAttributes.class).fileKey();
        }
    }

    /** As long as nobody uses it: then it is as empty as it was. */
    @Test
    void aNewLogIsFilledWithZerosWhileItIsFollowed() throws Exception {
        writeOn("one");
        try (VolumeFollower follower = follower()) {
            int pieces = 0;
            while (follower.zeroMore()) {
                pieces++;
            }
            assertThat(pieces).isPositive();
            follower.take();
            assertThat(follower.zeroMore()).isFalse();
        }
        writeOn("two");
    }

    /** What of it has been written keeps that advantage; the rest of its first lap gets it. */
    @Test
    void aLogThatIsUsedAgainIsFilledWithZerosBehindItsEnd() throws Exception {
        writeOn("one");
        writeOn("two");
        try (VolumeFollower follower = follower("one")) {
            int pieces = 0;
            while (follower.zeroMore()) {
                pieces++;
            }
            assertThat(pieces).isPositive();
        }
        writeOn("one");
        try (VolumeRig rig = new VolumeRig(store, cache("two"))) {
            assertThat(rig.read(0, 1)).containsOnly(0);
        }
    }

    private VolumeFollower follower() throws VolumeException {
        return follower("two");
    }

    private VolumeFollower follower(final String host) throws VolumeException {
        final VolumeFollower follower = follow(host);
        follower.prepare();
        return follower;
    }

    /** Settings that were read before the seal don't count, however new they are. */
    @Test
    void settingsThatTheOwnerHasChangedAreFound() throws Exception {
        final VolumeRig owner = new VolumeRig(store, cache("one"));
        try (VolumeFollower follower = follow("two")) {
            follower.readSettings();
            new VolumeCatalog(store).grow("disk", 2 * SIZE);
            owner.close();
            while (follower.look() > 0) {
                // There may be more.
            }
            assertThat(follower.standing().isFree()).isTrue();
            follower.take();
            assertThat(new VolumeGuard(store).standing("disk").sizeBytes()).isEqualTo(2 * SIZE);
            final Volume volume = follower.open();
            assertThat(volume.sizeBytes()).isEqualTo(2 * SIZE);
            volume.shutdown();
            while (!volume.isShutDown()) {
                volume.doWork();
                ring.turn(1_000_000);
            }
            volume.close();
        }
    }
}
