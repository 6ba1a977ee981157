package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.IoVec;
import io.varve.linux.Mapping;
import io.varve.linux.MemFd;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A guest whose memory vanishes under a request fails that request, and nothing else. */
class VolumeGuestMemoryTest {
    private static final int LENGTH = 64 << 10;
    private static final int ROUNDS = 200;

    @TempDir
    Path directory;

    private ObjectStore store;
    private int done;
    private int failed;

    @BeforeEach
    void makeVolume() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        new VolumeCatalog(store).create("disk", 24 << 20);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void requestsOnMemoryThatIsGoneFailAlone() throws Exception {
        final byte[] data = new byte[4096];
        Arrays.fill(data, (byte) 7);
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("cache"));
                MemFd file = MemFd.create("guest", LENGTH);
                Mapping memory = gone(file)) {
            final IoVec vector = new IoVec();
            vector.add(memory.address(), LENGTH);
            for (int round = 0; round < ROUNDS; round++) {
                rig.volume.write(1 << 20, vector, false, this::onDone, 0);
                rig.volume.read(1 << 20, vector, this::onDone, 0);
                rig.write(0, data);
                rig.await(() -> done == 2);
                assertThat(failed).as("failed in round " + round).isEqualTo(2);
                done = 0;
                failed = 0;
            }
            assertThat(rig.read(0, 4096)).isEqualTo(data);
            assertThat(rig.read(1 << 20, LENGTH)).containsOnly(0);
        }
    }

    private static Mapping gone(final MemFd file) throws Exception {
        final Mapping memory = Mapping.ofFile(file.fd(), 0, LENGTH);
        file.resize(0);
        return memory;
    }

    private void onDone(final long token, final int status) {
        done++;
        failed += status == VolumeCompletion.OK ? 0 : 1;
    }
}
