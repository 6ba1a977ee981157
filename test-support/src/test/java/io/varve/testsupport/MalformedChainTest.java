package io.varve.testsupport;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.EventFd;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Guests that break the rules for chains, or use memory that was not shared, get them back as failed; those that break a ring, or
 * leave no place for an answer, lose that ring.
 */
@Timeout(60)
class MalformedChainTest {
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final long HUGE = 8L << 30;
    private static final long HUGE_SIZE = 3L << 30;
    private static final int TWO_GIB_LESS_ONE = Integer.MAX_VALUE;

    /** A free place in the guest's memory, on a page: the second region's beginning. */
    private static final long SPARE = 4L << 30;

    private static final long STATUS = SPARE + 0x800;
    private static final int UNTOUCHED = 0xee;

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

    private record Descriptor(long address, int length, int flags) {}

    private static Descriptor d(final long address, final int length, final int flags) {
        return new Descriptor(address, length, flags);
    }

    /** Chains as descriptors in the ring, and what an indirect table at {@link #SPARE} holds; with a place for the answer, or without. */
    private enum Chain {
        NOWHERE(true, List.of(d(1L << 40, 16, NEXT), d(STATUS, 1, WRITE))),
        DATA_NOWHERE(true, List.of(d(SPARE, 16, NEXT), d(1L << 40, 512, NEXT | WRITE), d(STATUS, 1, WRITE))),
        ACROSS_THE_END_OF_MEMORY(true, List.of(d(HUGE + HUGE_SIZE - 8, 16, NEXT), d(STATUS, 1, WRITE))),
        AROUND_THE_END_OF_ADDRESSES(true, List.of(d(-8, 16, NEXT), d(STATUS, 1, WRITE))),
        OF_2_GIB(true, List.of(d(HUGE, Integer.MIN_VALUE, NEXT), d(STATUS, 1, WRITE))),
        OF_NEGATIVE_LENGTH(true, List.of(d(HUGE, -1, NEXT), d(STATUS, 1, WRITE))),
        OF_4_GIB(
                true,
                List.of(
                        d(HUGE, TWO_GIB_LESS_ONE, NEXT),
                        d(HUGE, TWO_GIB_LESS_ONE, NEXT),
                        d(HUGE, TWO_GIB_LESS_ONE, NEXT),
                        d(STATUS, 1, WRITE))),
        WITHOUT_A_WHOLE_HEADER(true, List.of(d(SPARE, 15, NEXT), d(STATUS, 1, WRITE))),
        WITHOUT_A_HEADER(true, List.of(d(STATUS - 511, 512, WRITE))),
        READABLE_BEHIND_WRITABLE(true, List.of(d(SPARE, 16, NEXT), d(STATUS, 1, WRITE | NEXT), d(SPARE, 16, 0))),
        TABLE_AND_NEXT(
                true,
                List.of(d(SPARE, 32, INDIRECT | NEXT), d(STATUS, 1, WRITE)),
                d(SPARE, 16, NEXT),
                d(SPARE, 1, WRITE)),
        TABLE_WITH_DATA_NOWHERE(
                true, List.of(d(SPARE, 48, INDIRECT)), d(SPARE, 16, NEXT), d(1L << 40, 512, NEXT), d(STATUS, 1, WRITE)),
        TABLE_OF_4_GIB(
                true,
                List.of(d(SPARE, 64, INDIRECT)),
                d(HUGE, TWO_GIB_LESS_ONE, NEXT),
                d(HUGE, TWO_GIB_LESS_ONE, NEXT),
                d(HUGE, TWO_GIB_LESS_ONE, NEXT),
                d(STATUS, 1, WRITE)),
        OF_NOTHING(false, List.of(d(SPARE, 0, 0))),
        WITHOUT_A_STATUS(false, List.of(d(SPARE, 16, 0))),
        STATUS_NOWHERE(false, List.of(d(SPARE, 16, NEXT), d(1L << 40, 1, WRITE))),
        STATUS_AROUND_THE_END_OF_ADDRESSES(false, List.of(d(SPARE, 16, NEXT), d(-8, 16, WRITE))),
        TABLE_NOWHERE(false, List.of(d(1L << 40, 32, INDIRECT))),
        TABLE_ACROSS_THE_END(false, List.of(d(HUGE + HUGE_SIZE - 16, 32, INDIRECT))),
        TABLE_OF_NOTHING(false, List.of(d(SPARE, 0, INDIRECT))),
        TABLE_OF_ODD_LENGTH(false, List.of(d(SPARE, 40, INDIRECT)), d(SPARE, 16, NEXT), d(STATUS, 1, WRITE)),
        TABLE_TOO_LONG(false, List.of(d(HUGE, 1025 * 16, INDIRECT))),
        TABLE_OF_NEGATIVE_LENGTH(false, List.of(d(SPARE, -16, INDIRECT)), d(SPARE, 16, NEXT), d(STATUS, 1, WRITE)),
        TABLE_IN_A_TABLE(false, List.of(d(SPARE, 16, INDIRECT)), d(SPARE, 16, INDIRECT));

