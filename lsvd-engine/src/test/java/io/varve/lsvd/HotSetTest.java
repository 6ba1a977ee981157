package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.lsvd.cache.DirectoryCacheFile;
import io.varve.lsvd.cache.ReadCache;
import io.varve.lsvd.crypto.KeyEncryptionKey;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.HotSet;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.KeyedStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A volume that moves from one host to another, and what is hot with it. */
@Timeout(120)
class HotSetTest {
    private static final int MIB = 1 << 20;
    private static final int VOLUME_MIB = 12;
    private static final int LINES = VOLUME_MIB * 16;

    @TempDir
    private Path directory;

    private CountingStore store;
    private ObjectStore used;
    private byte[] content;

    @BeforeEach
    void makeVolume() throws Exception {
        store = new CountingStore(DirectoryStore.open(directory.resolve("store"), true));
        used = store;
        new VolumeCatalog(store).create("disk", (long) VOLUME_MIB * MIB);
        content = new byte[VOLUME_MIB * MIB];
        new Random(5).nextBytes(content);
        try (VolumeRig rig = new VolumeRig(context("first").destageDelayNs(60_000_000_000L))) {
            for (int i = 0; i < VOLUME_MIB; i++) {
                rig.write((long) i * MIB, Arrays.copyOfRange(content, i * MIB, (i + 1) * MIB));
            }
        }
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    private VolumeContext context(final String host) {
        return VolumeRig.context(used, directory.resolve(host));
    }

    private ReadCache cache(final String host, final int mib) throws IOException {
        return ReadCache.open(DirectoryCacheFile.open(directory.resolve(host)), (long) mib * MIB, new SystemRuntime());
    }

    /** The host that the volume is to go to. */
    private final class Destination implements AutoCloseable {
        private final ReadCache cache;
        private final IoRing ring = IoRings.open(64);
        private final VolumeFollower follower;
        private VolumeRig rig;

        Destination(final ReadCache cache, final String name) throws Exception {
            this.cache = cache;
            follower = VolumeFollower.begin(
                    context("there").name(name).readCache(() -> cache).ring(ring));
        }

        Destination(final ReadCache cache) throws Exception {
            this(cache, "disk");
        }

        void look() {
            try {
                follower.look();
            } catch (final VolumeException e) {
                throw new AssertionError(e);
            }
        }

        long fills() {
            return cache.stats().fills();
        }

        /** Follows while the source goes on, until something holds. */
        void awaitWith(final VolumeRig source, final BooleanSupplier condition) {
            source.await(() -> {
                look();
                return condition.getAsBoolean();
            });
        }

        VolumeRig take(final VolumeRig source) throws Exception {
            source.volume.handOver();
            source.await(source.volume::isShutDown);
            while (!follower.standing().isFree()) {
                follower.lookForSeal();
            }
            rig = new VolumeRig(ring, follower);
            return rig;
        }

        @Override
        public void close() {
            if (rig != null) {
                rig.close();
            } else {
                follower.close();
                ring.close();
            }
        }
    }

    @Test
    void whatIsHotIsThereBeforeTheVolumeIs() throws Exception {
        try (ReadCache here = cache("here", 32);
                ReadCache there = cache("there", 32);
                VolumeRig source = new VolumeRig(context("here").readCache(() -> here));
                Destination destination = new Destination(there)) {
            read(source, 2 * MIB, 5 * MIB);
            source.await(() -> source.volume.cachedBytes() >= 5 * MIB);
            source.volume.haste(true);
            destination.awaitWith(source, () -> destination.fills() >= 5 * 16);
            final VolumeRig moved = destination.take(source);
            final long gets = store.gets();
            read(moved, 2 * MIB, 5 * MIB);
            assertThat(store.gets()).isEqualTo(gets);
            moved.turnFor(300);
            assertThat(moved.volume.cachedBytes()).isBetween(5L * MIB, 6L * MIB);
        }
    }

    @Test
    void ofAnEncryptedVolumeItIsEncrypted() throws Exception {
        try (KeyEncryptionKey key = new KeyEncryptionKey("file", "/key", new byte[KeyEncryptionKey.LENGTH]);
                ReadCache here = cache("here", 32);
                ReadCache there = cache("there", 32)) {
            used = new KeyedStore(store, key);
            new VolumeCatalog(used).create("secret", 4L * MIB);
            try (VolumeRig rig = new VolumeRig(context("first").name("secret"))) {
                for (int i = 0; i < 4; i++) {
                    rig.write((long) i * MIB, Arrays.copyOfRange(content, i * MIB, (i + 1) * MIB));
                }
            }
            try (VolumeRig source = new VolumeRig(context("here").name("secret").readCache(() -> here));
                    Destination destination = new Destination(there, "secret")) {
                read(source, MIB, 2 * MIB);
                source.await(() -> source.volume.cachedBytes() >= 2 * MIB);
                source.volume.haste(true);
                destination.awaitWith(source, () -> destination.fills() >= 2 * 16);
                final UUID uuid = new VolumeCatalog(store).find("secret");
                final String set =
                        store.list(Keys.hotSets(uuid)).join().getFirst().key();
                final MemorySegment bytes = Arena.ofAuto().allocate(4);
                store.get(set, 0, bytes).join();
                assertThat(new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII))
                        .isEqualTo("VRVX");
            }
        }
    }

