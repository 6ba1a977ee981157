package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.linux.IoRing;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.scan.Pace;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.transfer.ChangeSource.Change;
import io.varve.lsvd.transfer.ChangeSource.Kind;
import io.varve.lsvd.transfer.Difference;
import io.varve.lsvd.transfer.DifferenceExport;
import io.varve.lsvd.transfer.DifferenceHeader;
import io.varve.lsvd.transfer.DifferenceReader;
import io.varve.lsvd.transfer.Fingerprint;
import io.varve.lsvd.transfer.StreamOutput;
import io.varve.lsvd.transfer.VolumeLoad;
import io.varve.lsvd.transfer.VolumeState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Differences of one volume at two times, held against the contents of a disk in memory. */
class DifferenceTest {
    private static final int BLOCKS = 3000;
    private static final long SIZE = (long) BLOCKS * Blocks.SIZE;
    private static final SystemRuntime RUNTIME = new SystemRuntime();
    private static final Pace PACE = new Pace(RUNTIME, 0);

    @TempDir
    private Path home;

    private final Random random = new Random(815);
    private final byte[][] disk = new byte[BLOCKS][];
    private ObjectStore store;
    private StoreClient client;
    private UUID uuid;
    private VolumeState older;
    private VolumeState newer;
    private byte[][] before;

    @BeforeEach
    void writeVolume() throws IOException, VolumeException {
        store = keeping(DirectoryStore.open(home.resolve("store"), true));
        client = new StoreClient(store, RUNTIME, 10_000);
        final VolumeCatalog catalog = new VolumeCatalog(store);
        catalog.create("disk", SIZE);
        uuid = catalog.find("disk");
        try (VolumeRig rig = rig()) {
            for (int block = 0; block < BLOCKS; block += 250) {
                final byte[] data = new byte[250 * Blocks.SIZE];
                random.nextBytes(data);
                write(rig, block, data);
            }
            change(rig, 150);
            writeAlike(rig);
        }
        older = state("before");
        before = disk.clone();
        try (VolumeRig rig = rig()) {
            change(rig, 60);
            writeAlike(rig);
            for (int i = 0; i < 12; i++) {
                changeALittle(rig);
            }
        }
        newer = state("after");
    }

    @AfterEach
    void close() {
        older.map().close();
        newer.map().close();
        store.close();
    }

    private VolumeRig rig() throws IOException, VolumeException {
        return new VolumeRig(VolumeRig.context(store, home.resolve("cache"))
                .checkpointInterval(4)
                .gcPolicy(new GcPolicy(1.05, 0.05, 0))
                .destageDelayNs(2_000_000));
    }

    private VolumeState state(final String name) throws IOException {
        final History history = new HistoryReader(client, uuid).read();
        history.changes().close();
        return VolumeState.of(name, uuid, history, SIZE);
    }

    private void change(final VolumeRig rig, final int count) {
        for (int i = 0; i < count; i++) {
            final int block = random.nextInt(BLOCKS);
            final int length = Math.min(BLOCKS - block, 1 + random.nextInt(i % 20 == 0 ? 200 : 12));
            if (random.nextInt(4) == 0) {
                rig.discard((long) block * Blocks.SIZE, (long) length * Blocks.SIZE);
                Arrays.fill(disk, block, block + length, null);
            } else {
                final byte[] data = new byte[length * Blocks.SIZE];
                random.nextBytes(data);
                if (random.nextInt(10) == 0) {
                    Arrays.fill(data, (byte) 0);
                }
                write(rig, block, data);
            }
        }
    }

    /** A store that deletes nothing, so that the older state can be read although its data has been collected. */
    private static ObjectStore keeping(final ObjectStore store) {
        return (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(),
                new Class<?>[] {ObjectStore.class},
                (self, method, arguments) -> method.getName().equals("delete")
                        ? CompletableFuture.completedFuture(null)
                        : method.invoke(store, arguments));
    }

    /** Makes garbage, a few blocks in each object, so that the rest of them is collected. */
    private void changeALittle(final VolumeRig rig) {
        for (int block = random.nextInt(2); block < BLOCKS; block += 2) {
            if (block % 400 < 120 && disk[block] != null) {
                final byte[] data = new byte[Blocks.SIZE];
                random.nextBytes(data);
                write(rig, block, data);
            }
        }
        rig.await(rig.volume::isStored);
    }

