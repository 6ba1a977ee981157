package io.varve.lsvd.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.history.Checkpoint;
import io.varve.lsvd.history.CheckpointChain;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.MapChanges;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectMemory;
import io.varve.lsvd.objects.ObjectWriter;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Holds every format to bytes that were written once: what a released version wrote has to be read for ever. A format that
 * changes on purpose gets a new version and a new file beside the old one; {@code -Dvarve.golden=write} writes files that are
 * missing.
 */
class GoldenFilesTest {
    private static final UUID VOLUME = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
    private static final UUID NONCE = UUID.fromString("0f0e0d0c-0b0a-0908-0706-050403020100");

    private static final Covered COVERED = new Covered(new Superblock.Tail(65536, 1235, 0xbeef), false);

    private static final Superblock.Seen SEEN = new Superblock.Seen(3, NONCE, 76, 16);

    /** Every format in its newest version, with how a sample of it is made. */
    enum Sample {
        SUPERBLOCK(3, GoldenFilesTest::superblock),
        LOG_RECORD(3, GoldenFilesTest::logRecord),
        DATA_OBJECT(4, GoldenFilesTest::dataObject),
        WHOLE_CHECKPOINT(4, GoldenFilesTest::wholeCheckpoint),
        DELTA_CHECKPOINT(4, GoldenFilesTest::deltaCheckpoint),
        SEAL(4, () -> Sealer.encode(VOLUME, 3, 77, NONCE, COVERED, 70)),
        EPOCH(4, () -> epochRecord().encode()),
        SNAPSHOT(1, () -> snapshot().encode()),
        CLONE(1, () -> new CloneRecord(VOLUME, new EpochRecord.Origin(NONCE, 3, 77), "clone", 5).encode()),
        NAME(2, () -> NameRecord.claim(VOLUME, "before", 5).encode()),
        RELEASE(2, () -> NameRecord.release(VOLUME, "after").encode()),
        METADATA(1, () -> metadata().encode()),
        SETTINGS(2, () -> settingsRecord().encode()),
        RESCUE(1, GoldenFilesTest::rescueHeader),
        HOT_SET(1, () -> hotSet().encode()),
        KEYS(1, () -> keyRecord().encode());

        private final int version;
        private final Supplier<MemorySegment> make;

        Sample(final int version, final Supplier<MemorySegment> make) {
            this.version = version;
            this.make = make;
        }
    }

    @ParameterizedTest
    @EnumSource
    void bytesAreAsTheyWere(final Sample sample) throws IOException {
        final byte[] bytes = sample.make.get().toArray(ValueLayout.JAVA_BYTE);
        assertThat(HexFormat.of().formatHex(bytes))
                .as("the bytes of %s", sample)
                .isEqualTo(HexFormat.of().formatHex(golden(sample, sample.version, bytes)));
    }

    @Test
    void whatWasWrittenIsReadBack() throws IOException {
        assertThat(EpochRecord.decode("epoch", segment(Sample.EPOCH))).isEqualTo(epochRecord());
        assertThat(SettingsRecord.decode("settings", segment(Sample.SETTINGS))).isEqualTo(settingsRecord());
        assertThat(NameRecord.decode("name", segment(Sample.NAME))).isEqualTo(NameRecord.claim(VOLUME, "before", 5));
        assertThat(NameRecord.decode("name", segment(Sample.RELEASE))).isEqualTo(NameRecord.release(VOLUME, "after"));
        assertThat(MetadataRecord.decode("metadata", segment(Sample.METADATA))).isEqualTo(metadata());
        assertThat(Superblock.decode("superblock", segment(Sample.SUPERBLOCK)))
                .isEqualTo(new Superblock(
                        9,
                        VOLUME,
                        1 << 30,
                        64 << 20,
                        5,
                        new Superblock.Tail(4096, 17, 0xcafe),
                        SEEN,
                        List.of(new Superblock.EpochClaim(3, NONCE)),
                        LogSalt.NONE));
        assertThat(RescueHeader.decode("rescued", segment(Sample.RESCUE)))
                .isEqualTo(new RescueHeader(VOLUME, 3, NONCE, 17, 5, 81920));
        assertThat(KeyRecord.decode("keys", segment(Sample.KEYS))).isEqualTo(keyRecord());
        final HotSet hot = HotSet.decode("hot set", segment(Sample.HOT_SET), VOLUME, 3);
        assertThat(hot.recentFrom()).isEqualTo(70);
        assertThat(hot.lines()).isEqualTo(hotSet().lines());
        assertThat(hot.counts()).isEqualTo(hotSet().counts());
        final LogRecord record = new LogRecord(segment(Sample.LOG_RECORD)).wrap(0);
        assertThat(record.isValid(VOLUME, 8192)).isTrue();
        assertThat(record.sequence()).isEqualTo(18);
        assertThat(record.extentCount()).isEqualTo(2);
        assertThat(record.isWriteCache(true)).isFalse();
        final ObjectHeader header = new ObjectHeader(segment(Sample.DATA_OBJECT));
        header.validate("object", VOLUME, 3, 76);
        assertThat(header.extentKind(0)).isEqualTo(ExtentEntry.TRIM);
        assertThat(header.extentBlock(1)).isEqualTo(200);
        assertThat(header.blockCrc(1)).isEqualTo(8);
        assertThat(header.covered(true)).isEqualTo(new Covered(new Superblock.Tail(40960, 21, 0xf00d), false));
    }

