package io.varve.lsvd.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.Codec;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.Frames;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectIdentity;
import io.varve.lsvd.format.ObjectType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written is read back, whatever of it is asked for, and damage is found. */
final class ObjectWriterTest {
    private static final ObjectIdentity IDENTITY = new ObjectIdentity(new UUID(1, 2), 3, 4, new UUID(5, 6));

    /** Four kinds of frames: text, random bytes, zeros, and one that is not whole. */
    private static final int BLOCK_COUNT = 3 * Frames.BLOCKS + 5;

    private final Random random = new Random(7);
    private final MemorySegment data = data();
    private final VolumeKeys keys = new VolumeKeys(IDENTITY.volume(), Map.of(IDENTITY.volume(), DataKey.random()));
    private ObjectReader reader = new ObjectReader(VolumeKeys.NONE);
    private final BitSet good = new BitSet();

    /** How objects are stored. */
    record Form(Compression compression, boolean isEncrypted) {}

    static Stream<Form> forms() {
        return Stream.of(Compression.NONE, Compression.LZ4, Compression.zstd(1), Compression.zstd(-3))
                .flatMap(one -> Stream.of(new Form(one, false), new Form(one, true)));
    }

    @AfterEach
    void forgetKeys() {
        reader.close();
        keys.close();
    }

