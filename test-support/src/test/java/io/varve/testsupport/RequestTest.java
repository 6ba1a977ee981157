package io.varve.testsupport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests of every kind, through the socket and real memory, as a guest sees them. */
@Timeout(60)
class RequestTest {
    @TempDir
    private Path directory;

    private ServedDisk disk;

    @BeforeEach
    void serve() throws IOException {
        disk = new ServedDisk(directory);
    }

    @AfterEach
    void stopServing() {
        disk.close();
    }

    @Test
    void readsBackWhatWasWritten() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            final byte[] data = randomBytes(new Random(1), 8192);

            final BlkRequest write = frontEnd.run(BlkRequest.write(4096, data));
            final BlkRequest read = frontEnd.run(BlkRequest.read(4096, data.length));

            assertThat(write.status()).isEqualTo(BlkRequest.OK);
            assertThat(write.usedLength()).isEqualTo(1);
            assertThat(read.status()).isEqualTo(BlkRequest.OK);
            assertThat(read.usedLength()).isEqualTo(data.length + 1);
            assertThat(read.in()).isEqualTo(data);
        }
    }

    @Test
    void tellsOfFailures() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT)) {
            disk.reactor.run(() -> disk.device.failNext(1));

            assertThat(frontEnd.run(BlkRequest.read(0, 512)).status()).isEqualTo(BlkRequest.IOERR);
            assertThat(frontEnd.run(BlkRequest.read(0, 512)).status()).isEqualTo(BlkRequest.OK);
            assertThat(frontEnd.run(BlkRequest.read(ServedDisk.CAPACITY, 512)).status())
                    .isEqualTo(BlkRequest.IOERR);
            assertThat(frontEnd.run(BlkRequest.of(99, 0, new byte[0], 0)).status())
                    .isEqualTo(BlkRequest.UNSUPP);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 128, false, true, true, true",
        "2, 128, false, true, false, true",
        "3, 128, false, false, true, false",
        "4, 128, false, false, false, true",
        "5, 128, false, true, true, false",
        "6, 128, true, true, true, true",
        "7, 128, true, false, false, false",
        "8, 100, true, false, true, true",
        "9, 41, true, false, false, false",
        "10, 3, true, true, true, true",
        "11, 1, true, true, true, true"
    })
    void servesEveryFraming(
            final long seed,
            final int size,
            final boolean packed,
            final boolean indirect,
            final boolean eventIndex,
            final boolean memorySlots)
            throws IOException {
        final Random random = new Random(seed);
        final byte[] model = new byte[ServedDisk.CAPACITY];
        final FrontEndOptions options = FrontEndOptions.DEFAULT
                .withQueues(1, size)
                .withPacked(packed)
                .withIndirect(indirect)
                .withEventIndex(eventIndex)
                .withMemorySlots(memorySlots);
        final Framing framing = Framing.random(random, 20);
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, options)) {
            for (int i = 0; i < 2000; i++) {
                runOne(frontEnd, random, framing, model);
            }
        }
        assertThat(disk.device.contents(0, ServedDisk.CAPACITY)).isEqualTo(model);
    }

    private static void runOne(final FrontEnd frontEnd, final Random random, final Framing framing, final byte[] model)
            throws IOException {
        final int length = 512 * (1 + random.nextInt(32));
        final int offset = 512 * random.nextInt((ServedDisk.CAPACITY - length) / 512 + 1);
        final BlkRequest request = switch (random.nextInt(6)) {
            case 0, 1 -> BlkRequest.write(offset, randomBytes(random, length));
            case 2 -> BlkRequest.discard(offset, length);
            case 3 -> BlkRequest.writeZeroes(offset, length, random.nextBoolean());
            case 4 -> random.nextBoolean() ? BlkRequest.flush() : BlkRequest.getId();
            default -> BlkRequest.read(offset, length);
        };

        frontEnd.run(0, request, framing);

        assertThat(request.status()).as(request.toString()).isEqualTo(BlkRequest.OK);
        assertThat(request.usedLength()).isEqualTo(request.in().length + 1);
        switch (request.type()) {
            case BlkRequest.OUT -> System.arraycopy(request.out(), 0, model, offset, length);
            case BlkRequest.DISCARD, BlkRequest.WRITE_ZEROES -> Arrays.fill(model, offset, offset + length, (byte) 0);
            case BlkRequest.GET_ID -> assertThat(request.inAsString()).isEqualTo("memory-0123456789");
            case BlkRequest.IN ->
                assertThat(request.in()).isEqualTo(Arrays.copyOfRange(model, offset, offset + length));
            default -> assertThat(request.type()).isEqualTo(BlkRequest.FLUSH);
        }
    }

    private static byte[] randomBytes(final Random random, final int length) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