    @Test
    void oldVersionsAreReadBack() throws IOException {
        assertThat(NameRecord.isClaim(20)).isNull();
        assertThat(NameRecord.isClaim(segment(Sample.NAME).byteSize())).isTrue();
        assertThat(NameRecord.isClaim(segment(Sample.RELEASE).byteSize())).isFalse();
        final LogRecord record = new LogRecord(segment(Sample.LOG_RECORD, 1)).wrap(0);
        assertThat(record.isValid(VOLUME, 8192)).isTrue();
        assertThat(record.isWriteCache(true)).isTrue();
        assertThat(record.isWriteCache(false)).isFalse();
    }

    @ParameterizedTest
    @EnumSource(names = {"SUPERBLOCK", "EPOCH", "NAME", "RELEASE", "METADATA", "RESCUE", "SNAPSHOT", "HOT_SET", "KEYS"})
    void anyFlippedBitOfASmallRecordIsRefused(final Sample sample) throws IOException {
        final MemorySegment bytes = segment(sample);
        final int length = bytes.get(ValueLayout.JAVA_INT, 12);
        for (int bit = 0; bit < length * 8; bit++) {
            flip(bytes, bit);
            assertThatThrownBy(() -> {
                        switch (sample) {
                            case SUPERBLOCK -> Superblock.decode("it", bytes);
                            case RESCUE -> RescueHeader.decode("it", bytes);
                            case SNAPSHOT -> SnapshotRecord.decode("it", bytes);
                            case CLONE -> CloneRecord.decode("it", bytes);
                            case METADATA -> MetadataRecord.decode("it", bytes);
                            case EPOCH -> EpochRecord.decode("it", bytes);
                            case KEYS -> KeyRecord.decode("it", bytes);
                            case HOT_SET -> HotSet.decode("it", bytes, VOLUME, 3);
                            default -> NameRecord.decode("it", bytes);
                        }
                    })
                    .as("bit " + bit)
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("it is");
            flip(bytes, bit);
        }
    }

    @Test
    void anyFlippedBitOfARecordsOrObjectsHeaderIsRefused() throws IOException {
        final MemorySegment record = segment(Sample.LOG_RECORD);
        for (int bit = 0; bit < LogRecord.HEADER_LENGTH * 8; bit++) {
            flip(record, bit);
            assertThat(new LogRecord(record).wrap(0).isValid(VOLUME, 8192))
                    .as("bit " + bit)
                    .isFalse();
            flip(record, bit);
        }
        final MemorySegment object = segment(Sample.DATA_OBJECT);
        for (int bit = 0; bit < ObjectHeader.FIXED_LENGTH * 8; bit++) {
            flip(object, bit);
            assertThatThrownBy(() -> new ObjectHeader(object).validate("it", VOLUME, 3, 76))
                    .as("bit " + bit)
                    .isInstanceOf(FormatException.class);
            flip(object, bit);
        }
    }

    private static void flip(final MemorySegment bytes, final int bit) {
        bytes.set(
                ValueLayout.JAVA_BYTE, bit >> 3, (byte) (bytes.get(ValueLayout.JAVA_BYTE, bit >> 3) ^ 1 << (bit & 7)));
    }

    private static MemorySegment rescueHeader() {
        final MemorySegment block = Arena.ofAuto().allocate(RescueHeader.LENGTH);
        new RescueHeader(VOLUME, 3, NONCE, 17, 5, 81920).encode(block);
        return block;
    }

    private static MemorySegment superblock() {
        final MemorySegment block = Arena.ofAuto().allocate(Superblock.LENGTH);
        new Superblock(
                        9,
                        VOLUME,
                        1 << 30,
                        64 << 20,
                        5,
                        new Superblock.Tail(4096, 17, 0xcafe),
                        SEEN,
                        List.of(new Superblock.EpochClaim(3, NONCE)),
                        LogSalt.NONE)
                .encode(block);
        return block;
    }

    private static MemorySegment logRecord() {
        final MemorySegment block = Arena.ofAuto().allocate(LogRecord.HEADER_LENGTH);
        final LogRecord record = new LogRecord(block).wrap(0);
        record.begin(VOLUME, 3, 5, 18, 8192);
        record.addData(1000, 2);
        record.addTrim(5000, 300);
        record.seal(LogRecord.FLAG_WRITE_CACHE_OFF, 0xcafe, 16, index -> (int) index * 3, 7);
        return block;
    }