        private final boolean isAnswered;
        private final List<Descriptor> ring;
        private final Descriptor[] table;

        Chain(final boolean isAnswered, final List<Descriptor> ring, final Descriptor... table) {
            this.isAnswered = isAnswered;
            this.ring = ring;
            this.table = table;
        }
    }

    @ParameterizedTest
    @EnumSource(Chain.class)
    void failOnASplitRing(final Chain chain) throws IOException {
        try (FrontEnd frontEnd = started(false)) {
            final SplitDriverQueue queue = frontEnd.splitQueue(0);
            putTable(frontEnd, chain, false);
            for (int i = 0; i < chain.ring.size(); i++) {
                final Descriptor part = chain.ring.get(i);
                queue.putDescriptor(i, part.address, part.length, part.flags, i + 1);
            }
            queue.putAvailable(0);
            queue.publish();
            if (chain.isAnswered) {
                await(() -> queue.usedIndex() != 0);
                assertThat(frontEnd.ram().getInt(queue.used() + 4)).isZero();
                assertFailed(frontEnd);
            } else {
                awaitBroken(frontEnd, 0);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Chain.class)
    void failOnAPackedRing(final Chain chain) throws IOException {
        try (FrontEnd frontEnd = started(true)) {
            final PackedDriverQueue queue = frontEnd.packedQueue(0);
            putTable(frontEnd, chain, true);
            for (final Descriptor part : chain.ring) {
                queue.putDescriptor(part.address, part.length, part.flags, 77);
            }
            queue.publish();
            if (chain.isAnswered) {
                final int used = 1 << 7 | 1 << 15 | WRITE;
                await(() -> (frontEnd.ram().getShort(queue.descriptors() + 14) & used) == used);
                assertThat(frontEnd.ram().getShort(queue.descriptors() + 12)).isEqualTo(77);
                assertFailed(frontEnd);
            } else {
                awaitBroken(frontEnd, 0);
            }
        }
    }

    private static void assertFailed(final FrontEnd frontEnd) throws IOException {
        assertThat(frontEnd.ram().getShort(STATUS) & 0xff).isEqualTo(BlkRequest.IOERR);
        assertThat(frontEnd.run(1, BlkRequest.flush(), Framing.USUAL).status()).isEqualTo(BlkRequest.OK);
    }

    /** Where split rings say what comes next: beyond the table, or back to the beginning. */
    @ParameterizedTest
    @CsvSource({"false, 16", "false, 65535", "false, 0", "true, 2", "true, 65535", "true, 0"})
    void breakASplitRingThatGoesOnNowhere(final boolean inATable, final int next) throws IOException {
        try (FrontEnd frontEnd = started(false)) {
            final SplitDriverQueue queue = frontEnd.splitQueue(0);
            if (inATable) {
                putTable(frontEnd, Chain.TABLE_AND_NEXT, false);
                frontEnd.ram().putShort(SPARE + 16 + 12, NEXT | WRITE);
                frontEnd.ram().putShort(SPARE + 16 + 14, next);
                queue.putDescriptor(0, SPARE, 32, INDIRECT, 0);
            } else {
                queue.putDescriptor(0, SPARE, 16, NEXT, next);
            }
            queue.putAvailable(0);
            queue.publish();
            awaitBroken(frontEnd, 0);
        }
    }

    private FrontEnd started(final boolean packed) throws IOException {
        final FrontEnd frontEnd = new FrontEnd(
                disk.socketPath, FrontEndOptions.DEFAULT.withQueues(2, 16).withPacked(packed));
        frontEnd.ram().add(HUGE, HUGE_SIZE, 0);
        frontEnd.ram().putShort(STATUS, UNTOUCHED);
        frontEnd.connect();
        frontEnd.start();
        return frontEnd;
    }

    /** Writes a table; in one of a packed ring the flags are where split ones say what comes next. */
    private static void putTable(final FrontEnd frontEnd, final Chain chain, final boolean packed) {
        for (int i = 0; i < chain.table.length; i++) {
            final long entry = SPARE + 16L * i;
            frontEnd.ram().putLong(entry, chain.table[i].address);
            frontEnd.ram().putInt(entry + 8, chain.table[i].length);
            frontEnd.ram().putShort(entry + 12, packed ? 0 : chain.table[i].flags);
            frontEnd.ram().putShort(entry + 14, packed ? chain.table[i].flags : i + 1);
        }
    }

    @Test
    void breakAPackedRingThatHasNoEnd() throws IOException {
        try (FrontEnd frontEnd = started(true)) {
            final PackedDriverQueue queue = frontEnd.packedQueue(0);
            for (int i = 0; i < queue.size(); i++) {
                queue.putDescriptor(SPARE, 1, NEXT, 1);
            }
            queue.publish();
            awaitBroken(frontEnd, 0);
        }
    }

    @Test
    void breakASplitRingThatOffersWhatIsInFlight() throws IOException {
        try (FrontEnd frontEnd = started(false)) {
            final SplitDriverQueue queue = frontEnd.splitQueue(0);
            disk.reactor.run(() -> disk.device.hold(true));
            queue.submit(BlkRequest.flush(), Framing.USUAL);
            queue.putAvailable(frontEnd.ram().getShort(queue.available() + 4));
            queue.publish();
            await(() -> frontEnd.err(0).drain() != 0);
            disk.reactor.run(() -> disk.device.hold(false));
            frontEnd.err(0).signal();
            awaitBroken(frontEnd, 0);
        }
    }

    /** The driver's wrap counter goes wrong: what it offers is not its own, and the ring waits for ever, alone. */
    @Test
    void leaveAPackedRingWaitingThatOffersNothingOfItsOwn() throws IOException {
        try (FrontEnd frontEnd = started(true)) {
            final PackedDriverQueue queue = frontEnd.packedQueue(0);
            for (int flags = 0; flags < 1 << 16; flags += 1 << 15) {
                frontEnd.ram().putShort(queue.descriptors() + 14, flags);
                queue.kickAnyway();
                assertThat(frontEnd.run(1, BlkRequest.flush(), Framing.USUAL).status())
                        .isEqualTo(BlkRequest.OK);
            }
            assertThat(frontEnd.err(0).drain()).isZero();
        }
    }

    private static void await(final BooleanSupplier condition) {
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time").isLessThan(deadlineNs);
            Thread.yield();
        }
    }

    private static void awaitBroken(final FrontEnd frontEnd, final int ring) throws IOException {
        final EventFd error = frontEnd.err(ring);
        await(() -> error.drain() != 0);
        assertThat(frontEnd.run(1, BlkRequest.flush(), Framing.USUAL).status()).isEqualTo(BlkRequest.OK);
        frontEnd.stop();
        frontEnd.forgetInflight();
        final List<Integer> queues = new ArrayList<>(List.of(0, 1));
        queues.forEach(frontEnd::resetQueue);
        frontEnd.start();
        assertThat(frontEnd.run(0, BlkRequest.flush(), Framing.USUAL).status()).isEqualTo(BlkRequest.OK);
    }
}
