package io.varve.lsvd.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.BitSet;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
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
    private final ObjectReader reader = new ObjectReader();
    private final BitSet good = new BitSet();

    static Stream<Compression> compressions() {
        return Stream.of(Compression.NONE, Compression.LZ4, Compression.zstd(1), Compression.zstd(-3));
    }

    @ParameterizedTest
    @MethodSource("compressions")
    void anyRangeIsReadBack(final Compression compression) throws FormatException {
        final MemorySegment object = write(compression);
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
    @MethodSource("compressions")
    void framesAreStoredAsIsWorthIt(final Compression compression) throws FormatException {
        final MemorySegment object = write(compression);
        final ObjectHeader header = new ObjectHeader(object);
        header.validate("it", IDENTITY.volume(), IDENTITY.epoch(), IDENTITY.sequence());
        assertThat(header.codec(0)).isEqualTo(compression.codec());
        assertThat(header.codec(1)).isEqualTo(Codec.NONE);
        assertThat(header.codec(2)).isEqualTo(Codec.ZEROS);
        assertThat(header.codec(3)).isEqualTo(compression.codec());
        assertThat(header.objectLength()).isEqualTo(object.byteSize());
        if (compression.codec() != Codec.NONE) {
            assertThat(header.storedLength(0)).isLessThan(Frames.SIZE / 4);
        }
    }

    @ParameterizedTest
    @MethodSource("compressions")
    void aFlippedBitIsFoundWhereItIs(final Compression compression) throws FormatException {
        final MemorySegment object = write(compression);
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
    @MethodSource("compressions")
    void ofWhatIsCutTheRestIsGood(final Compression compression) throws FormatException {
        final MemorySegment object = write(compression);
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

    private MemorySegment write(final Compression compression) {
        final ObjectWriter.Draft draft = new ObjectWriter(ObjectMemory.COLLECTED, compression)
                .begin(ObjectType.DATA, IDENTITY, ObjectHeader.Shape.ofData(1, BLOCK_COUNT));
        draft.payload().copyFrom(data);
        draft.header().covers(0, Covered.through(0, true));
        draft.header().extent(0, ExtentEntry.DATA, 100, BLOCK_COUNT, 0);
        for (int i = 0; i < BLOCK_COUNT; i++) {
            draft.header().blockCrc(i, Checksum.of(data.asSlice((long) i * Blocks.SIZE, Blocks.SIZE)));
        }
        return draft.finish();
    }

    private static ObjectIndex index(final MemorySegment object) throws FormatException {
        return ObjectIndex.ofData("it", new ObjectHeader(object));
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