    /** Writes blocks that have the same checksum whatever they hold, since each ends with that of its beginning. */
    private void writeAlike(final VolumeRig rig) {
        for (int block = 0; block < BLOCKS; block += 25) {
            final byte[] data = new byte[Blocks.SIZE];
            random.nextBytes(data);
            final CRC32C crc = new CRC32C();
            crc.update(data, 0, Blocks.SIZE - Integer.BYTES);
            ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).putInt(Blocks.SIZE - Integer.BYTES, (int)
                    crc.getValue());
            write(rig, block, data);
        }
    }

    private void write(final VolumeRig rig, final int block, final byte[] data) {
        rig.write((long) block * Blocks.SIZE, data);
        for (int b = 0; b < data.length / Blocks.SIZE; b++) {
            disk[block + b] = Arrays.copyOfRange(data, b * Blocks.SIZE, (b + 1) * Blocks.SIZE);
        }
    }

    private byte[] export() throws IOException {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DifferenceExport export = new DifferenceExport(client, RUNTIME, older, newer, Cancellation.NEVER)) {
            export.write(new StreamOutput(Channels.newChannel(bytes)), (done, total) -> {});
        }
        return bytes.toByteArray();
    }

    private static DifferenceReader reader(final byte[] bytes) throws IOException {
        return new DifferenceReader(Channels.newChannel(new ByteArrayInputStream(bytes)));
    }

    private static void readAll(final byte[] bytes) throws IOException {
        final MemorySegment target = Arena.ofAuto().allocate(VolumeLoad.SLOT_BYTES);
        try (DifferenceReader reader = reader(bytes)) {
            while (reader.next(target) != null) {
                // On to the end.
            }
        }
    }

    @Test
    void namesExactlyWhatHasChanged() throws IOException {
        final BitSet written = new BitSet();
        final BitSet discarded = new BitSet();
        try (Difference difference = Difference.between(client, older, newer, PACE, Cancellation.NEVER)) {
            for (int block = 0; block < BLOCKS; block++) {
                if (difference.written().find(block) && difference.written().foundBlock() <= block) {
                    written.set(block);
                }
                if (difference.discarded().find(block) && difference.discarded().foundBlock() <= block) {
                    discarded.set(block);
                }
            }
        }
        final BitSet expectedWritten = new BitSet();
        final BitSet expectedDiscarded = new BitSet();
        for (int block = 0; block < BLOCKS; block++) {
            expectedWritten.set(block, disk[block] != null && !Arrays.equals(disk[block], before[block]));
            expectedDiscarded.set(block, disk[block] == null && before[block] != null);
        }
        assertThat(written).isEqualTo(expectedWritten);
        assertThat(discarded).isEqualTo(expectedDiscarded);
        assertThat(written.cardinality()).isPositive();
        assertThat(movedByCollection()).isPositive();
        assertThat(discarded.cardinality()).isPositive();
    }

    /** Blocks that stand elsewhere in the newer state and have not changed. */
    private long movedByCollection() {
        long moved = 0;
        for (int block = 0; block < BLOCKS; block++) {
            if (disk[block] != null && Arrays.equals(disk[block], before[block])) {
                older.map().find(block);
                newer.map().find(block);
                final long from = older.map().foundLocation() - older.map().foundBlock();
                final long to = newer.map().foundLocation() - newer.map().foundBlock();
                moved += from == to ? 0 : 1;
            }
        }
        return moved;
    }

    @Test
    void makesTheNewerOfTheOlder() throws IOException {
        final MemorySegment target = Arena.ofAuto().allocate(VolumeLoad.SLOT_BYTES);
        try (DifferenceReader reader = reader(export())) {
            assertThat(reader.header().volume()).isEqualTo(uuid);
            assertThat(reader.header().older()).isEqualTo("before");
            assertThat(reader.header().newer()).isEqualTo("after");
            assertThat(reader.header().newerBytes()).isEqualTo(SIZE);
            for (Change change = reader.next(target); change != null; change = reader.next(target)) {
                for (int b = 0; b < change.length() / Blocks.SIZE; b++) {
                    before[(int) (change.offset() / Blocks.SIZE) + b] = change.kind() == Kind.DISCARD
                            ? null
                            : target.asSlice((long) b * Blocks.SIZE, Blocks.SIZE)
                                    .toArray(ValueLayout.JAVA_BYTE);
                }
            }
        }
        assertThat(before).isDeepEqualTo(disk);
    }

    @Test
    void aCopyBecomesTheNewerAndHasItsFingerprint() throws IOException, VolumeException {
        new VolumeCatalog(store).create("copy", SIZE);
        final byte[] difference = export();
        try (VolumeRig rig =
                new VolumeRig(VolumeRig.context(store, home.resolve("copy")).name("copy"))) {
            for (int block = 0; block < BLOCKS; block++) {
                if (before[block] != null) {
                    rig.write((long) block * Blocks.SIZE, before[block]);
                }
            }
            rig.await(rig.volume::isStored);
            final DifferenceHeader header = reader(difference).header();
            assertThat(fingerprintOfCopy()).isEqualTo(header.olderFingerprint());
            assertThat(fingerprintOfCopy()).isNotEqualTo(header.newerFingerprint());
            load(rig.volume, rig.ring, difference);
            assertThat(fingerprintOfCopy()).isEqualTo(header.newerFingerprint());
            for (int block = 0; block < BLOCKS; block++) {
                assertThat(rig.read((long) block * Blocks.SIZE, Blocks.SIZE))
                        .as("block %d", block)
                        .isEqualTo(disk[block] == null ? new byte[Blocks.SIZE] : disk[block]);
            }
        }
    }

    private static void load(final Volume volume, final IoRing ring, final byte[] difference) throws IOException {
        new VolumeLoad(volume, ring, false, Long.MAX_VALUE, Cancellation.NEVER, bytes -> {}).run(reader(difference));
    }

    private long fingerprintOfCopy() throws IOException, VolumeException {
        final UUID copy = new VolumeCatalog(store).find("copy");
        try (History history = new HistoryReader(client, copy).read()) {
            return Fingerprint.of(client, VolumeState.of("copy", copy, history, SIZE), PACE, Cancellation.NEVER);
        }
    }

    @Test
    void nothingHasChangedFromAStateToItself() throws IOException {
        newer.map().close();
        newer = state("again");
        try (Difference difference = Difference.between(client, newer, newer, PACE, Cancellation.NEVER)) {
            assertThat(difference.written().extentCount()).isZero();
            assertThat(difference.discarded().extentCount()).isZero();
        }
    }

    @Test
    void everyCutIsNoticed() throws IOException {
        final byte[] difference = export();
        readAll(difference);
        for (int i = 0; i < 60; i++) {
            final int length = i == 0 ? difference.length - 1 : random.nextInt(difference.length);
            assertThatThrownBy(() -> readAll(Arrays.copyOf(difference, length)))
                    .as("%d bytes", length)
                    .isInstanceOf(FormatException.class);
        }
    }

    @Test
    void everyFlippedBitIsNoticed() throws IOException {
        final byte[] difference = export();
        for (int i = 0; i < 300; i++) {
            final int at = i < 40 ? i * 4 : random.nextInt(difference.length);
            final byte right = difference[at];
            difference[at] ^= (byte) (1 << random.nextInt(8));
            assertThatThrownBy(() -> readAll(difference)).as("byte %d", at).isInstanceOf(FormatException.class);
            difference[at] = right;
        }
        readAll(difference);
    }

    @Test
    void recordsThatAreLeftOutOrTwiceThereAreNoticed() throws IOException {
        final byte[] difference = export();
        final int first = DifferenceHeader.LENGTH;
        final byte[] without = new byte[difference.length - 32];
        System.arraycopy(difference, 0, without, 0, first);
        System.arraycopy(difference, first + 32, without, first, without.length - first);
        assertThatThrownBy(() -> readAll(without)).isInstanceOf(FormatException.class);
        final byte[] twice = new byte[difference.length + 32];
        System.arraycopy(difference, 0, twice, 0, first + 32);
        System.arraycopy(difference, first, twice, first + 32, difference.length - first);
        assertThatThrownBy(() -> readAll(twice)).isInstanceOf(FormatException.class);
    }
}
