package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.IoRing;
import io.varve.lsvd.cache.CacheFile;
import io.varve.lsvd.cache.CacheReader;
import io.varve.lsvd.cache.DirectoryCacheFile;
import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.gc.SpaceStats;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.DirectoryStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
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
    private int flipAt = -1;

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
            rig.await(() -> rig.volume.cachedBytes() == content.length);
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

    @Test
    void aScanOfEverythingLeavesWhatIsReadOften() throws Exception {
        final int hot = 4 * MIB;
        try (ReadCache cache = cache(8 * MIB);
                VolumeRig rig = rig(cache)) {
            for (int i = 0; i < 3; i++) {
                read(rig, 0, hot);
                rig.await(() -> rig.volume.cachedBytes() >= hot);
            }
            read(rig, hot, content.length - hot);
            final long gets = store.gets();
            read(rig, 0, hot);
            assertThat(store.gets()).isEqualTo(gets);
            assertThat(cache.stats().evictions()).isPositive();
        }
    }

    @Test
    void readOnlyVolumesUseItTooAndShareIt() throws Exception {
        try (ReadCache cache = cache(32 * MIB)) {
            try (VolumeRig rig = rig(cache)) {
                readAll(rig);
                rig.await(() -> rig.volume.cachedBytes() == content.length);
            }
            try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, directory.resolve("log"))
                    .readOnly(true)
                    .readCache(() -> cache))) {
                final long gets = store.gets();
                readAll(rig);
                assertThat(store.gets()).isEqualTo(gets);
            }
        }
    }

    @Test
    void aCloneReadsWhatItsParentHasReadWithoutTheStore() throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        try (ReadCache cache = cache(32 * MIB)) {
            try (VolumeRig rig = rig(cache)) {
                final int[] status = {-1};
                rig.volume.snapshot("golden", 0, (token, result) -> status[0] = result, 0);
                rig.await(() -> status[0] == VolumeCompletion.OK && rig.volume.isStored());
                readAll(rig);
                rig.await(() -> rig.volume.cachedBytes() == content.length);
            }
            catalog.createClone("clone", VolumeSettings.ofSize(content.length), catalog.snapshot("disk", "golden"));
            try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, directory.resolve("log"))
                    .name("clone")
                    .readCache(() -> cache))) {
                final long gets = store.gets();
                readAll(rig);
                assertThat(store.gets()).isEqualTo(gets);
                assertThat(rig.volume.cachedBytes()).isEqualTo(content.length);
            }
        }
    }

    @Test
    void whatIsCachedIsCollectedWithoutTheStoreAndStaysCached() throws Exception {
        try (ReadCache cache = cache(64 * MIB);
                VolumeRig rig = new VolumeRig(VolumeRig.context(store, directory.resolve("log"))
                        .readCache(() -> cache)
                        .gcPolicy(new GcPolicy(1.05, 0.05, 0)))) {
            readAll(rig);
            rig.await(() -> rig.volume.cachedBytes() == content.length);
            final Random random = new Random(6);
            for (int i = 0; i < VOLUME_MIB; i++) {
                final int at = i * MIB + random.nextInt(MIB / 4096 - 64) * 4096;
                final byte[] data = new byte[64 * 4096];
                random.nextBytes(data);
                rig.write(at, data);
                System.arraycopy(data, 0, content, at, data.length);
            }
            final long limit = (long) (1.05 * content.length);
            rig.await(() -> rig.volume.stats().space().objectsDeleted() > 0
                    && rig.volume.stats().space().storedBytes() <= limit);
            final SpaceStats space = rig.volume.stats().space();
            assertThat(space.cacheReadBytes())
                    .isGreaterThanOrEqualTo(space.readBytes())
                    .isPositive();
            final long fetches = rig.volume.stats().fetches();
            readAll(rig);
            rig.turnFor(100);
            assertThat(rig.volume.stats().fetches()).isEqualTo(fetches);
        }
    }

    @Test
    void damageInTheStoreFailsWhoReadsItAndNobodyBeside() throws Exception {
        try (ReadCache cache = cache(32 * MIB);
                VolumeRig rig = rig(cache)) {
            final Path object = objectOf(3 * MIB);
            final int damaged = flip(object, 3 * MIB);
            rig.submitRead(0, damaged, 4096);
            rig.await(() -> rig.outstanding() == 0);
            assertThat(rig.takeFailed()).isEqualTo(1);
            for (int i = -3; i <= 3; i++) {
                if (i != 0) {
                    final int at = damaged + i * 4096;
                    assertThat(rig.read(at, 4096)).isEqualTo(expected(at, 4096));
                }
            }
            flip(object, 3 * MIB);
            assertThat(rig.read(damaged, 4096)).isEqualTo(expected(damaged, 4096));
        }
    }

    @Test
    void aDiskThatHangsHoldsReadsUpForAMomentOnly() throws Exception {
        final HangingFile file = new HangingFile(DirectoryCacheFile.open(directory.resolve("cache")));
        try (ReadCache cache = ReadCache.open(file, 32 * MIB, new SystemRuntime())) {
            file.hangs.set(true);
            try (VolumeRig rig = rig(cache)) {
                readAll(rig);
                readAll(rig);
                assertThat(cache.stats().fills()).isZero();
                assertThat(cache.stats().dropped()).isPositive();
                file.hangs.set(false);
            }
        }
    }

    /** A file whose disk does not answer writes for as long as it is told. */
    private static final class HangingFile implements CacheFile {
        private final CacheFile file;
        final AtomicBoolean hangs = new AtomicBoolean();

        HangingFile(final CacheFile file) {
            this.file = file;
        }

        @Override
        public long length() throws IOException {
            return file.length();
        }

        @Override
        public long room() throws IOException {
            return file.room();
        }

        @Override
        public void format(final long length) throws IOException {
            file.format(length);
        }

        @Override
        public void read(final long offset, final MemorySegment target) throws IOException {
            file.read(offset, target);
        }

        @Override
        public void write(final long offset, final MemorySegment source) throws IOException {
            while (hangs.get()) {
                LockSupport.parkNanos(1_000_000);
            }
            file.write(offset, source);
        }

        @Override
        public void sync() throws IOException {
            file.sync();
        }

        @Override
        public CacheReader reader(final IoRing ring) {
            return file.reader(ring);
        }

        @Override
        public String name() {
            return file.name();
        }

        @Override
        public void close() {
            file.close();
        }
    }

    /** The object that holds what stands at an offset of the volume. */
    private Path objectOf(final int offset) throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("store"))) {
            return files.filter(path -> path.toString().contains("/log/") && Files.isRegularFile(path))
                    .filter(path -> find(path, offset) >= 0)
                    .findFirst()
                    .orElseThrow();
        }
    }

    private int find(final Path object, final int offset) {
        try {
            final byte[] bytes = Files.readAllBytes(object);
            for (int at = 0; at + 4096 <= bytes.length; at += 4096) {
                if (Arrays.equals(bytes, at, at + 4096, content, offset, offset + 4096)) {
                    return at;
                }
            }
            return -1;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Flips a bit of the block at an offset of the volume, in its object; gives the offset. */
    private int flip(final Path object, final int offset) throws IOException {
        if (flipAt < 0) {
            flipAt = find(object, offset);
        }
        try (RandomAccessFile file = new RandomAccessFile(object.toFile(), "rw")) {
            file.seek(flipAt + 99L);
            final int value = file.read();
            file.seek(flipAt + 99L);
            file.write(value ^ 2);
        }
        return offset;
    }

    private ReadCache cache(final long size) throws IOException {
        return ReadCache.open(DirectoryCacheFile.open(directory.resolve("cache")), size, new SystemRuntime());
    }

    private VolumeRig rig(final ReadCache cache) throws Exception {
        return new VolumeRig(VolumeRig.context(store, directory.resolve("log")).readCache(() -> cache));
    }

    private void readAll(final VolumeRig rig) {
        read(rig, 0, content.length);
    }

    private void read(final VolumeRig rig, final int from, final int length) {
        for (int at = from; at < from + length; at += MIB) {
            assertThat(rig.read(at, MIB)).isEqualTo(expected(at, MIB));
        }
    }

    private byte[] expected(final int from, final int length) {
        return Arrays.copyOfRange(content, from, from + length);
    }
}