    @Test
    void whatIsFoundLateComesWhenTheVolumeIsThere() throws Exception {
        try (ReadCache here = cache("here", 32);
                ReadCache there = cache("there", 32);
                VolumeRig source = new VolumeRig(context("here").readCache(() -> here));
                Destination destination = new Destination(there)) {
            destination.look();
            read(source, 2 * MIB, 5 * MIB);
            source.await(() -> source.volume.cachedBytes() >= 5 * MIB);
            overwrite(source, 9 * MIB, 4);
            source.volume.haste(true);
            source.await(() -> hotSets().size() == 1);
            final VolumeRig moved = destination.take(source);
            assertThat(destination.fills()).isZero();
            moved.await(() -> destination.fills() >= 6 * 16);
            final long gets = store.asked("/log/");
            read(moved, 2 * MIB, 5 * MIB);
            read(moved, 9 * MIB, MIB);
            assertThat(store.asked("/log/")).isEqualTo(gets);
        }
    }

    @Test
    void whatWasWrittenLatelyIsThereToo() throws Exception {
        try (ReadCache there = cache("there", 32);
                VolumeRig source = new VolumeRig(context("here"));
                Destination destination = new Destination(there)) {
            overwrite(source, 3 * MIB, 1);
            source.await(source.volume::isStored);
            source.volume.haste(true);
            destination.awaitWith(source, () -> destination.fills() >= 16);
            overwrite(source, 7 * MIB, 2);
            destination.awaitWith(source, () -> destination.fills() >= 32);
            final VolumeRig moved = destination.take(source);
            final long gets = store.gets();
            read(moved, 3 * MIB, MIB);
            read(moved, 7 * MIB, MIB);
            assertThat(store.gets()).isEqualTo(gets);
        }
    }

    @Test
    void aCloneBringsWhatItSharesWithItsAncestor() throws Exception {
        final VolumeCatalog catalog = new VolumeCatalog(store);
        try (VolumeRig rig = new VolumeRig(context("first"))) {
            rig.snapshot("golden");
        }
        catalog.createClone("clone", VolumeSettings.ofSize(content.length), catalog.snapshot("disk", "golden"));
        try (ReadCache here = cache("here", 32);
                ReadCache there = cache("there", 32);
                VolumeRig source = new VolumeRig(context("here").name("clone").readCache(() -> here));
                Destination destination = new Destination(there, "clone")) {
            read(source, 0, content.length);
            source.await(() -> source.volume.cachedBytes() >= content.length);
            source.volume.haste(true);
            destination.awaitWith(source, () -> destination.fills() >= LINES);
            final VolumeRig moved = destination.take(source);
            final long gets = store.gets();
            read(moved, 0, content.length);
            assertThat(store.gets()).isEqualTo(gets);
        }
    }

    @Test
    void aSmallerCacheTakesTheHottest() throws Exception {
        try (ReadCache here = cache("here", 32);
                ReadCache there = cache("there", 4);
                VolumeRig source = new VolumeRig(context("here").readCache(() -> here));
                Destination destination = new Destination(there)) {
            read(source, 0, content.length);
            source.await(() -> source.volume.cachedBytes() >= content.length);
            read(source, 9 * MIB, 2 * MIB);
            read(source, 9 * MIB, 2 * MIB);
            source.volume.haste(true);
            final long slots = there.stats().capacityBytes() >> 16;
            destination.awaitWith(source, () -> destination.fills() >= slots);
            final VolumeRig moved = destination.take(source);
            moved.turnFor(500);
            assertThat(there.stats().fills()).isEqualTo(slots);
            assertThat(there.stats().evictions()).isZero();
            final long gets = store.gets();
            read(moved, 9 * MIB, 2 * MIB);
            assertThat(store.gets()).isEqualTo(gets);
        }
    }

