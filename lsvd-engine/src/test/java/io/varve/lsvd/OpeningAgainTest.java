package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Openings that come as far as the record of their epoch, which the store does not take, or takes late. */
final class OpeningAgainTest {
    private static final int BLOCK = 4096;

    @TempDir
    private Path directory;

    private ObjectStore store;
    private UUID volume;
    private Refusing refusing;

    @BeforeEach
    void makeVolumeWithAnUnsentBlock() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        refusing = new Refusing();
        volume = new VolumeCatalog(store).create("disk", 1 << 20).uuid();
        final VolumeRig rig = new VolumeRig(context(store).destageDelayNs(Long.MAX_VALUE / 2));
        rig.write(0, block(1));
        rig.flush();
        rig.crash();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void mayFailAnyNumberOfTimes() throws Exception {
        refusing.isRefusing = true;
        for (int i = 0; i < Superblock.MAX_EPOCHS + 20; i++) {
            assertThatThrownBy(() -> new VolumeRig(context(refusing))).hasMessageContaining("read-only");
        }
        refusing.isRefusing = false;
        assertHasTheBlock();
    }

    @Test
    void knowAnEarlierRecordThatHasComeLate() throws Exception {
        refusing.isRefusing = true;
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> new VolumeRig(context(refusing))).hasMessageContaining("read-only");
        }
        refusing.landLate(1);
        refusing.isRefusing = false;
        assertHasTheBlock();
    }

    @Test
    void endAnEarlierRecordThatComesBetween() throws Exception {
        refusing.isRefusing = true;
        assertThatThrownBy(() -> new VolumeRig(context(refusing))).hasMessageContaining("read-only");
        refusing.isRefusing = false;
        refusing.isLandingFirst = true;
        assertThatThrownBy(() -> new VolumeRig(context(refusing)))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("try again");
        assertHasTheBlock();
        assertThat(new VolumeCatalog(store).info("disk").state()).isEqualTo(VolumeInfo.State.CLOSED);
    }

    @Test
    void areFencedOfTwoCopiesOfALog() throws Exception {
        refusing.isRefusing = true;
        assertThatThrownBy(() -> new VolumeRig(context(refusing))).hasMessageContaining("read-only");
        final Path log = directory.resolve("cache/" + volume + "/log");
        final Path copy = directory.resolve("copy/" + volume + "/log");
        Files.createDirectories(copy.getParent());
        Files.copy(log, copy, StandardCopyOption.REPLACE_EXISTING);
        final VolumeRig first = new VolumeRig(context(store));
        first.write(0, block(2));
        first.flush();
        first.await(first.volume::isStored);
        try (VolumeRig second = new VolumeRig(VolumeRig.context(store, directory.resolve("copy")))) {
            assertThat(second.read(0, BLOCK)).isEqualTo(block(2));
            first.submitWrite(0, 0, block(3));
            first.await(() -> first.volume.failure() != null);
            assertThat(first.volume.stats().isFenced()).isTrue();
        }
        first.crash();
        try (VolumeRig third = new VolumeRig(context(store))) {
            assertThat(third.read(0, BLOCK)).isEqualTo(block(2));
        }
    }

    @Test
    void leaveAnEpochAloneThatAnotherHostBeginsMeanwhile() throws Exception {
        final VolumeRig[] other = new VolumeRig[1];
        refusing.beforeSeal = () -> other[0] = new VolumeRig(
                VolumeRig.context(store, directory.resolve("elsewhere")).takeOver(true));
        assertThatThrownBy(() -> new VolumeRig(context(refusing)))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("at the same time");
        other[0].write(0, block(4));
        other[0].flush();
        other[0].close();
        try (VolumeRig rig = new VolumeRig(context(store))) {
            assertThat(rig.read(0, BLOCK)).isEqualTo(block(4));
        }
    }

    @Test
    void doNotReplayALogBehindAnEpochThatAnotherHostHasClosedMeanwhile() throws Exception {
        refusing.beforeSeal = () -> {
            new VolumeRig(VolumeRig.context(store, directory.resolve("elsewhere"))
                            .takeOver(true))
                    .close();
            return null;
        };
        assertThatThrownBy(() -> new VolumeRig(context(refusing)))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("at the same time");
        try (VolumeRig rig = new VolumeRig(context(store))) {
            assertThat(rig.read(0, BLOCK)).isEqualTo(block(0));
        }
    }

    private void assertHasTheBlock() throws Exception {
        try (VolumeRig rig = new VolumeRig(context(store))) {
            assertThat(rig.read(0, BLOCK)).isEqualTo(block(1));
        }
    }

    private VolumeContext context(final ObjectStore of) {
        return VolumeRig.context(of, directory.resolve("cache"));
    }

    private static byte[] block(final int value) {
        final byte[] block = new byte[BLOCK];
        Arrays.fill(block, (byte) value);
        return block;
    }

    /** A store that can be read, and written but for records of epochs; which it may have taken all the same. */
    private final class Refusing extends ForwardingStore {
        private boolean isRefusing;
        private boolean isLandingFirst;
        private Callable<?> beforeSeal;
        private final List<String> keys = new ArrayList<>();
        private final List<byte[]> bodies = new ArrayList<>();

        Refusing() {
            super(store);
        }

        void landLate(final int index) {
            store.putIfAbsent(keys.get(index), MemorySegment.ofArray(bodies.get(index)))
                    .join();
        }

        @Override
        public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
            if (beforeSeal != null && key.startsWith(Keys.log(volume, 1))) {
                callBeforeSeal();
            }
            if (key.startsWith(Keys.epochs(volume))) {
                if (isRefusing) {
                    keys.add(key);
                    bodies.add(body.toArray(ValueLayout.JAVA_BYTE));
                    return CompletableFuture.failedFuture(new StoreException("the store is read-only"));
                }
                if (isLandingFirst) {
                    landLate(0);
                }
            }
            return store.putIfAbsent(key, body);
        }

        private void callBeforeSeal() {
            final Callable<?> callable = beforeSeal;
            beforeSeal = null;
            try {
                callable.call();
            } catch (final Exception e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            // The test closes the store.
        }
    }
}