    @ParameterizedTest
    @MethodSource("forms")
    void anyRangeIsReadBack(final Form form) throws FormatException {
        final MemorySegment object = write(form);
        final ObjectIndex index = index(object);
        for (int first = 0; first < BLOCK_COUNT; first++) {
            for (int end = first + 1; end <= BLOCK_COUNT; end += 1 + random.nextInt(7)) {
                final MemorySegment stored = object.asSlice(index.offset(first), index.storedLength(first, end));
                final MemorySegment target = memory((long) (end - first) * Blocks.SIZE);
                good.clear();
                reader.decode(index, first, end, stored, target, good);
                assertThat(good.nextClearBit(first)).isEqualTo(end);
                assertThat(target.mismatch(data.asSlice((long) first * Blocks.SIZE, target.byteSize())))
                        .isEqualTo(-1);
                if (index.isPlain(first, end)) {
                    assertThat(stored.mismatch(target)).isEqualTo(-1);
                }
            }
        }
        final MemorySegment payload = memory(index.payloadLength());
        final long begin = index.frameOffset(0);
        reader.decodeFrames(index, 0, index.frameCount(), object.asSlice(begin), payload);
        assertThat(payload.mismatch(data)).isEqualTo(-1);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void framesAreStoredAsIsWorthIt(final Form form) throws FormatException {
        final MemorySegment object = write(form);
        final ObjectHeader header = header(object);
        assertThat(header.codec(0)).isEqualTo(form.compression.codec());
        assertThat(header.codec(1)).isEqualTo(Codec.NONE);
        assertThat(header.codec(2)).isEqualTo(Codec.ZEROS);
        assertThat(header.codec(3)).isEqualTo(form.compression.codec());
        assertThat(header.objectLength()).isEqualTo(object.byteSize());
        if (form.compression.codec() != Codec.NONE) {
            assertThat(header.storedLength(0)).isLessThan(Frames.SIZE / 4);
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void aFlippedBitIsFoundWhereItIs(final Form form) throws FormatException {
        final MemorySegment object = write(form);
        final ObjectIndex index = index(object);
        for (int i = 0; i < 200; i++) {
            final long at = index.frameOffset(0) + random.nextInt((int) (object.byteSize() - index.frameOffset(0)));
            final byte bit = (byte) (1 << random.nextInt(8));
            flip(object, at, bit);
            final MemorySegment target = memory(data.byteSize());
            reader.decode(index, 0, BLOCK_COUNT, object.asSlice(index.offset(0)), target, good);
            assertThat(good.nextClearBit(0)).isLessThan(BLOCK_COUNT);
            for (int block = good.nextSetBit(0); block >= 0; block = good.nextSetBit(block + 1)) {
                final long offset = (long) block * Blocks.SIZE;
                assertThat(target.asSlice(offset, Blocks.SIZE).mismatch(data.asSlice(offset, Blocks.SIZE)))
                        .isEqualTo(-1);
            }
            assertThatThrownBy(() -> reader.decodeFrames(
                            index, 0, index.frameCount(), object.asSlice(index.frameOffset(0)), target))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("it is damaged");
            flip(object, at, bit);
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void ofWhatIsCutTheRestIsGood(final Form form) throws FormatException {
        final MemorySegment object = write(form);
        final ObjectIndex index = index(object);
        final long length = index.storedLength(0, BLOCK_COUNT);
        for (long cut = 0; cut < length; cut += 1 + random.nextInt(9000)) {
            final MemorySegment target = memory(data.byteSize());
            reader.decode(index, 0, BLOCK_COUNT, object.asSlice(index.offset(0), cut), target, good);
            assertThat(good.get(BLOCK_COUNT - 1)).isFalse();
            for (int frame = 0; frame < index.frameCount(); frame++) {
                final boolean isThere = index.frameOffset(frame + 1) - index.offset(0) <= cut;
                assertThat(!isThere || good.get(frame * Frames.BLOCKS)).isTrue();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void noBitOfAnEncryptedHeaderCanBeChanged(final Form form) {
        final MemorySegment object = write(form);
        for (int i = 0; i < 1500; i++) {
            final long at = random.nextInt(new ObjectHeader(object).headerLength());
            flip(object, at, (byte) (1 << random.nextInt(8)));
            assertThatThrownBy(() -> header(object)).isInstanceOf(FormatException.class);
            if (form.isEncrypted && isBound(at)) {
                new ObjectHeader(object).complete();
                assertThatThrownBy(() -> header(object))
                        .as("a right checksum, and a bit changed at " + at)
                        .isInstanceOf(FormatException.class)
                        .hasMessageStartingWith("it");
            }
            object.copyFrom(write(form));
        }
    }

    /** Neither checksum nor length, by which the checksum is made anew, nor what fills the header up to a whole block. */
    private boolean isBound(final long at) {
        return at < 8 || at >= 16 && at < ObjectHeader.FIXED_LENGTH;
    }

    @Test
    void nothingStandsInForAnother() throws FormatException {
        final MemorySegment object = write(new Form(Compression.NONE, true));
        final ObjectIndex index = index(object);
        final MemorySegment target = memory(Frames.SIZE);
        final MemorySegment first = frame(object, index, 0);
        final MemorySegment second = frame(object, index, 1);
        final MemorySegment kept = copy(first);
        first.copyFrom(second);
        second.copyFrom(kept);
        reader.decode(index, 0, Frames.BLOCKS, first, target, good);
        assertThat(good.isEmpty()).isTrue();
        second.copyFrom(first);
        first.copyFrom(kept);
        reader.decode(index, 0, Frames.BLOCKS, first, target, good);
        assertThat(good.cardinality()).isEqualTo(Frames.BLOCKS);
        final MemorySegment again = write(new Form(Compression.NONE, true));
        reader.decode(index, 0, Frames.BLOCKS, frame(again, index, 0), target, good);
        assertThat(good.isEmpty()).as("built once more, with another salt").isTrue();
    }

    private static MemorySegment frame(final MemorySegment object, final ObjectIndex index, final int frame) {
        return object.asSlice(index.frameOffset(frame), index.frameOffset(frame + 1) - index.frameOffset(frame));
    }

    @Test
    void theKeyDecides() {
        final MemorySegment encrypted = write(new Form(Compression.LZ4, true));
        reader = new ObjectReader(VolumeKeys.NONE);
        assertThatThrownBy(() -> header(encrypted)).hasMessage("it is encrypted, and there is no key for it");
        try (VolumeKeys others = new VolumeKeys(IDENTITY.volume(), Map.of(IDENTITY.volume(), DataKey.random()))) {
            reader = new ObjectReader(others);
            assertThatThrownBy(() -> header(encrypted))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContaining("another key");
        }
        final MemorySegment plain = write(new Form(Compression.LZ4, false));
        reader = new ObjectReader(keys);
        assertThatThrownBy(() -> header(plain)).hasMessage("it is not encrypted, although its volume is");
    }

    @Test
    void nothingOfWhatIsEncryptedCanBeRead() {
        final MemorySegment object = write(new Form(Compression.NONE, true));
        final byte[] all = object.toArray(ValueLayout.JAVA_BYTE);
        final String text = new String(all, StandardCharsets.ISO_8859_1);
        final byte[] plain = data.asSlice(320, 64).toArray(ValueLayout.JAVA_BYTE);
        assertThat(text).doesNotContain(new String(plain, 0, 16, StandardCharsets.ISO_8859_1));
        for (int i = 0; i < BLOCK_COUNT; i++) {
            final int crc = Checksum.of(data.asSlice((long) i * Blocks.SIZE, Blocks.SIZE));
            final byte[] bytes = ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(crc)
                    .array();
            assertThat(text).doesNotContain(new String(bytes, StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void zerosWithAWrongChecksumAreNotGood() throws FormatException {
        final ObjectWriter.Draft draft = new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE)
                .begin(ObjectType.DATA, IDENTITY, ObjectHeader.Shape.ofData(1, 1));
        draft.payload().fill((byte) 0);
        draft.header().covers(0, Covered.through(0, true));
        draft.header().extent(0, ExtentEntry.DATA, 9, 1, 0);
        draft.header().blockCrc(0, 12);
        final ObjectIndex index = index(draft.finish());
        reader.decode(index, 0, 1, memory(0), memory(Blocks.SIZE), good);
        assertThat(good.get(0)).isFalse();
    }

    private MemorySegment write(final Form form) {
        reader = new ObjectReader(form.isEncrypted ? keys : VolumeKeys.NONE);
        final ObjectWriter.Draft draft = new ObjectWriter(
                        ObjectMemory.COLLECTED, form.compression, form.isEncrypted ? keys.own() : null)
                .begin(ObjectType.DATA, IDENTITY, ObjectHeader.Shape.ofData(1, BLOCK_COUNT));
        draft.payload().copyFrom(data);
        draft.header().covers(0, Covered.through(0, true));
        draft.header().extent(0, ExtentEntry.DATA, 100, BLOCK_COUNT, 0);
        for (int i = 0; i < BLOCK_COUNT; i++) {
            draft.header().blockCrc(i, Checksum.of(data.asSlice((long) i * Blocks.SIZE, Blocks.SIZE)));
        }
        return draft.finish();
    }

    private ObjectIndex index(final MemorySegment object) throws FormatException {
        return ObjectIndex.ofData("it", header(object));
    }

    /** The header, as a copy of it says, whose table is decrypted. */
    private ObjectHeader header(final MemorySegment object) throws FormatException {
        final ObjectHeader header = new ObjectHeader(copy(object));
        ObjectReader.validate(header, "it", IDENTITY.volume(), IDENTITY.epoch(), IDENTITY.sequence(), reader.keys());
        return header;
    }

    private static MemorySegment copy(final MemorySegment bytes) {
        return memory(bytes.byteSize()).copyFrom(bytes);
    }

    private MemorySegment data() {
        final MemorySegment bytes = memory((long) BLOCK_COUNT * Blocks.SIZE);
        for (long i = 0; i < bytes.byteSize(); i++) {
            final long frame = i / Frames.SIZE;
            final int value = frame == 1 ? random.nextInt() : frame == 2 ? 0 : (int) (i / 64 % 100);
            bytes.set(ValueLayout.JAVA_BYTE, i, (byte) value);
        }
        return bytes;
    }

    private static MemorySegment memory(final long length) {
        return Arena.ofAuto().allocate(length, 64);
    }

    private static void flip(final MemorySegment bytes, final long at, final byte bit) {
        bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (bytes.get(ValueLayout.JAVA_BYTE, at) ^ bit));
    }
}