    @Test
    void aFullCacheGivesLittleUpForIt() throws Exception {
        try (ReadCache here = cache("here", 32);
                ReadCache there = cache("there", 4);
                VolumeRig source = new VolumeRig(context("here").readCache(() -> here))) {
            new VolumeCatalog(store).create("other", 8 * MIB);
            try (VolumeRig other = new VolumeRig(context("there").name("other"))) {
                other.write(0, new byte[8 * MIB]);
            }
            try (VolumeRig other = new VolumeRig(context("there").name("other").readCache(() -> there))) {
                for (int i = 0; i < 8; i++) {
                    other.read((long) i * MIB, MIB);
                }
                other.turnFor(300);
            }
            final long slots = there.stats().capacityBytes() >> 16;
            final long before = there.stats().fills();
            try (Destination destination = new Destination(there)) {
                read(source, 0, content.length);
                source.await(() -> source.volume.cachedBytes() >= content.length);
                source.volume.haste(true);
                final long most = Math.max(slots / 10, slots - (there.stats().usedBytes() >> 16));
                destination.awaitWith(source, () -> destination.fills() - before >= most);
                destination.take(source).turnFor(500);
                assertThat(destination.fills() - before).isBetween(most, slots / 2);
            }
        }
    }

    @Test
    void withoutACacheNothingIsAskedFor() throws Exception {
        try (ReadCache here = cache("here", 32);
                VolumeRig source = new VolumeRig(context("here").readCache(() -> here));
                Destination destination = new Destination(null)) {
            read(source, 0, content.length);
            source.volume.haste(true);
            source.await(() -> hotSets().size() == 1 && store.asked("/hot/") == 1);
            final long gets = store.asked("/hot/");
            for (int i = 0; i < 20; i++) {
                destination.look();
            }
            destination.take(source).turnFor(100);
            assertThat(store.asked("/hot/")).isEqualTo(gets);
        }
    }

    @Test
    void isToldAgainForEachMigrationAndReplacesWhatWasTold() throws Exception {
        try (ReadCache here = cache("here", 32);
                ReadCache there = cache("there", 32);
                VolumeRig source = new VolumeRig(context("here").readCache(() -> here));
                Destination destination = new Destination(there)) {
            read(source, 0, MIB);
            source.await(() -> source.volume.cachedBytes() >= MIB);
            source.volume.haste(true);
            source.volume.haste(true);
            destination.awaitWith(source, () -> destination.fills() >= 16);
            source.volume.haste(false);
            read(source, 6 * MIB, MIB);
            source.await(() -> source.volume.cachedBytes() >= 2 * MIB);
            source.volume.haste(true);
            destination.awaitWith(source, () -> destination.fills() >= 32);
            source.await(() -> hotSets().size() == 1);
            assertThat(hotSets()).allMatch(key -> Keys.lastNumber(key) == 2);
            final VolumeRig back = destination.take(source);
            back.volume.haste(true);
            back.await(() -> hotSets().stream().anyMatch(key -> Keys.lastNumber(key) == 1)
                    && hotSets().size() == 1);
        }
        assertThat(new VolumeCatalog(store).remove("disk")).isTrue();
        assertThat(hotSets()).isEmpty();
    }

    /** Reads that the store has not answered yet when the volume is taken are in nobody's way, and the rest follows. */
    @Test
    void goesOnWhenTheVolumeHasBeenTaken() throws Exception {
        try (ReadCache here = cache("here", 32);
                ReadCache there = cache("there", 32);
                VolumeRig source = new VolumeRig(context("here").readCache(() -> here));
                Destination destination = new Destination(there)) {
            read(source, 0, content.length);
            source.await(() -> source.volume.cachedBytes() >= content.length);
            source.volume.haste(true);
            source.await(() -> hotSets().size() == 1);
            final CompletableFuture<Void> gate = store.holdData();
            final long gets = store.asked("/log/");
            destination.awaitWith(source, () -> store.asked("/log/") >= gets + 6);
            final VolumeRig moved = destination.take(source);
            moved.write(0, Arrays.copyOf(content, MIB));
            assertThat(destination.fills()).isZero();
            gate.complete(null);
            moved.await(() -> destination.fills() >= LINES - 16);
        }
    }

    @Test
    void aMissingOrDamagedObjectIsLeftOut() throws Exception {
        try (ReadCache here = cache("here", 32);
                ReadCache there = cache("there", 32);
                VolumeRig source = new VolumeRig(context("here").readCache(() -> here));
                Destination destination = new Destination(there)) {
            overwrite(source, 0, 3);
            source.await(source.volume::isStored);
            read(source, MIB, content.length - MIB);
            source.await(() -> source.volume.cachedBytes() >= content.length - MIB);
            final List<StoredObject> objects = store.list("volumes/").join().stream()
                    .filter(object -> object.key().contains("/log/") && object.length() > 2 * MIB)
                    .toList();
            assertThat(objects).as("whole batches of the content").hasSize(3);
            damage(objects.get(0).key());
            source.volume.haste(true);
            source.await(() -> hotSets().size() == 1);
            store.delete(objects.get(1).key()).join();
            destination.awaitWith(source, () -> destination.fills() >= 16 + 60);
            source.turnFor(200);
            assertThat(destination.fills()).isLessThan(LINES / 2);
            assertThat(destination.take(source).read(0, MIB)).isEqualTo(Arrays.copyOf(content, MIB));
        }
    }

