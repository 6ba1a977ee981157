package io.varve.virtqueue;

import static io.varve.virtqueue.PackedTestRing.AVAILABLE;
import static io.varve.virtqueue.PackedTestRing.INDIRECT;
import static io.varve.virtqueue.PackedTestRing.LOW;
import static io.varve.virtqueue.PackedTestRing.MEMORY_SIZE;
import static io.varve.virtqueue.PackedTestRing.NEXT;
import static io.varve.virtqueue.PackedTestRing.USED;
import static io.varve.virtqueue.PackedTestRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.varve.linux.Memory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackedVirtqueueTest {
    private static final int SIZE = 8;
    private static final long ANSWER = LOW + 77;

    private final DescriptorChain chain = new DescriptorChain();

    @Test
    void takesChainsAndGivesThemBack() {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            final PackedVirtqueue queue = ring.queue();
            assertThat(queue.poll(chain)).isEqualTo(Virtqueue.EMPTY);
            ring.offer(LOW, 16, NEXT, 0).offer(LOW + 512, 512, NEXT | WRITE, 0).offer(LOW + 100, 1, WRITE, 0xbeef);
            ring.offer(LOW, 7, WRITE, 3);

            final int first = queue.poll(chain);
            assertThat(chain.isRefused()).isFalse();
            assertThat(chain.readable().totalLength()).isEqualTo(16);
            assertThat(chain.writable().totalLength()).isEqualTo(513);
            final int second = queue.poll(chain);
            assertThat(chain.writable().totalLength()).isEqualTo(7);
            assertThat(second).isNotEqualTo(first);
            assertThat(queue.inFlight()).isEqualTo(2);
            assertThat(queue.poll(chain)).isEqualTo(Virtqueue.EMPTY);

            queue.complete(second, 0);
            queue.complete(first, 513);
            assertThat(ring.isUsed(0, true)).isFalse();
            assertThat(queue.publish()).isTrue();
            assertThat(ring.id(0)).isEqualTo(3);
            assertThat(ring.length(0)).isZero();
            assertThat(ring.flags(0)).isEqualTo(AVAILABLE | USED);
            assertThat(ring.id(1)).isEqualTo(0xbeef);
            assertThat(ring.length(1)).isEqualTo(513);
            assertThat(ring.flags(1)).isEqualTo(AVAILABLE | USED | WRITE);
            assertThat(queue.base()).isEqualTo(0x8004_8004);
            assertThat(queue.publish()).isFalse();
            assertThatIllegalStateException().isThrownBy(() -> queue.complete(first, 0));
        }
    }

    @Test
    void followsAnIndirectTableToItsEndWhateverItsFlagsSay() {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            ring.indirectDescriptor(LOW, 0, LOW + 100, 16, NEXT)
                    .indirectDescriptor(LOW, 1, LOW + 200, 8, 0)
                    .indirectDescriptor(LOW, 2, LOW + 300, 1, WRITE)
                    .offer(LOW, 48, INDIRECT, 1);
            assertThat(ring.queue().poll(chain)).isNotNegative();
            assertThat(chain.isRefused()).isFalse();
            assertThat(chain.readable().totalLength()).isEqualTo(24);
            assertThat(chain.writable().totalLength()).isEqualTo(1);
        }
    }

    /** A broken chain whose last writable byte can be found gets out of the queue, and an answer there. */
    @Test
    void refusesEveryMalformedChain() {
        final List<String> accepted = new ArrayList<>();
        check(accepted, "memory below all regions", r -> r.offer(LOW - 1, 2, NEXT, 0));
        check(accepted, "memory beyond all regions", r -> r.offer(LOW + MEMORY_SIZE - 1, 2, NEXT, 0));
        check(accepted, "memory to write nowhere", r -> r.offer(LOW + MEMORY_SIZE, 2, NEXT | WRITE, 0));
        check(accepted, "2 GiB", r -> r.offer(LOW, Integer.MIN_VALUE, NEXT, 0));
        check(
                accepted,
                "readable behind writable",
                r -> r.offer(LOW, 1, NEXT | WRITE, 0).offer(LOW, 1, NEXT, 5));
        check(accepted, "indirect and next", r -> table(r).offer(LOW, 16, INDIRECT | NEXT, 0));
        assertThat(accepted).isEmpty();
    }

    private static PackedTestRing table(final PackedTestRing ring) {
        return ring.indirectDescriptor(LOW, 0, LOW + 64, 1, WRITE).indirectDescriptor(LOW, 1, LOW + 64, 1, WRITE);
    }

    /** Checks a chain that one byte to write is the end of. */
    private void check(final List<String> accepted, final String what, final Consumer<PackedTestRing> setUp) {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            final PackedVirtqueue queue = ring.queue();
            setUp.accept(ring);
            ring.offer(ANSWER, 1, WRITE, 5);
            final int length = ring.offered();
            ring.offer(LOW, 1, WRITE, 7);
            final int id = queue.poll(chain);
            if (id < 0
                    || !chain.isRefused()
                    || chain.isUnmapped() != what.startsWith("memory")
                    || chain.answerAddress() != ring.memory.translate(ANSWER, 1)) {
                accepted.add(what);
            }
            // Such a chain goes back, and the next is taken as if nothing had been.
            queue.complete(id, 3);
            queue.publish();
            final boolean next = queue.poll(chain) >= 0 && !chain.isRefused() && !chain.isUnmapped();
            if (!next
                    || ring.id(0) != 5
                    || ring.length(0) != 3
                    || queue.isBroken()
                    || queue.base() >>> 16 != (0x8000 | length)) {
                accepted.add("after " + what);
            }
        }
    }

    /** A chain that can't be answered is not taken: the driver would take it for a success. */
    @Test
    void breaksOnEveryChainThatCannotBeAnswered() {
        final List<String> taken = new ArrayList<>();
        checkBreaks(taken, "nothing to write", r -> r.offer(LOW, 16, 0, 5));
        checkBreaks(taken, "no byte to write", r -> r.offer(LOW, 0, WRITE, 5));
        checkBreaks(
                taken, "memory to write nowhere", r -> r.offer(LOW, 16, NEXT, 0).offer(LOW + MEMORY_SIZE, 1, WRITE, 5));
        checkBreaks(taken, "an empty table", r -> r.offer(LOW, 0, INDIRECT, 5));
        checkBreaks(taken, "a table of odd length", r -> table(r).offer(LOW, 24, INDIRECT, 5));
        checkBreaks(taken, "a table of negative length", r -> r.offer(LOW, -16, INDIRECT, 5));
        checkBreaks(taken, "memory of a table nowhere", r -> r.offer(LOW + MEMORY_SIZE - 8, 16, INDIRECT, 5));
        checkBreaks(
                taken,
                "a table in a table",
                r -> r.indirectDescriptor(LOW, 0, LOW, 16, INDIRECT).offer(LOW, 16, INDIRECT, 5));
        assertThat(taken).isEmpty();
    }

    private void checkBreaks(final List<String> taken, final String what, final Consumer<PackedTestRing> setUp) {
        for (final boolean noted : new boolean[] {false, true}) {
            try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
                final PackedVirtqueue queue = noted ? ring.notedQueue() : ring.queue();
                setUp.accept(ring);
                if (queue.poll(chain) != Virtqueue.EMPTY
                        || !queue.isBroken()
                        || queue.inFlight() != 0
                        || queue.base() != PackedTestRing.START
                        || chain.isUnmapped() != what.startsWith("memory")) {
                    taken.add(what);
                }
                if (noted && ring.notedQueue().hasLeft()) {
                    taken.add("noted: " + what);
                }
            }
        }
    }

    @Test
    void breaksOnAChainWithoutEnd() {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            final PackedVirtqueue queue = ring.queue();
            ring.offer(LOW, 1, WRITE, 1);
            for (int i = 1; i < SIZE; i++) {
                ring.offer(LOW, 1, NEXT, 1);
            }
            assertThat(queue.poll(chain)).isNotNegative();
            assertBroken(queue);
            queue.complete(0, 0);
            assertThat(queue.publish()).isTrue();
        }
    }

    @Test
    void breaksOnADriverThatOffersWhatIsInFlight() {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            final PackedVirtqueue queue = ring.queue();
            for (int i = 0; i < SIZE; i++) {
                ring.offer(LOW, 1, WRITE, i);
                assertThat(queue.poll(chain)).isNotNegative();
            }
            assertThat(queue.poll(chain)).isEqualTo(Virtqueue.EMPTY);
            assertThat(queue.isBroken()).isFalse();
            ring.offer(LOW, 1, WRITE, 0);
            assertBroken(queue);
        }
    }

    private void assertBroken(final PackedVirtqueue queue) {
        assertThat(queue.poll(chain)).isEqualTo(Virtqueue.EMPTY);
        assertThat(queue.isBroken()).isTrue();
        assertThat(queue.poll(chain)).isEqualTo(Virtqueue.EMPTY);
        assertThat(queue.armNotifications()).isFalse();
    }

    @Test
    void refusesWhatCannotBe() {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            assertThatIllegalArgumentException().isThrownBy(() -> ring.queue(SIZE));
            assertThatIllegalArgumentException().isThrownBy(() -> ring.queue(SIZE << 16));
            for (final long[] parts : new long[][] {{8, 4, 4}, {16, 2, 4}, {16, 4, 2}}) {
                final RingLayout layout = new RingLayout(GuestMemory.EMPTY, parts[0], parts[1], parts[2]);
                assertThatIllegalArgumentException().isThrownBy(() -> new PackedVirtqueue(SIZE, 0, 0, layout, null));
            }
            for (final int size : new int[] {0, -1, 1025}) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> new PackedVirtqueue(size, 0, 0, ring.layout(), null));
            }
        }
    }

    @Test
    void asksForNotificationsByFlagsOrByDescriptor() {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            final PackedVirtqueue queue = ring.queue();
            queue.disarmNotifications();
            assertThat(Memory.getInt(ring.deviceEvents)).isEqualTo(1 << 16);
            assertThat(queue.armNotifications()).isFalse();
            assertThat(Memory.getInt(ring.deviceEvents)).isZero();
            ring.offer(LOW, 1, WRITE, 0);
            assertThat(queue.armNotifications()).isTrue();
        }
        try (PackedTestRing ring = new PackedTestRing(SIZE, true)) {
            final PackedVirtqueue queue = ring.queue();
            ring.offer(LOW, 1, WRITE, 0);
            queue.poll(chain);
            assertThat(queue.armNotifications()).isFalse();
            assertThat(Memory.getInt(ring.deviceEvents)).isEqualTo(2 << 16 | 0x8001);
        }
    }

    @Test
    void heedsTheDriversFlags() {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            final PackedVirtqueue queue = ring.queue();
            ring.driverEvents(0, 1);
            assertThat(completeOne(ring, queue)).as("always the first time").isTrue();
            assertThat(completeOne(ring, queue)).isFalse();
            ring.driverEvents(0, 0);
            assertThat(completeOne(ring, queue)).isTrue();
            ring.driverEvents(0x8000, 2);
            assertThat(completeOne(ring, queue)).as("not negotiated").isTrue();
        }
    }

    private boolean completeOne(final PackedTestRing ring, final PackedVirtqueue queue) {
        ring.offer(LOW, 1, WRITE, 0);
        queue.complete(queue.poll(chain), 0);
        return queue.publish();
    }

    private record Element(int id, int length) {}

    /**
     * A driver and a device take turns at random, many times around the ring, and the device is replaced now and then: nothing is
     * lost, nothing comes twice, and no call that is due.
     */
    @ParameterizedTest
    @CsvSource({
        "8, true, true, 1",
        "8, true, false, 2",
        "8, false, true, 3",
        "8, false, false, 4",
        "7, true, true, 5",
        "7, true, false, 6",
        "3, false, true, 7",
        "1, true, true, 8",
        "13, true, false, 9"
    })
    void keepsCount(final int size, final boolean eventIndex, final boolean noted, final long seed) {
        final Random random = new Random(seed);
        try (PackedTestRing ring = new PackedTestRing(size, eventIndex)) {
            PackedVirtqueue queue = noted ? ring.notedQueue() : ring.queue();
            final Deque<Element> offered = new ArrayDeque<>();
            final List<Element> taken = new ArrayList<>();
            final List<Integer> takenAs = new ArrayList<>();
            final List<Element> completed = new ArrayList<>();
            final Deque<Element> published = new ArrayDeque<>();
            int free = size;
            int counter = 0;
            int seen = 0;
            boolean seenWrap = true;
            int used = 0;
            int wanted = 0;
            boolean first = true;
            int rounds = 0;
            for (int i = 0; i < 100_000; i++) {
                switch (random.nextInt(6)) {
                    case 0, 1 -> {
                        final int length = 1 + random.nextInt(3);
                        if (length <= free) {
                            free -= length;
                            final int id = ++counter & 0xffff;
                            for (int k = 1; k < length; k++) {
                                ring.offer(LOW, 1, NEXT, random.nextInt(9));
                            }
                            ring.offer(LOW, id % 1000 + 1, WRITE, id);
                            offered.add(new Element(id, length));
                        }
                    }
                    case 2 -> {
                        final int id = queue.poll(chain);
                        assertThat(id < 0).isEqualTo(offered.isEmpty());
                        if (id >= 0) {
                            final Element element = offered.remove();
                            assertThat(chain.isRefused()).isFalse();
                            assertThat(chain.readable().totalLength()).isEqualTo(element.length - 1);
                            assertThat(chain.writable().totalLength()).isEqualTo(element.id % 1000 + 1);
                            assertThat(takenAs).doesNotContain(id);
                            taken.add(element);
                            takenAs.add(id);
                        }
                    }
                    case 3 -> {
                        if (!taken.isEmpty()) {
                            final int which = random.nextInt(taken.size());
                            completed.add(taken.remove(which));
                            queue.complete(takenAs.remove(which), 0);
                        }
                    }
                    case 4 -> {
                        final int count =
                                completed.stream().mapToInt(Element::length).sum();
                        final boolean passes = used <= wanted && wanted < used + count;
                        assertThat(queue.publish()).isEqualTo(count > 0 && (first || !eventIndex || passes));
                        used += count;
                        first &= count == 0;
                        published.addAll(completed);
                        completed.clear();
                    }
                    default -> {
                        while (!published.isEmpty()) {
                            assertThat(ring.isUsed(seen, seenWrap)).isTrue();
                            final Element element = published.remove();
                            assertThat(ring.id(seen)).isEqualTo(element.id);
                            free += element.length;
                            seen += element.length;
                            if (seen >= size) {
                                seen -= size;
                                seenWrap = !seenWrap;
                                rounds++;
                            }
                        }
                        if (free < size) {
                            assertThat(ring.isUsed(seen, seenWrap)).isFalse();
                        }
                        final int inRing = size - free;
                        wanted = used + (inRing == 0 ? 0 : random.nextInt(inRing));
                        final int position = wanted % size;
                        final boolean wrap = (wanted / size & 1) == 0;
                        ring.driverEvents(position | (wrap ? 1 << 15 : 0), eventIndex ? 2 : 0);
                        if (random.nextInt(10) == 0) {
                            final PackedVirtqueue next = replace(ring, queue, noted, taken, takenAs, completed);
                            first |= next != queue;
                            queue = next;
                        }
                    }
                }
            }
            assertThat(rounds).isGreaterThan(1000);
            assertThat(queue.isBroken()).isFalse();
        }
    }

    /** Another device takes over: with notes it finds what was in flight, also what was completed and not published. */
    private PackedVirtqueue replace(
            final PackedTestRing ring,
            final PackedVirtqueue queue,
            final boolean noted,
            final List<Element> taken,
            final List<Integer> takenAs,
            final List<Element> completed) {
        if (!noted) {
            return taken.isEmpty() && completed.isEmpty() ? ring.queue(queue.base()) : queue;
        }
        final PackedVirtqueue next = ring.notedQueue();
        final List<Element> all = new ArrayList<>(taken);
        all.addAll(completed);
        all.sort((a, b) -> Integer.compare((short) (a.id - b.id), 0));
        taken.clear();
        takenAs.clear();
        completed.clear();
        for (int id = next.resubmit(chain); id >= 0; id = next.resubmit(chain)) {
            final Element element = all.remove(0);
            assertThat(chain.readable().totalLength()).isEqualTo(element.length - 1);
            assertThat(chain.writable().totalLength()).isEqualTo(element.id % 1000 + 1);
            taken.add(element);
            takenAs.add(id);
        }
        assertThat(all).isEmpty();
        return next;
    }
}
