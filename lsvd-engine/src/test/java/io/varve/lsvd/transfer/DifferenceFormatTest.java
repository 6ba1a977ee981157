package io.varve.lsvd.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.transfer.ChangeSource.Change;
import io.varve.lsvd.transfer.ChangeSource.Kind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Holds the format to bytes that were written once; {@code -Dvarve.golden=write} writes the file if it is missing. */
class DifferenceFormatTest {
    private static final String GOLDEN = "difference-1.bin";
    private static final DifferenceHeader HEADER = new DifferenceHeader(
            UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
            1 << 20,
            2 << 20,
            0x1234567890abcdefL,
            -2,
            2,
            7,
            1_700_000_000_000L,
            "disk@monday",
            "disk@tüesday");

    private final MemorySegment target = Arena.ofAuto().allocate(VolumeLoad.SLOT_BYTES);

    private static byte[] sample() throws IOException {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(HEADER.encode().toArray(ValueLayout.JAVA_BYTE));
        final DifferenceRecord record =
                new DifferenceRecord(Arena.ofAuto().allocate(DifferenceRecord.MAX_LENGTH, Long.BYTES));
        out.write(record.begin(DifferenceRecord.DISCARD, 5, 7, 0).seal().toArray(ValueLayout.JAVA_BYTE));
        final MemorySegment data = data();
        final Checksum checksum = new Checksum(data);
        record.begin(DifferenceRecord.DATA, 300, 2, 1);
        record.blockCrc(0, checksum.of(0, Blocks.SIZE));
        record.blockCrc(1, checksum.of(Blocks.SIZE, Blocks.SIZE));
        out.write(record.seal().toArray(ValueLayout.JAVA_BYTE));
        out.write(data.toArray(ValueLayout.JAVA_BYTE));
        out.write(record.begin(DifferenceRecord.END, 0, 0, 2).seal().toArray(ValueLayout.JAVA_BYTE));
        return out.toByteArray();
    }

    private static MemorySegment data() {
        final MemorySegment data = Arena.ofAuto().allocate(2 * Blocks.SIZE);
        for (int i = 0; i < data.byteSize(); i++) {
            data.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 >> 3));
        }
        return data;
    }

    private static byte[] golden() throws IOException {
        try (InputStream in = DifferenceFormatTest.class.getResourceAsStream(GOLDEN)) {
            if (in != null) {
                return in.readAllBytes();
            }
        }
        assertThat(System.getProperty("varve.golden"))
                .as(GOLDEN + " is missing")
                .isEqualTo("write");
        final Path directory = Path.of("src/test/resources/io/varve/lsvd/transfer");
        Files.createDirectories(directory);
        return Files.readAllBytes(Files.write(directory.resolve(GOLDEN), sample()));
    }

    private static DifferenceReader reader(final byte[] bytes) throws IOException {
        return new DifferenceReader(Channels.newChannel(new ByteArrayInputStream(bytes)));
    }

    @Test
    void bytesAreAsTheyWere() throws IOException {
        assertThat(HexFormat.of().formatHex(sample())).isEqualTo(HexFormat.of().formatHex(golden()));
    }

    @Test
    void whatWasWrittenIsReadBack() throws IOException {
        try (DifferenceReader reader = reader(golden())) {
            assertThat(reader.header()).isEqualTo(HEADER);
            assertThat(reader.next(target)).isEqualTo(new Change(Kind.DISCARD, 5 * 4096, 7 * 4096));
            assertThat(reader.next(target)).isEqualTo(new Change(Kind.DATA, 300 * 4096, 2 * 4096));
            assertThat(target.asSlice(0, 8192).mismatch(data())).isEqualTo(-1);
            assertThat(reader.next(target)).isNull();
            assertThat(reader.next(target)).isNull();
        }
    }

    @Test
    void refusesVersionsThatItDoesNotKnow() throws IOException {
        final byte[] bytes = golden();
        bytes[4] = 2;
        assertThatThrownBy(() -> reader(bytes))
                .isInstanceOf(FormatException.class)
                .hasMessage("it is of format 2, which this version does not know");
    }

    @Test
    void refusesWhatDoesNotLieWithinTheDisk() throws IOException {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(HEADER.encode().toArray(ValueLayout.JAVA_BYTE));
        out.write(new DifferenceRecord(Arena.ofAuto().allocate(DifferenceRecord.MAX_LENGTH, Long.BYTES))
                .begin(DifferenceRecord.DISCARD, 500, 13, 0)
                .seal()
                .toArray(ValueLayout.JAVA_BYTE));
        try (DifferenceReader reader = reader(out.toByteArray())) {
            assertThatThrownBy(() -> reader.next(target))
                    .isInstanceOf(FormatException.class)
                    .hasMessage("it is damaged: record 0 is no good");
        }
    }
}
