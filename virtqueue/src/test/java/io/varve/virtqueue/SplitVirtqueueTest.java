package io.varve.virtqueue;

import static io.varve.virtqueue.TestRing.BOUNDARY;
import static io.varve.virtqueue.TestRing.END;
import static io.varve.virtqueue.TestRing.INDIRECT;
import static io.varve.virtqueue.TestRing.LOW;
import static io.varve.virtqueue.TestRing.NEXT;
import static io.varve.virtqueue.TestRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitVirtqueueTest {
    private static final int SIZE = 8;
    private static final long ANSWER = BOUNDARY + 77;

    private final DescriptorChain chain = new DescriptorChain();

    @Test
    void takesChainsAndGivesThemBack() {
        try (TestRing ring = new TestRing(SIZE, 0, false, false)) {
            assertThat(ring.queue.poll(chain)).isEqualTo(Virtqueue.EMPTY);
            ring.descriptor(3, LOW, 16, NEXT, 5)
                    .descriptor(5, BOUNDARY - 100, 512, NEXT | WRITE, 0)
                    .descriptor(0, LOW + 100, 1, WRITE, 7)
                    .offer(3);

            assertThat(ring.queue.poll(chain)).isEqualTo(3);
            assertThat(chain.isRefused()).isFalse();
            assertThat(chain.readable().totalLength()).isEqualTo(16);
            assertThat(chain.readable().count()).isEqualTo(1);
            assertThat(chain.writable().totalLength()).isEqualTo(513);
            assertThat(chain.writable().count()).isEqualTo(3);
            assertThat(ring.queue.inFlight()).isEqualTo(1);
            assertThat(ring.queue.poll(chain)).isEqualTo(Virtqueue.EMPTY);

            ring.queue.complete(3, 513);
            assertThat(ring.usedIndex()).isZero();
            assertThat(ring.queue.publish()).isTrue();
            assertThat(ring.usedIndex()).isEqualTo(1);
            assertThat(ring.usedId(0)).isEqualTo(3);
            assertThat(ring.usedLength(0)).isEqualTo(513);
            assertThat(ring.queue.inFlight()).isZero();
            assertThat(ring.queue.base()).isEqualTo(1);
            assertThat(ring.queue.publish()).isFalse();
            assertThatIllegalStateException().isThrownBy(() -> ring.queue.complete(3, 0));
        }
    }

    @Test
    void followsAnIndirectTableThatCrossesRegions() {
        try (TestRing ring = new TestRing(SIZE, 0, false, true)) {
            final long table = BOUNDARY - 16;
            ring.indirectDescriptor(table, 0, LOW, 16, NEXT, 1)
                    .indirectDescriptor(table, 1, LOW + 64, 1, WRITE, 0)
                    .descriptor(2, LOW + 32, 8, NEXT, 4)
                    .descriptor(4, table, 32, INDIRECT | WRITE, 0)
                    .offer(2);

            assertThat(ring.queue.poll(chain)).isEqualTo(2);
            assertThat(chain.isRefused()).isFalse();
            assertThat(chain.readable().totalLength()).isEqualTo(24);
            assertThat(chain.writable().totalLength()).isEqualTo(1);
        }
    }

    @Test
    void takesAnIndirectTableOfTheGreatestSize() {
        try (TestRing ring = new TestRing(SIZE, 0, false, true)) {
            final int count = DescriptorChain.MAX_DESCRIPTORS;
            for (int i = 0; i < count; i++) {
                ring.indirectDescriptor(LOW, i, BOUNDARY + i * 2L, 1, i + 1 < count ? NEXT : WRITE, i + 1);
            }
            ring.descriptor(0, LOW, count * 16, INDIRECT, 0)
                    .descriptor(1, LOW, 1, NEXT, 2)
                    .descriptor(2, LOW, count * 16, INDIRECT, 0)
                    .descriptor(3, LOW, (count + 1) * 16, INDIRECT, 0)
                    .offer(0)
                    .offer(1)
                    .offer(3);

            assertThat(ring.queue.poll(chain)).isZero();
            assertThat(chain.isRefused()).isFalse();
            assertThat(chain.readable().totalLength()).isEqualTo(count - 1);
            assertThat(ring.queue.poll(chain)).as("one more than there may be").isEqualTo(1);
            assertThat(chain.isRefused()).isTrue();
            assertBroken(ring);
        }
    }

    /** A broken chain whose last writable byte can be found gets out of the queue, and an answer there. */
    @Test
    void refusesEveryMalformedChain() {
        final List<String> accepted = new ArrayList<>();
        check(accepted, "memory below all regions", r -> r.descriptor(0, LOW - 1, 2, NEXT, 1));
        check(accepted, "memory beyond all regions", r -> r.descriptor(0, END - 1, 2, NEXT, 1));
        check(accepted, "memory that wraps", r -> r.descriptor(0, -1, 2, NEXT, 1));
        check(accepted, "memory to write nowhere", r -> r.descriptor(0, END, 2, NEXT | WRITE, 1));
        check(accepted, "2 GiB", r -> r.descriptor(0, LOW, Integer.MIN_VALUE, NEXT, 1));
        check(
                accepted,
                "readable behind writable",
                r -> r.descriptor(0, LOW, 1, NEXT | WRITE, 2).descriptor(2, LOW, 1, NEXT, 1));
        check(
                accepted,
                "readable at the end",
                r -> r.descriptor(0, ANSWER - 1, 2, NEXT | WRITE, 2).descriptor(2, LOW, 1, 0, 0));
        check(accepted, "indirect and next", r -> table(r).descriptor(0, LOW, 16, INDIRECT | NEXT, 1));
        check(
                accepted,
                "a table in a table that goes on",
                r -> r.indirectDescriptor(LOW, 0, LOW, 16, INDIRECT | NEXT, 1)
                        .indirectDescriptor(LOW, 1, ANSWER, 1, WRITE, 0)
                        .descriptor(0, LOW, 32, INDIRECT, 0));
        check(
                accepted,
                "memory nowhere in a table",
                r -> r.indirectDescriptor(LOW, 0, END, 16, NEXT, 1)
                        .indirectDescriptor(LOW, 1, ANSWER, 1, WRITE, 0)
                        .descriptor(0, LOW, 32, INDIRECT, 0));
        assertThat(accepted).isEmpty();
    }

    private static TestRing table(final TestRing ring) {
        return ring.indirectDescriptor(LOW, 0, LOW + 64, 1, WRITE, 0);
    }

    /** Checks a chain that begins at 0; 1 is one byte to write, and the end. */
    private void check(
            final List<String> accepted, final String what, final java.util.function.Consumer<TestRing> setUp) {
        try (TestRing ring = new TestRing(SIZE, 0, false, true)) {
            ring.descriptor(1, ANSWER, 1, WRITE, 0);
            setUp.accept(ring);
            ring.descriptor(7, LOW, 1, WRITE, 0).offer(0).offer(7);
            final boolean taken = ring.queue.poll(chain) == 0;
            if (!taken
                    || !chain.isRefused()
                    || chain.isUnmapped() != what.startsWith("memory")
                    || chain.answerAddress() != ring.memory.translate(ANSWER, 1)) {
                accepted.add(what);
            }
            // Such a chain goes back, and the next is taken as if nothing had been.
            ring.queue.complete(0, 3);
            ring.queue.publish();
            final boolean next = ring.queue.poll(chain) == 7 && !chain.isRefused() && !chain.isUnmapped();
            if (!next || ring.usedId(0) != 0 || ring.usedLength(0) != 3 || ring.queue.isBroken()) {
                accepted.add("after " + what);
            }
        }
    }

    /** A chain that can't be answered is not taken: the driver would take it for a success. */
    @Test
    void breaksOnEveryChainThatCannotBeAnswered() {
        final List<String> taken = new ArrayList<>();
        checkBreaks(taken, "a circle", r -> r.descriptor(0, LOW, 1, NEXT, 1).descriptor(1, LOW, 1, NEXT, 0));
        checkBreaks(taken, "a circle of one", r -> r.descriptor(0, LOW, 1, NEXT | WRITE, 0));
        checkBreaks(taken, "next beyond the table", r -> r.descriptor(0, LOW, 1, NEXT | WRITE, SIZE));
        checkBreaks(taken, "nothing to write", r -> r.descriptor(0, LOW, 16, 0, 0));
        checkBreaks(taken, "nothing at all", r -> r.descriptor(0, 0, 0, 0, 0));
        checkBreaks(taken, "no byte to write", r -> r.descriptor(0, LOW, 0, WRITE, 0));
        checkBreaks(taken, "memory to write nowhere", r -> r.descriptor(0, END, 1, WRITE, 0));
        checkBreaks(taken, "memory to write beyond all regions", r -> r.descriptor(0, END - 1, 2, WRITE, 0));
        checkBreaks(taken, "memory to write that wraps", r -> r.descriptor(0, -1, 3 + (int) LOW, WRITE, 0));
        checkBreaks(taken, "an empty table", r -> table(r).descriptor(0, LOW, 0, INDIRECT, 0));
        checkBreaks(taken, "a table of odd length", r -> table(r).descriptor(0, LOW, 24, INDIRECT, 0));
        checkBreaks(taken, "a table of negative length", r -> table(r).descriptor(0, LOW, -16, INDIRECT, 0));
        checkBreaks(taken, "memory of a table nowhere", r -> table(r).descriptor(0, END - 8, 16, INDIRECT, 0));
        checkBreaks(
                taken,
                "a table in a table",
                r -> r.indirectDescriptor(LOW, 0, LOW, 16, INDIRECT, 0).descriptor(0, LOW, 16, INDIRECT, 0));
        checkBreaks(
                taken,
                "next beyond the indirect table",
                r -> r.indirectDescriptor(LOW, 0, LOW, 1, NEXT, 3).descriptor(0, LOW, 48, INDIRECT, 0));
        checkBreaks(
                taken,
                "a circle in an indirect table",
                r -> r.indirectDescriptor(LOW, 0, LOW, 1, NEXT, 1)
                        .indirectDescriptor(LOW, 1, LOW, 1, NEXT, 0)
                        .descriptor(0, LOW, 32, INDIRECT, 0));
        assertThat(taken).isEmpty();
    }

    private void checkBreaks(
            final List<String> taken, final String what, final java.util.function.Consumer<TestRing> setUp) {
        try (TestRing ring = new TestRing(SIZE, 0, false, true)) {
            setUp.accept(ring);
            ring.offer(0);
            if (ring.queue.poll(chain) != Virtqueue.EMPTY
                    || !ring.queue.isBroken()
                    || ring.queue.inFlight() != 0
                    || ring.queue.base() != 0
                    || chain.isUnmapped() != what.startsWith("memory")
                    || chain.descriptorCount() > SIZE) {
                taken.add(what);
            }
        }
    }

    @Test
    void refusesIndirectTablesThatWereNotNegotiated() {
        try (TestRing ring = new TestRing(SIZE, 0, false, false)) {
            table(ring).descriptor(0, LOW, 16, INDIRECT, 0).offer(0);

            assertBroken(ring);
        }
    }

    @Test
    void refusesChainsOfFourGigabytes() {
        final GuestMemory.Region huge = new GuestMemory.Region(0, 1L << 40, 0);
        final GuestMemory memory = new GuestMemory(List.of(huge));
        final DescriptorChain sum = new DescriptorChain();

        sum.add(memory, 0, Integer.MAX_VALUE, false);
        sum.add(memory, 0, Integer.MAX_VALUE, true);
        sum.add(memory, 0, 1, true);
        assertThat(sum.isRefused()).isFalse();
        sum.add(memory, 5, 1, true);
        assertThat(sum.isRefused()).isTrue();
        assertThat(sum.end(memory)).isTrue();
        assertThat(sum.answerAddress()).isEqualTo(5);
    }

    @Test
    void breaksOnAHeadThatIsNone() {
        try (TestRing ring = new TestRing(SIZE, 0, false, false)) {
            ring.offer(SIZE);

            assertBroken(ring);
        }
    }

    @Test
    void breaksOnAHeadThatIsInFlight() {
        try (TestRing ring = new TestRing(SIZE, 0, false, false)) {
            ring.descriptor(1, LOW, 1, WRITE, 0).offer(1).offer(1);
            assertThat(ring.queue.poll(chain)).isEqualTo(1);

            assertBroken(ring);
            ring.queue.complete(1, 0);
            assertThat(ring.queue.publish()).isTrue();
        }
    }

    @Test
    void breaksOnADriverThatOffersMoreThanTheRingHolds() {
        try (TestRing ring = new TestRing(2, 0, false, false)) {
            ring.descriptor(0, LOW, 1, WRITE, 0).descriptor(1, LOW, 1, WRITE, 0);
            for (int head = 0; head < 2; head++) {
                ring.offer(head);
                assertThat(ring.queue.poll(chain)).isEqualTo(head);
                ring.queue.complete(head, 0);
            }
            // Used, but that has not been published: the driver can't know it.
            ring.offer(0);
            assertBroken(ring);
            assertThat(ring.queue.publish()).isTrue();
        }
    }

    @Test
    void breaksOnAnImpossibleIndex() {
        try (TestRing ring = new TestRing(SIZE, 0xfffc, false, false)) {
            ring.availableIndex((0xfffc + SIZE + 1) & 0xffff);

            assertBroken(ring);
        }
        try (TestRing ring = new TestRing(SIZE, 5, false, false)) {
            ring.availableIndex(4);

            assertBroken(ring);
        }
    }

    private void assertBroken(final TestRing ring) {
        assertThat(ring.queue.poll(chain)).isEqualTo(Virtqueue.EMPTY);
        assertThat(ring.queue.isBroken()).isTrue();
        assertThat(ring.queue.poll(chain)).isEqualTo(Virtqueue.EMPTY);
        assertThat(ring.queue.armNotifications()).isFalse();
    }

    @Test
    void refusesSizesAndPlacesThatCannotBe() {
        for (final int size : new int[] {0, -1, 3, 2048, Integer.MIN_VALUE}) {
            assertThat(Virtqueue.isValidSize(size, false)).as("%d", size).isFalse();
        }
        assertThat(Virtqueue.isValidSize(1, false)).isTrue();
        assertThat(Virtqueue.isValidSize(1024, false)).isTrue();
        for (final long[] parts : new long[][] {{8, 2, 4}, {16, 1, 4}, {16, 2, 2}}) {
            final RingLayout layout = new RingLayout(GuestMemory.EMPTY, parts[0], parts[1], parts[2]);
            assertThatIllegalArgumentException().isThrownBy(() -> new SplitVirtqueue(SIZE, 0, 0, layout, null));
        }
    }

    @Test
    void heedsFlagsWithoutTheEventIndex() {
        try (TestRing ring = new TestRing(SIZE, 0, false, false)) {
            completeOne(ring, 0);
            assertThat(ring.queue.publish()).as("always the first time").isTrue();
            completeOne(ring, 1);
            assertThat(ring.queue.publish()).isTrue();
            ring.availableFlags(1);
            completeOne(ring, 2);
            assertThat(ring.queue.publish()).isFalse();

            ring.queue.disarmNotifications();
            assertThat(ring.usedFlags()).isEqualTo(1);
            assertThat(ring.queue.armNotifications()).isFalse();
            assertThat(ring.usedFlags()).isZero();
            ring.offer(3);
            assertThat(ring.queue.armNotifications()).isTrue();
        }
    }

    private void completeOne(final TestRing ring, final int head) {
        ring.descriptor(head, LOW, 1, WRITE, 0).offer(head);
        assertThat(ring.queue.poll(chain)).isEqualTo(head);
        ring.queue.complete(head, 0);
    }

    @Test
    void leavesElementsForTheNextTurnToBeNoticed() {
        try (TestRing ring = new TestRing(SIZE, 0, true, false)) {
            ring.descriptor(0, LOW, 1, WRITE, 0)
                    .descriptor(1, LOW, 1, WRITE, 0)
                    .offer(0)
                    .offer(1);
            assertThat(ring.queue.poll(chain)).isZero();
            assertThat(ring.queue.armNotifications()).isTrue();
            assertThat(ring.queue.poll(chain)).isEqualTo(1);
            assertThat(ring.queue.armNotifications()).isFalse();
            assertThat(ring.availableEvent()).isEqualTo(2);
        }
    }

    @Test
    void goesOnElsewhereInMemory() {
        try (TestRing ring = new TestRing(SIZE, 10, false, false);
                TestRing other = new TestRing(SIZE, 10, false, false)) {
            completeOne(ring, 0);
            ring.queue.publish();
            other.descriptor(4, LOW, 3, WRITE, 0).offer(0).offer(4);

            ring.queue.relocate(other.layout());

            assertThat(ring.queue.poll(chain)).isEqualTo(4);
            assertThat(chain.writable().totalLength()).isEqualTo(3);
            ring.queue.complete(4, 9);
            ring.queue.publish();
            assertThat(other.usedIndex()).isEqualTo(12);
            assertThat(other.usedId(11)).isEqualTo(4);
        }
    }

    /** A driver and a device take turns at random across the wrap of the indices: nothing is lost, and no call that is due. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void keepsCountAcrossTheWrap(final boolean eventIndex) {
        final Random random = new Random(11);
        try (TestRing ring = new TestRing(SIZE, 0xfff0, eventIndex, false)) {
            final Deque<Integer> free = new ArrayDeque<>(List.of(0, 1, 2, 3, 4, 5, 6, 7));
            final List<Integer> taken = new ArrayList<>();
            final List<Integer> completed = new ArrayList<>();
            int seen = 0xfff0;
            int usedEvent = 0xfff0;
            int offered = 0;
            ring.usedEvent(usedEvent);
            ring.queue.publish();
            boolean first = true;
            for (int i = 0; i < 200_000; i++) {
                switch (random.nextInt(4)) {
                    case 0 -> {
                        if (!free.isEmpty()) {
                            final int head = free.remove();
                            ring.descriptor(head, LOW, 1 + head, WRITE, 0).offer(head);
                            offered++;
                        }
                    }
                    case 1 -> {
                        final int head = ring.queue.poll(chain);
                        if (head >= 0) {
                            assertThat(chain.writable().totalLength()).isEqualTo(1 + head);
                            taken.add(head);
                        }
                    }
                    case 2 -> {
                        if (!taken.isEmpty()) {
                            final int head = taken.remove(random.nextInt(taken.size()));
                            ring.queue.complete(head, head);
                            completed.add(head);
                        }
                    }
                    default -> {
                        final int before = ring.usedIndex();
                        final boolean call = ring.queue.publish();
                        final boolean due = !completed.isEmpty()
                                && (first || !eventIndex || passes(usedEvent, before, completed.size()));
                        assertThat(call).isEqualTo(due);
                        first &= completed.isEmpty();
                        for (final int head : completed) {
                            assertThat(ring.usedId(seen)).isEqualTo(head);
                            assertThat(ring.usedLength(seen)).isEqualTo(head);
                            seen = (seen + 1) & 0xffff;
                            free.add(head);
                        }
                        completed.clear();
                        assertThat(ring.usedIndex()).isEqualTo(seen);
                        if (random.nextBoolean()) {
                            usedEvent = (seen + random.nextInt(3)) & 0xffff;
                            ring.usedEvent(usedEvent);
                        }
                    }
                }
            }
            assertThat(offered).isGreaterThan(2 * SIZE);
            assertThat(ring.queue.isBroken()).isFalse();
        }
    }

    private static boolean passes(final int event, final int before, final int count) {
        for (int i = 0; i < count; i++) {
            if (((before + i) & 0xffff) == event) {
                return true;
            }
        }
        return false;
    }
}
