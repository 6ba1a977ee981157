package io.varve.virtqueue;

import static io.varve.virtqueue.TestRing.BOUNDARY;
import static io.varve.virtqueue.TestRing.LOW;
import static io.varve.virtqueue.TestRing.NEXT;
import static io.varve.virtqueue.TestRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.varve.block.BlockDevice;
import io.varve.linux.IoVec;
import io.varve.linux.Memory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VirtioBlkQueueTest {
    private static final long HEADER = LOW;
    private static final long DATA = LOW + 0x1000;
    private static final long STATUS = LOW + 0x800;
    private static final int UNTOUCHED = 0xee;
    private static final long SECTORS = 1000;

    private final TestRing ring = new TestRing(64, 0, false, true);
    private final RecordingDevice device = new RecordingDevice();
    private VirtioBlkQueue queue = new VirtioBlkQueue(ring.queue, device, VirtioBlk.F_VERSION_1);

    /** Notes what it is asked, and completes when it is told. */
    private static final class RecordingDevice implements BlockDevice {
        private final List<String> calls = new ArrayList<>();
        private final List<Runnable> completions = new ArrayList<>();
        private long capacity = SECTORS * SECTOR_SIZE;
        private boolean readOnly;
        private boolean atOnce = true;
        private int status = STATUS_OK;
        private boolean memoryIsGone;

        private void accept(final String call, final Completion completion, final long token) {
            if (memoryIsGone) {
                throw new InternalError("a fault occurred in an unsafe memory access operation");
            }
            calls.add(call);
            if (atOnce) {
                completion.onComplete(token, status);
            } else {
                completions.add(() -> completion.onComplete(token, status));
            }
        }

        @Override
        public long capacity() {
            return capacity;
        }

        @Override
        public int preferredBlockSize() {
            return 4096;
        }

        @Override
        public boolean isReadOnly() {
            return readOnly;
        }

        @Override
        public String serial() {
            return "serial";
        }

        @Override
        public void read(final long offset, final IoVec buffers, final Completion completion, final long token) {
            for (int i = 0; i < buffers.count(); i++) {
                Memory.fill(buffers.address(i), buffers.length(i), (byte) 0x5a);
            }
            accept("read " + offset + "+" + buffers.totalLength(), completion, token);
        }

        @Override
        public void write(
                final long offset,
                final IoVec buffers,
                final boolean durable,
                final Completion completion,
                final long token) {
            accept("write " + offset + "+" + buffers.totalLength() + (durable ? " durable" : ""), completion, token);
        }

        @Override
        public void flush(final Completion completion, final long token) {
            accept("flush", completion, token);
        }

        @Override
        public void discard(
                final long offset,
                final long length,
                final boolean durable,
                final Completion completion,
                final long token) {
            accept("discard " + offset + "+" + length + (durable ? " durable" : ""), completion, token);
        }

        @Override
        public void cancel(final Completion completion) {
            calls.add("cancel");
            completions.clear();
        }

        @Override
        public void writeZeroes(
                final long offset,
                final long length,
                final boolean mayUnmap,
                final boolean durable,
                final Completion completion,
                final long token) {
            accept(
                    "zeroes " + offset + "+" + length + (mayUnmap ? " unmap" : "") + (durable ? " durable" : ""),
                    completion,
                    token);
        }
    }

    @AfterEach
    void close() {
        ring.close();
    }

    /** Offers header, readable and writable data and status as chain {@code head}, polls, and answers the status byte. */
    private int run(final int head, final int type, final long sector, final int readable, final int writable) {
        ring.putHeader(HEADER, type, sector);
        ring.putByte(STATUS, UNTOUCHED);
        ring.descriptor(head, HEADER, 16, NEXT, head + 1)
                .descriptor(head + 1, DATA, readable, NEXT, head + 2)
                .descriptor(head + 2, DATA, writable, NEXT | WRITE, head + 3)
                .descriptor(head + 3, STATUS, 1, WRITE, 0)
                .offer(head);
        assertThat(queue.poll()).isEqualTo(1);
        queue.publish();
        return ring.getByte(STATUS);
    }

    private void putRange(final long sector, final long sectors) {
        ring.putLong(DATA, sector);
        ring.putLong(DATA + 8, sectors);
    }

    @ParameterizedTest
    @CsvSource({
        // type, sector, readable, writable, status, call
        "0, 0, 0, 512, 0, read 0+512",
        "0, 999, 0, 512, 0, read 511488+512",
        "0, 1000, 0, 512, 1,",
        "0, 999, 0, 1024, 1,",
        "0, -1, 0, 512, 1,",
        "0, 36028797018963968, 0, 512, 1,",
        "0, 0, 0, 511, 1,",
        "0, 0, 0, 0, 0,",
        "0, 3, 512, 1024, 0, read 1536+1024",
        "1, 4, 1024, 0, 0, write 2048+1024",
        "1, 4, 1000, 0, 1,",
        "1, 999, 1024, 0, 1,",
        "1, 0, 0, 0, 0,",
        "4, 77777, 0, 0, 0, flush",
        "2, 0, 0, 512, 2,",
        "5, 0, 0, 0, 2,",
        "-2147483647, 4, 1024, 0, 2,",
        "14, 0, 512, 512, 2,",
        "16, 0, 512, 512, 2,",
        "-1, 0, 512, 512, 2,",
        "11, 0, 0, 0, 1,",
        "11, 0, 17, 0, 1,",
        "13, 0, 8, 0, 1,",
        "11, 0, 32, 0, 2,",
        "13, 0, 32, 0, 2,",
        "13, 0, 528, 0, 2,"
    })
    void answersEachRequest(
            final int type,
            final long sector,
            final int readable,
            final int writable,
            final int status,
            final String call) {
        assertThat(run(8, type, sector, readable, writable)).isEqualTo(status);

        assertThat(device.calls).isEqualTo(call == null ? List.of() : List.of(call));
        assertThat(ring.usedIndex()).isEqualTo(1);
        assertThat(ring.usedId(0)).isEqualTo(8);
        assertThat(ring.usedLength(0)).isEqualTo(writable + 1);
        assertThat(queue.inFlight()).isZero();
    }

    @Test
    void tellsTheSerialNumber() {
        run(0, VirtioBlk.T_GET_ID, 0, 0, 20);

        final byte[] id = new byte[20];
        for (int i = 0; i < id.length; i++) {
            id[i] = (byte) ring.getByte(DATA + i);
        }
        assertThat(id).isEqualTo(java.util.Arrays.copyOf("serial".getBytes(), 20));
        ring.putByte(DATA + 3, UNTOUCHED);
        assertThat(run(0, VirtioBlk.T_GET_ID, 0, 0, 3)).isZero();
        assertThat(ring.getByte(DATA + 3)).isEqualTo(UNTOUCHED);
    }

    @Test
    void refusesChangesOfAReadOnlyDisk() {
        device.readOnly = true;
        putRange(0, 8);

        assertThat(run(0, VirtioBlk.T_OUT, 0, 512, 0)).isEqualTo(VirtioBlk.S_IOERR);
        assertThat(run(0, VirtioBlk.T_DISCARD, 0, 16, 0)).isEqualTo(VirtioBlk.S_IOERR);
        assertThat(run(0, VirtioBlk.T_WRITE_ZEROES, 0, 16, 0)).isEqualTo(VirtioBlk.S_IOERR);
        assertThat(device.calls).isEmpty();
        assertThat(run(0, VirtioBlk.T_IN, 0, 0, 512)).isEqualTo(VirtioBlk.S_OK);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "512, 1"})
    void takesTransfersUpToTheLongest(final int excess, final int status) {
        device.capacity = 1L << 40;
        // Descriptors may name the same memory again and again.
        final int piece = 2 * TestRing.REGION_SIZE;
        final int count = BlockDevice.MAX_TRANSFER_LENGTH / piece;
        ring.indirectDescriptor(TestRing.TOP, 0, LOW, 16 + excess, NEXT, 1);
        for (int i = 1; i <= count; i++) {
            ring.indirectDescriptor(TestRing.TOP, i, LOW, piece, NEXT, i + 1);
        }
        ring.indirectDescriptor(TestRing.TOP, count + 1, STATUS, 1, WRITE, 0);
        ring.putHeader(HEADER, VirtioBlk.T_OUT, 0);
        ring.descriptor(0, TestRing.TOP, (count + 2) * 16, TestRing.INDIRECT, 0).offer(0);

        assertThat(queue.poll()).isEqualTo(1);

        assertThat(ring.getByte(STATUS)).isEqualTo(status);
        assertThat(device.calls).hasSize(1 - status);
    }

    @ParameterizedTest
    @CsvSource({
        // type, sector, sectors, flags, status, call
        "11, 100, 8, 0, 0, discard 51200+4096",
        "13, 100, 8, 0, 0, zeroes 51200+4096",
        "13, 100, 8, 1, 0, zeroes 51200+4096 unmap",
        "11, 100, 4194304, 0, 0, discard 51200+2147483648",
        "11, 100, 4194305, 0, 1,",
        "13, 100, 4294967295, 0, 1,",
        "11, 100, 0, 0, 0,",
        "11, 100, 8, 1, 2,",
        "13, 100, 8, 2, 2,",
        "13, 100, 8, -2, 2,",
        "11, 2199023255544, 9, 0, 1,",
        "11, -1, 2, 0, 1,"
    })
    void checksTheRangeOfDiscardsAndZeroes(
            final int type,
            final long sector,
            final long sectors,
            final int flags,
            final int status,
            final String call) {
        device.capacity = 1L << 50;
        ring.putLong(DATA, sector);
        ring.putLong(DATA + 8, sectors | (long) flags << 32);
        assertThat(run(0, type, 0, 16, 0)).isEqualTo(status);
        assertThat(device.calls).isEqualTo(call == null ? List.of() : List.of(call));
    }

    @Test
    void completesWhenTheDeviceDoes() {
        device.atOnce = false;
        putRange(0, 8);

        assertThat(run(0, VirtioBlk.T_WRITE_ZEROES, 0, 16, 0)).isEqualTo(UNTOUCHED);
        assertThat(ring.usedIndex()).isZero();
        assertThat(queue.inFlight()).isEqualTo(1);
        device.status = BlockDevice.STATUS_IO_ERROR;
        device.completions.get(0).run();
        queue.publish();

        assertThat(ring.usedIndex()).isEqualTo(1);
        assertThat(ring.getByte(STATUS)).isEqualTo(VirtioBlk.S_IOERR);
        assertThat(queue.inFlight()).isZero();
        assertThatIllegalStateException()
                .isThrownBy(() -> device.completions.get(0).run());
    }

    /** What drivers of before virtio 1 may say: another number for FLUSH, and a bit for barriers. */
    @ParameterizedTest
    @CsvSource({
        "5, 0, 0, 0, flush",
        "-2147483644, 0, 0, 0, flush",
        "-2147483643, 0, 0, 0, flush",
        "-2147483648, 0, 512, 0, read 2048+512",
        "-2147483647, 512, 0, 0, write 2048+512",
        "1, 512, 0, 0, write 2048+512",
        "2, 0, 512, 2,",
        "-1, 0, 512, 2,"
    })
    void understandsDriversOfBeforeVersion1(
            final int type, final int readable, final int writable, final int status, final String call) {
        queue = new VirtioBlkQueue(ring.queue, device, 0);
        assertThat(run(0, type, 4, readable, writable)).isEqualTo(status);
        assertThat(device.calls).isEqualTo(call == null ? List.of() : List.of(call));
    }

    @Test
    void asksForDurabilityWhereThereIsNoCache() {
        queue.writesDurable(true);
        putRange(0, 8);

        run(0, VirtioBlk.T_OUT, 0, 512, 0);
        run(0, VirtioBlk.T_DISCARD, 0, 16, 0);
        run(0, VirtioBlk.T_WRITE_ZEROES, 0, 16, 0);
        queue.writesDurable(false);
        run(0, VirtioBlk.T_OUT, 0, 512, 0);

        assertThat(device.calls)
                .containsExactly(
                        "write 0+512 durable", "discard 0+4096 durable", "zeroes 0+4096 durable", "write 0+512");
    }

    @Test
    void tellsOfFailures() {
        device.status = BlockDevice.STATUS_IO_ERROR;

        assertThat(run(0, VirtioBlk.T_FLUSH, 0, 0, 0)).isEqualTo(VirtioBlk.S_IOERR);
        assertThat(run(0, VirtioBlk.T_IN, 0, 0, 512)).isEqualTo(VirtioBlk.S_IOERR);
    }

    @Test
    void failsRequestsWithoutAWholeHeader() {
        ring.putByte(STATUS, UNTOUCHED);
        ring.descriptor(0, HEADER, 15, NEXT, 1)
                .descriptor(1, STATUS, 1, WRITE, 0)
                .offer(0);
        assertThat(queue.poll()).isEqualTo(1);
        assertThat(ring.getByte(STATUS)).isEqualTo(VirtioBlk.S_IOERR);
        ring.putByte(STATUS, UNTOUCHED);
        ring.offer(1);
        assertThat(queue.poll()).isEqualTo(1);
        assertThat(ring.getByte(STATUS)).isEqualTo(VirtioBlk.S_IOERR);

        queue.publish();
        assertThat(ring.usedIndex()).isEqualTo(2);
        assertThat(device.calls).isEmpty();
        assertThat(queue.unmappedCount()).isZero();
    }

    /** Requests of all kinds, with memory of each part that is in no region. */
    @ParameterizedTest
    @CsvSource({"0", "1", "4", "8", "11", "13", "77"})
    void failsRequestsInMemoryThatIsNotThere(final int type) {
        final long[][] places = {
            {TestRing.END, DATA, DATA}, {HEADER, TestRing.END - 8, DATA}, {HEADER, DATA, TestRing.END - 8}
        };
        for (int i = 0; i < places.length; i++) {
            ring.putHeader(HEADER, type, 0);
            ring.putByte(STATUS, UNTOUCHED);
            ring.descriptor(0, places[i][0], 16, NEXT, 1)
                    .descriptor(1, places[i][1], 16, NEXT, 2)
                    .descriptor(2, places[i][2], 512, NEXT | WRITE, 3)
                    .descriptor(3, STATUS, 1, WRITE, 0)
                    .offer(0);
            assertThat(queue.poll()).isEqualTo(1);
            queue.publish();

            assertThat(ring.getByte(STATUS)).isEqualTo(VirtioBlk.S_IOERR);
            assertThat(ring.usedIndex()).isEqualTo(i + 1);
            assertThat(ring.usedLength(i)).isEqualTo(513);
            assertThat(queue.unmappedCount()).isEqualTo(i + 1);
            assertThat(queue.unmappedAddress()).isEqualTo(places[i][i]);
        }
        assertThat(device.calls).isEmpty();
        assertThat(ring.queue.isBroken()).isFalse();
    }

    /** Linux, whose status byte may hold a success of earlier on, would believe in another one. */
    @Test
    void breaksTheRingRatherThanGiveBackWhatItCannotAnswer() {
        ring.putHeader(HEADER, VirtioBlk.T_OUT, 0);
        ring.descriptor(0, HEADER, 16, NEXT, 1)
                .descriptor(1, TestRing.END, 1, WRITE, 0)
                .offer(0);

        assertThat(queue.poll()).isZero();
        assertThat(queue.poll()).isZero();
        assertThat(queue.publish()).isFalse();

        assertThat(ring.queue.isBroken()).isTrue();
        assertThat(queue.unmappedCount()).isEqualTo(1);
        assertThat(queue.unmappedAddress()).isEqualTo(TestRing.END);
        assertThat(ring.usedIndex()).isZero();
    }

    @Test
    void acceptsHeaderDataAndStatusInAnyPieces() {
        final long header = BOUNDARY - 5;
        ring.putHeader(header, VirtioBlk.T_IN, 2);
        ring.descriptor(0, header, 3, NEXT, 1)
                .descriptor(1, header + 3, 0, NEXT, 2)
                .descriptor(2, header + 3, 13, NEXT, 3)
                .descriptor(3, BOUNDARY - 200, 500, NEXT | WRITE, 4)
                .descriptor(4, LOW, 13, WRITE, 0)
                .offer(0);

        queue.poll();
        queue.publish();

        assertThat(device.calls).containsExactly("read 1024+512");
        assertThat(ring.usedLength(0)).isEqualTo(513);
        assertThat(ring.getByte(LOW + 12)).isZero();
        assertThat(ring.getByte(LOW + 11)).isEqualTo(0x5a);
        assertThat(ring.getByte(BOUNDARY + 299)).isEqualTo(0x5a);
    }

    @Test
    void takesNoMoreThanItsLimitAtATime() {
        try (TestRing large = new TestRing(1024, 0, false, true)) {
            final VirtioBlkQueue limited = new VirtioBlkQueue(large.queue, device, VirtioBlk.F_VERSION_1);
            for (int i = 0; i < 1024; i++) {
                large.descriptor(i, LOW, 1, WRITE, 0).offer(i);
            }
            assertThat(limited.poll()).isEqualTo(VirtioBlkQueue.MAX_CHAINS_PER_POLL);
            assertThat(limited.armNotifications()).isTrue();
        }
        try (TestRing large = new TestRing(1024, 0, false, true)) {
            final VirtioBlkQueue limited = new VirtioBlkQueue(large.queue, device, VirtioBlk.F_VERSION_1);
            for (int i = 0; i < 1000; i++) {
                large.indirectDescriptor(LOW, i, BOUNDARY, 1, i < 999 ? NEXT : WRITE, i + 1);
            }
            for (int i = 0; i < 100; i++) {
                large.descriptor(i, LOW, 16_000, TestRing.INDIRECT, 0).offer(i);
            }
            assertThat(limited.poll()).isEqualTo(5);
        }
    }

    @Test
    void stopsWhenMemoryIsGone() {
        device.atOnce = false;
        run(0, VirtioBlk.T_OUT, 0, 512, 0);
        device.memoryIsGone = true;
        run(4, VirtioBlk.T_OUT, 0, 512, 0);

        assertThat(queue.hasFaulted()).isTrue();
        assertThat(queue.inFlight()).as("only what the device has").isEqualTo(1);
        assertThat(queue.poll()).isZero();
        assertThat(queue.armNotifications()).isFalse();
        device.completions.get(0).run();
        assertThat(queue.inFlight()).isZero();
        assertThat(queue.publish()).isFalse();
        assertThat(ring.getByte(STATUS)).as("nothing is written any more").isEqualTo(UNTOUCHED);
    }
}