    @Test
    void damagedSetsAreRefused() throws Exception {
        final UUID uuid = new UUID(1, 2);
        final MemorySegment good = new HotSet(uuid, 2, 0, new long[] {1L << 19}, new int[] {1}).encode();
        assertThat(HotSet.decode("it", good, uuid, 2).lines()).containsExactly(1L << 19);
        for (int length = 0; length < good.byteSize(); length++) {
            final MemorySegment cut = good.asSlice(0, length);
            assertThatThrownBy(() -> HotSet.decode("it", cut, uuid, 2)).isInstanceOf(FormatException.class);
        }
        assertThatThrownBy(() -> HotSet.decode("it", good, uuid, 3)).hasMessageContaining("another volume or epoch");
        assertThatThrownBy(() -> HotSet.decode("it", good, new UUID(1, 3), 2)).isInstanceOf(FormatException.class);
        for (final long[] run :
                new long[][] {{1L << 19, 0}, {1L << 19, -1}, {-1, 1}, {(1L << 19) + 5, 1 << 19}, {Long.MAX_VALUE, 2}}) {
            final MemorySegment bad = new HotSet(uuid, 2, 0, new long[] {run[0]}, new int[] {(int) run[1]}).encode();
            assertThatThrownBy(() -> HotSet.decode("it", bad, uuid, 2)).hasMessageContaining("run 0");
        }
    }

    @Test
    void damagedAndHostileSetsDoNoHarm() throws Exception {
        try (ReadCache there = cache("there", 32);
                VolumeRig source = new VolumeRig(context("here"));
                Destination destination = new Destination(there)) {
            final UUID uuid = source.volume.uuid();
            final byte[] flipped = new HotSet(uuid, 2, 0, new long[] {1L << 19}, new int[] {1})
                    .encode()
                    .toArray(ValueLayout.JAVA_BYTE);
            flipped[60] ^= 4;
            final byte[] hostile = new HotSet(
                            uuid,
                            2,
                            -5,
                            new long[] {Long.MAX_VALUE - 1, 0, 77L << 19, (1L << 19) + 5000, (1L << 19), 1L << 19},
                            new int[] {1, 1 << 19, 1 << 19, 1 << 10, 4000, 4000})
                    .encode()
                    .toArray(ValueLayout.JAVA_BYTE);
            final long[] same = new long[HotSet.MAX_RUNS];
            final int[] whole = new int[HotSet.MAX_RUNS];
            Arrays.fill(same, 77L << 19);
            Arrays.fill(whole, 1 << 19);
            final byte[] endless =
                    new HotSet(uuid, 2, Long.MAX_VALUE, same, whole).encode().toArray(ValueLayout.JAVA_BYTE);
            final List<byte[]> sets = List.of(new byte[0], flipped, new byte[2 * MIB], endless, hostile);
            for (int i = 0; i < sets.size(); i++) {
                put(Keys.hotSet(uuid, 2, i + 1), sets.get(i));
            }
            destination.awaitWith(source, () -> destination.fills() >= LINES);
            final VolumeRig moved = destination.take(source);
            read(moved, 0, content.length);
            assertThat(moved.volume.cachedBytes()).isBetween((long) content.length, content.length + (long) MIB);
        }
    }

    private List<String> hotSets() {
        return store.list("volumes/").join().stream()
                .map(StoredObject::key)
                .filter(key -> key.contains("/hot/"))
                .toList();
    }

    private void put(final String key, final byte[] bytes) throws IOException {
        final Path path = directory.resolve("store").resolve(key);
        Files.createDirectories(path.getParent());
        Files.write(path, bytes);
    }

    private void damage(final String key) throws IOException {
        final Path path = directory.resolve("store").resolve(key);
        final byte[] bytes = Files.readAllBytes(path);
        for (int at = bytes.length % 4096 + 4096 * 4 + 99; at < bytes.length; at += 4096) {
            bytes[at] ^= 1;
        }
        Files.write(path, bytes);
    }

    private void overwrite(final VolumeRig rig, final int offset, final int seed) {
        final byte[] data = new byte[MIB];
        new Random(seed).nextBytes(data);
        System.arraycopy(data, 0, content, offset, MIB);
        rig.write(offset, data);
    }

    private void read(final VolumeRig rig, final int from, final int length) {
        for (int at = from; at < from + length; at += MIB) {
            assertThat(rig.read(at, MIB)).isEqualTo(Arrays.copyOfRange(content, at, at + MIB));
        }
    }
}
