package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.cache.DirectoryCacheFile;
import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.crypto.KeyEncryptionKey;
import io.varve.lsvd.crypto.KeyWrapper;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.KeyedStore;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A volume whose objects and log are encrypted: nobody without its key learns what is in it, or changes it unseen. */
@Timeout(120)
final class EncryptedVolumeTest {
    private static final int BLOCK = 4096;
    private static final int SIZE = 8 << 20;
    private static final String STAMP = "a stamp that can be read";

    private final KeyEncryptionKey key = key(1);
    private final KeyEncryptionKey other = key(2);
    private final byte[] expected = new byte[SIZE];

    @TempDir
    private Path directory;

    private DirectoryStore store;

    private static KeyEncryptionKey key(final int value) {
        final byte[] bytes = new byte[KeyEncryptionKey.LENGTH];
        Arrays.fill(bytes, (byte) value);
        return new KeyEncryptionKey("file", "/keys/" + value, bytes);
    }

    @BeforeEach
    void makeVolume() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        catalog(key).create("disk", VolumeSettings.ofSize(SIZE).withCompression(Compression.LZ4));
    }

    @AfterEach
    void close() {
        store.close();
        key.close();
        other.close();
    }

    private VolumeCatalog catalog(final KeyWrapper wrapper) {
        return new VolumeCatalog(keyed(wrapper));
    }

    private ObjectStore keyed(final KeyWrapper wrapper) {
        return wrapper == null ? store : new KeyedStore(store, wrapper);
    }

    private VolumeContext context(final String cache) {
        return VolumeRig.context(keyed(key), directory.resolve(cache))
                .checkpointInterval(3)
                .gcPolicy(new GcPolicy(1.3, 0.3, 0));
    }

    @Test
    void nothingOfItCanBeReadWithoutTheKey() throws Exception {
        final VolumeRig dying = new VolumeRig(context("cache"));
        write(dying, 200, 1);
        assertThat(dying.read(0, 1 << 20)).isEqualTo(Arrays.copyOf(expected, 1 << 20));
        dying.crash();
        try (VolumeRig rig = new VolumeRig(context("cache"))) {
            expect(rig);
            write(rig, 100, 2);
        }
        try (VolumeRig rig = new VolumeRig(context("another-host"))) {
            expect(rig);
        }
        for (final Path file : files(directory)) {
            final String text = Files.readString(file, StandardCharsets.ISO_8859_1);
            assertThat(text.contains("stamp")).as("the stamp, in " + file).isFalse();
            assertThat(text.contains("VRVR"))
                    .as("a record of the log, in " + file)
                    .isFalse();
        }
    }

    @Test
    void whatIsReadFromTheStoreIsEncryptedInTheReadCache() throws Exception {
        try (VolumeRig rig = new VolumeRig(context("cache"))) {
            write(rig, 100, 1);
            rig.snapshot("first");
        }
        final VolumeCatalog catalog = catalog(key);
        catalog.createClone("clone", VolumeSettings.ofSize(SIZE), catalog.snapshot("disk", "first"));
        final Path here = directory.resolve("here");
        for (final String name : List.of("disk", "clone", "disk")) {
            try (ReadCache cache = readCache(here);
                    VolumeRig rig =
                            new VolumeRig(context("host-of-" + name).name(name).readCache(() -> cache))) {
                expect(rig);
                expect(rig);
                rig.await(() -> rig.volume.stats().cache().hitBytes() > 0);
                assertThat(rig.volume.stats().cache().damaged()).isZero();
            }
        }
        // What the cache has been given, also by a clone, is the same lines.
        assertThat(Files.size(here.resolve("read-cache"))).isGreaterThan(SIZE);
        final String file = Files.readString(here.resolve("read-cache"), StandardCharsets.ISO_8859_1);
        assertThat(file.contains("stamp")).isFalse();
    }

    private static ReadCache readCache(final Path directory) throws IOException {
        return ReadCache.open(DirectoryCacheFile.open(directory), 32 << 20, new SystemRuntime());
    }

    @Test
    void withoutTheRightKeyNothingIsWritten() throws Exception {
        try (VolumeRig rig = new VolumeRig(context("cache"))) {
            write(rig, 20, 3);
        }
        final List<Path> before = files(directory.resolve("store"));
        assertThatThrownBy(() -> new VolumeRig(context("cache").store(keyed(other))))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("it is wrapped by file:/keys/1")
                .extracting(e -> ((VolumeException) e).kind())
                .isEqualTo(VolumeException.Kind.INVALID);
        assertThatThrownBy(() -> new VolumeRig(context("cache").store(store)))
                .isInstanceOf(VolumeException.class)
                .hasMessage("volume 'disk' is encrypted: give its key, which is wrapped by file:/keys/1");
        assertThatThrownBy(() -> Volume.open(context("cache").store(store).readOnly(true)))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("is encrypted");
        assertThat(files(directory.resolve("store"))).isEqualTo(before);
        new VolumeCatalog(store).create("plain", SIZE);
        assertThatThrownBy(() -> new VolumeRig(context("cache").name("plain")))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("has no key in the store");
    }

    @Test
    void aCloneOfACloneReadsWhatItsAncestorsWrote() throws Exception {
        try (VolumeRig rig = new VolumeRig(context("cache"))) {
            write(rig, 60, 4);
            rig.snapshot("first");
        }
        final VolumeCatalog catalog = catalog(key);
        assertThatThrownBy(() -> catalog(null)
                        .createClone("clone", VolumeSettings.ofSize(SIZE), catalog.snapshot("disk", "first")))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("is encrypted");
        catalog.createClone("clone", VolumeSettings.ofSize(SIZE), catalog.snapshot("disk", "first"));
        try (VolumeRig rig = new VolumeRig(context("cache").name("clone"))) {
            expect(rig);
            write(rig, 60, 5);
            rig.snapshot("second");
        }
        catalog.createClone("clone of clone", VolumeSettings.ofSize(SIZE), catalog.snapshot("clone", "second"));
        try (VolumeRig rig = new VolumeRig(context("another-host").name("clone of clone"))) {
            expect(rig);
            write(rig, 30, 6);
            expect(rig);
        }
    }

    @Test
    void noObjectStandsInForAnother() throws Exception {
        try (VolumeRig rig = new VolumeRig(context("cache"))) {
            write(rig, 40, 7);
            rig.await(rig.volume::isStored);
            write(rig, 40, 8);
        }
        final List<Path> objects = files(directory.resolve("store")).stream()
                .filter(file -> file.toString().contains("/log/0000000000000001/"))
                .sorted(Comparator.comparingLong(EncryptedVolumeTest::size).reversed())
                .toList();
        final byte[] first = Files.readAllBytes(objects.get(0));
        final byte[] second = Files.readAllBytes(objects.get(1));
        Files.write(objects.get(0), second);
        expectNothingWrong();
        Files.write(objects.get(0), Arrays.copyOf(first, first.length - 5000));
        expectNothingWrong();
        final Random random = new Random(9);
        for (int i = 0; i < 20; i++) {
            final byte[] flipped = first.clone();
            flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(objects.get(0), flipped);
            expectNothingWrong();
        }
        Files.write(objects.get(0), first);
        try (VolumeRig rig = new VolumeRig(context("well-again"))) {
            expect(rig);
        }
    }

    /** What can be read is right, and the rest is refused: in opening, or in reading. */
    private void expectNothingWrong() throws IOException {
        try (VolumeRig rig = new VolumeRig(context("none").readOnly(true))) {
            for (int at = 0; at < SIZE; at += 16 * BLOCK) {
                rig.submitRead(0, at, 16 * BLOCK);
                rig.await(() -> rig.outstanding() == 0);
                if (rig.takeFailed() == 0) {
                    assertThat(rig.taken(0, 16 * BLOCK)).isEqualTo(Arrays.copyOfRange(expected, at, at + 16 * BLOCK));
                }
            }
        } catch (final VolumeException e) {
            assertThat(e.getMessage()).contains("/log/0000000000000001/");
        }
    }

    private void write(final VolumeRig rig, final int count, final long seed) {
        final Random random = new Random(seed);
        for (int i = 0; i < count; i++) {
            final int length = BLOCK * (1 + random.nextInt(64));
            final int at = BLOCK * random.nextInt((SIZE - length) / BLOCK);
            final byte[] data = new byte[length];
            for (int j = 0; j < length; j++) {
                data[j] = (byte) STAMP.charAt((int) ((j + seed * 7 + i) % STAMP.length()));
            }
            rig.write(at, data);
            System.arraycopy(data, 0, expected, at, length);
        }
        rig.flush();
    }

    private void expect(final VolumeRig rig) {
        for (int at = 0; at < SIZE; at += 1 << 20) {
            assertThat(rig.read(at, 1 << 20)).isEqualTo(Arrays.copyOfRange(expected, at, at + (1 << 20)));
        }
    }

    private static List<Path> files(final Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static long size(final Path file) {
        return file.toFile().length();
    }
}