    private static MemorySegment dataObject() {
        final MemorySegment bytes =
                Arena.ofAuto().allocate(ObjectHeader.Shape.ofData(2, 2).headerLength());
        final ObjectHeader header = new ObjectHeader(bytes);
        header.begin(ObjectType.DATA, new ObjectIdentity(VOLUME, 3, 76, NONCE), ObjectHeader.Shape.ofData(2, 2));
        header.covers(18, new Covered(new Superblock.Tail(40960, 21, 0xf00d), false));
        header.checkpoint(70);
        header.generation(2);
        header.extent(0, ExtentEntry.TRIM, 100, 50, 0);
        header.extent(1, ExtentEntry.DATA, 200, 2, 0);
        header.blockCrc(0, 7);
        header.blockCrc(1, 8);
        header.frame(0, Codec.LZ4, 5000, 9);
        header.complete(header.headerLength() + 5000);
        return bytes;
    }

    private static Checkpoint.Author author() {
        return new Checkpoint.Author(
                VOLUME,
                3,
                NONCE,
                Epochs.NONE.with(new Epochs.Entry(VOLUME, 0, 0, NONCE)).with(new Epochs.Entry(VOLUME, 3, 60, NONCE)));
    }

    private static MemorySegment wholeCheckpoint() {
        try (ExtentMap map = new ExtentMap()) {
            map.put(200, 2, Location.inObject(76, 0));
            map.put(1 << 30, ExtentMap.MAX_EXTENT_BLOCKS, Location.inObject(61, 5));
            return Checkpoint.whole(
                    author(),
                    new Checkpoint.Statement(77, COVERED, snapshot()),
                    objects(),
                    map,
                    new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE));
        }
    }

    private static MemorySegment deltaCheckpoint() {
        try (MapChanges changes = new MapChanges()) {
            changes.onWritten(300, 4, Location.inObject(78, 9));
            changes.onRemoved(200, 1);
            return Checkpoint.delta(
                    author(),
                    new Checkpoint.Statement(79, COVERED, null),
                    CheckpointChain.whole(77),
                    objects(),
                    changes,
                    new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE));
        }
    }

    private static SettingsRecord settingsRecord() {
        return new SettingsRecord(
                new VolumeSettings(1L << 40, true, Durability.STORE, 64 << 20, 30_000, 5_000, Compression.zstd(3)),
                1_700_000_000_000L);
    }

    private static MetadataRecord metadata() {
        return new MetadataRecord("data", "token", Map.of("owner", "somebody", "a", ""));
    }

    private static SnapshotRecord snapshot() {
        return new SnapshotRecord("before", 3, 1L << 40, 1_700_000_000_000L, true);
    }

    private static KeyRecord keyRecord() {
        return new KeyRecord(
                VOLUME,
                "file",
                "/etc/varve/key",
                1_700_000_000_000L,
                List.of(
                        new KeyRecord.WrappedKey(VOLUME, new byte[] {1, 2, 3}),
                        new KeyRecord.WrappedKey(NONCE, new byte[] {4, 5})));
    }

    private static HotSet hotSet() {
        return new HotSet(VOLUME, 3, 70, new long[] {(75L << 19) + 3, 60L << 19}, new int[] {4, 1});
    }

    private static EpochRecord epochRecord() {
        return new EpochRecord(
                3,
                NONCE,
                60,
                1000,
                55,
                new VolumeSettings(10L << 30, true, Durability.STORE, 1 << 28, 3000, 10_000, Compression.LZ4),
                1_700_000_000_000L,
                1_700_000_000_123L,
                "host",
                new EpochRecord.Origin(new UUID(7, 8), 2, 55));
    }

    private static ObjectTable objects() {
        final ObjectTable objects = new ObjectTable();
        objects.add(61, 81920, 16, 0);
        objects.add(70, 8192, 0, ObjectTable.CHECKPOINT);
        objects.add(76, 12288, 2, 1);
        objects.die(objects.find(61), 76);
        objects.remove(70);
        return objects;
    }

    private static MemorySegment segment(final Sample sample) throws IOException {
        return segment(sample, sample.version);
    }

    private static MemorySegment segment(final Sample sample, final int version) throws IOException {
        final byte[] bytes = golden(sample, version, null);
        final MemorySegment segment = Arena.ofAuto().allocate(bytes.length, 8);
        segment.copyFrom(MemorySegment.ofArray(bytes));
        return segment;
    }

    private static byte[] golden(final Sample sample, final int version, final byte[] now) throws IOException {
        final String name = sample.name().toLowerCase(java.util.Locale.ROOT) + "-" + version + ".bin";
        try (InputStream file = GoldenFilesTest.class.getResourceAsStream(name)) {
            if (file == null && now != null && "write".equals(System.getProperty("varve.golden"))) {
                Files.write(Path.of("src/test/resources/io/varve/lsvd/format", name), now);
                return now;
            }
            assertThat(file).as("golden file " + name).isNotNull();
            return file.readAllBytes();
        }
    }
}
