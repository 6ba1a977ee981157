package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.payload;
import static io.varve.testsupport.FrontEndChannel.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.block.CloseReason;
import io.varve.linux.EventFd;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The pages that the device writes, as a front-end sees them marked during a live migration. */
@Timeout(60)
class DirtyLogTest {
    @TempDir
    private Path directory;

    private ServedDisk disk;

    @BeforeEach
    void serve() throws IOException {
        disk = new ServedDisk(directory);
        final byte[] data = new byte[ServedDisk.CAPACITY];
        new Random(8).nextBytes(data);
        disk.device.memory().copyFrom(MemorySegment.ofArray(data));
    }

    @AfterEach
    void stopServing() {
        disk.close();
    }

    /** Every page that differs after a request was marked, and no other. */
    @ParameterizedTest
    @CsvSource({
        "false, true, true",
        "false, false, true",
        "false, true, false",
        "false, false, false",
        "true, true, true",
        "true, false, false"
    })
    void marksWhatIsWritten(final boolean packed, final boolean indirect, final boolean eventIndex) throws IOException {
        final Random random = new Random(5);
        final Framing framing = Framing.random(random, 6);
        final FrontEndOptions options = FrontEndOptions.DEFAULT
                .withQueues(2, 128)
                .withPacked(packed)
                .withIndirect(indirect)
                .withEventIndex(eventIndex);
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, options);
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            frontEnd.startLogging(bitmap);
            for (int i = 0; i < 400; i++) {
                final int queue = random.nextInt(2);
                final BlkRequest request = switch (random.nextInt(5)) {
                    case 0 -> BlkRequest.write(random.nextInt(1000) * 512L, new byte[512 * (1 + random.nextInt(32))]);
                    case 1 -> BlkRequest.getId();
                    default -> BlkRequest.read((1000 + random.nextInt(1000)) * 512L, 512 * (1 + random.nextInt(32)));
                };
                frontEnd.queue(queue).submit(request, framing);
                final byte[][] before = contents(frontEnd.ram());
                bitmap.take();
                frontEnd.queue(queue).publish();
                assertThat(frontEnd.await(queue)).isSameAs(request);
                assertThat(frontEnd.channel().acknowledged(3, payload(0))).isZero();

                final SortedSet<Long> written = changes(frontEnd.ram(), before);
                final SortedSet<Long> marked = bitmap.take();
                written.remove(frontEnd.queue(queue).available() & -DirtyBitmap.PAGE_SIZE);
                assertThat(marked).as(request.toString()).containsAll(written);
                // The index of a ring that nothing else was done to may have been written again.
                marked.removeAll(written);
                marked.remove(frontEnd.queue(0).used());
                marked.remove(frontEnd.queue(1).used());
                assertThat(marked).as("marked without need: " + request).isEmpty();
            }
        }
    }

    private static byte[][] contents(final GuestRam ram) {
        return ram.regions().stream()
                .map(region -> {
                    final byte[] bytes = new byte[(int) region.size()];
                    ram.read(region.guestAddress(), bytes, 0, bytes.length);
                    return bytes;
                })
                .toArray(byte[][]::new);
    }

    private static SortedSet<Long> changes(final GuestRam ram, final byte[][] before) {
        final byte[][] after = contents(ram);
        final SortedSet<Long> pages = new TreeSet<>();
        for (int i = 0; i < before.length; i++) {
            final long address = ram.regions().get(i).guestAddress();
            final MemorySegment old = MemorySegment.ofArray(before[i]);
            final MemorySegment now = MemorySegment.ofArray(after[i]);
            long from = 0;
            long same = old.mismatch(now);
            while (same >= 0) {
                final long page = address + from + same & -DirtyBitmap.PAGE_SIZE;
                pages.add(page);
                from = Math.min(page + DirtyBitmap.PAGE_SIZE - address, old.byteSize());
                same = old.asSlice(from).mismatch(now.asSlice(from));
            }
        }
        return pages;
    }

    @Test
    void marksNothingWhenItIsOff() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            frontEnd.replaceLog(bitmap);
            frontEnd.run(BlkRequest.read(0, 4096));
            assertThat(bitmap.take()).isEmpty();
            frontEnd.startLogging(bitmap);
            frontEnd.run(BlkRequest.read(0, 4096));
            assertThat(bitmap.take()).hasSizeGreaterThanOrEqualTo(2);
            frontEnd.stopLogging();
            frontEnd.run(BlkRequest.read(0, 4096));
            bitmap.take();
            frontEnd.run(BlkRequest.read(0, 4096));
            assertThat(bitmap.take()).isEmpty();
        }
    }

    @Test
    void goesOnInAnotherLog() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                DirtyBitmap first = DirtyBitmap.of(frontEnd.ram());
                DirtyBitmap second = DirtyBitmap.of(frontEnd.ram())) {
            frontEnd.startLogging(first);
            frontEnd.run(BlkRequest.read(0, 4096));
            frontEnd.replaceLog(second);
            final SortedSet<Long> pages = first.take();
            frontEnd.run(BlkRequest.read(0, 4096));
            assertThat(first.take()).isEmpty();
            assertThat(second.take()).isEqualTo(pages);
        }
    }

    /** What is in flight when logging begins has perhaps been written by then, and perhaps not. */
    @Test
    void marksRequestsThatWereInFlightBefore() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            disk.reactor.run(() -> disk.device.hold(true));
            frontEnd.queue(0).submit(BlkRequest.read(0, 16384), Framing.USUAL);
            frontEnd.queue(0).publish();
            while (disk.reactor.<Integer>call(disk.device::pendingCount) < 1) {
                Thread.onSpinWait();
            }
            frontEnd.startLogging(bitmap);
            disk.reactor.run(() -> disk.device.hold(false));
            frontEnd.await(0);
            assertThat(bitmap.take()).hasSizeGreaterThanOrEqualTo(5);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void comesAndGoesUnderLoad(final boolean packed) throws IOException {
        disk.reactor.run(() -> disk.device.delayed(new Random(2)));
        disk.device.memory().fill((byte) 0);
        final FrontEndOptions options =
                FrontEndOptions.DEFAULT.withQueues(2, 64).withPacked(packed);
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, options);
                DirtyBitmap first = DirtyBitmap.of(frontEnd.ram());
                DirtyBitmap second = DirtyBitmap.of(frontEnd.ram())) {
            final LoadGenerator load = new LoadGenerator(frontEnd, 1000, 4096, 64, 1);
            for (int i = 0; i < 50; i++) {
                load.run(50);
                load.fill();
                frontEnd.startLogging(i % 2 == 0 ? first : second);
                load.run(50);
                load.fill();
                if (i % 3 == 0) {
                    frontEnd.replaceLog(i % 2 == 0 ? second : first);
                } else {
                    frontEnd.stop();
                    frontEnd.start();
                }
                load.fill();
                frontEnd.stopLogging();
            }
            load.drain();
            load.verifyAll(frontEnd);
        }
    }

    @Test
    void signalsWhoeverAskedForIt() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                EventFd event = EventFd.create();
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            frontEnd.channel().send(7, payload(0), event.fd());
            frontEnd.startLogging(bitmap);
            frontEnd.run(BlkRequest.read(0, 4096));
            while (event.drain() == 0) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void endsTheSessionWhenTheLogIsTakenAway() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(disk.socketPath, FrontEndOptions.DEFAULT);
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            frontEnd.startLogging(bitmap);
            assertThat(frontEnd.channel().acknowledged(2, u64(frontEnd.features())))
                    .isZero();
            bitmap.file().resize(0);
            frontEnd.queue(0).submit(BlkRequest.flush(), Framing.USUAL);
            frontEnd.queue(0).publish();
            disk.awaitClosed(CloseReason.MEMORY_FAULT);
        }
    }
}
