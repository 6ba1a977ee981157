package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.cache.CacheStats;
import io.varve.lsvd.cache.DirectoryCacheFile;
import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.DirectoryStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Volumes that read through the cache: what is in it is not read from the store. */
class ReadCacheVolumeTest {
    private static final int MIB = 1 << 20;
    private static final int VOLUME_MIB = 24;

    @TempDir
    Path directory;

    private CountingStore store;
    private byte[] content;

    @BeforeEach
    void makeVolume() throws Exception {
        store = new CountingStore(DirectoryStore.open(directory.resolve("store"), true));
        new VolumeCatalog(store).create("disk", (long) VOLUME_MIB * MIB);
        content = new byte[VOLUME_MIB * MIB];
        new Random(5).nextBytes(content);
        try (VolumeRig rig =
                new VolumeRig(VolumeRig.context(store, directory.resolve("log")).destageDelayNs(60_000_000_000L))) {
            for (int i = 0; i < VOLUME_MIB; i++) {
                rig.write((long) i * MIB, Arrays.copyOfRange(content, i * MIB, (i + 1) * MIB));
            }
        }
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void whatFitsIsReadFromTheStoreOnce() throws Exception {
        try (ReadCache cache = cache(32 * MIB);
                VolumeRig rig = rig(cache)) {
            readAll(rig);
            awaitIdle(cache, VOLUME_MIB * 16);
            rig.turnFor(200);
            final long gets = store.gets();
            final long hitBytes = rig.volume.stats().cache().hitBytes();
            readAll(rig);
            readAll(rig);
            assertThat(store.gets()).isEqualTo(gets);
            rig.turnFor(200);
            assertThat(rig.volume.stats().cache().hitBytes() - hitBytes).isEqualTo(2L * content.length);
            assertThat(rig.volume.cachedBytes()).isEqualTo(content.length);
        }
    }

    @Test
    void whatFitsIsStillThereAfterARestart() throws Exception {
        try (ReadCache cache = cache(32 * MIB);
                VolumeRig rig = rig(cache)) {
            readAll(rig);
        }
        try (ReadCache cache = cache(32 * MIB);
                VolumeRig rig = rig(cache)) {
            final long gets = store.gets();
            readAll(rig);
            assertThat(store.gets()).isEqualTo(gets);
            assertThat(rig.volume.cachedBytes()).isEqualTo(content.length);
        }
    }

    @Test
    void oneFetchAnswersHoweverManyReadersWait() throws Exception {
        try (ReadCache cache = cache(32 * MIB);
                VolumeRig rig = rig(cache)) {
            rig.read(10L * MIB, 4096);
            final long gets = store.gets();
            final CompletableFuture<Void> gate = store.hold();
            for (int i = 0; i < 16; i++) {
                rig.submitRead(i, 9L * MIB + i % 8 * 512, 512);
            }
            rig.turnFor(100);
            assertThat(rig.outstanding()).isEqualTo(16);
            gate.complete(null);
            rig.awaitAll();
            for (int i = 0; i < 16; i++) {
                assertThat(rig.taken(i, 512)).isEqualTo(expected(9 * MIB + i % 8 * 512, 512));
            }
            assertThat(store.gets() - gets).isEqualTo(1);
        }
    }

    @Test
    void whoReadsOnIsReadAheadOf() throws Exception {
        try (ReadCache cache = cache(32 * MIB);
                VolumeRig rig = rig(cache)) {
            final long gets = store.gets();
            for (int at = 0; at < 8 * MIB; at += 65536) {
                assertThat(rig.read(at, 65536)).isEqualTo(expected(at, 65536));
            }
            assertThat(store.gets() - gets).isLessThan(30);
        }
    }

    private ReadCache cache(final long size) throws IOException {
        return ReadCache.open(DirectoryCacheFile.open(directory.resolve("cache")), size, new SystemRuntime());
    }

    private VolumeRig rig(final ReadCache cache) throws Exception {
        return new VolumeRig(VolumeRig.context(store, directory.resolve("log")).readCache(() -> cache));
    }

    private void readAll(final VolumeRig rig) {
        for (int at = 0; at < content.length; at += MIB) {
            assertThat(rig.read(at, MIB)).isEqualTo(expected(at, MIB));
        }
    }

    private byte[] expected(final int from, final int length) {
        return Arrays.copyOfRange(content, from, from + length);
    }

    private static void awaitIdle(final ReadCache cache, final int lines) {
        CacheStats stats = cache.stats();
        final long deadline = System.nanoTime() + 30_000_000_000L;
        while (stats.fills() + stats.dropped() < lines) {
            assertThat(System.nanoTime()).as("patience").isLessThan(deadline);
            Thread.onSpinWait();
            stats = cache.stats();
        }
        assertThat(stats.dropped()).isZero();
    }
}
