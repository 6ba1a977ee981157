package io.varve.virtqueue;

import static io.varve.virtqueue.PackedTestRing.LOW;
import static io.varve.virtqueue.PackedTestRing.NEXT;
import static io.varve.virtqueue.PackedTestRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.varve.linux.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PackedInflightTest {
    private static final int SIZE = 8;
    private final DescriptorChain chain = new DescriptorChain();

    @Test
    void laysItselfOutAsTheDocumentSays() {
        assertThat(PackedInflight.length(SIZE)).isEqualTo(32 + 32 * SIZE);
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            final PackedVirtqueue queue = ring.notedQueue();
            ring.offer(LOW, 11, NEXT, 0).offer(LOW + 5, 12, WRITE, 77).offer(LOW, 13, WRITE, 78);
            queue.poll(chain);
            queue.poll(chain);
            final long notes = ring.notes;
            assertThat(Memory.getLong(notes)).as("features").isZero();
            assertShorts(notes + 8, 1, SIZE, 3, 3, 0, 0);
            assertThat(Memory.getShort(notes + 20)).as("wrap counters").isEqualTo((short) 0x0101);
            assertThat(Memory.getByte(notes + 32)).as("inflight").isEqualTo((byte) 1);
            assertShorts(notes + 34, 1, 1, 2);
            assertThat(Memory.getLong(notes + 40)).as("counter").isZero();
            assertThat(Memory.getByte(notes + 64))
                    .as("inflight of the second descriptor")
                    .isZero();
            assertShorts(notes + 64 + 16, 77, 1 << 7 | WRITE);
            assertThat(Memory.getInt(notes + 64 + 20)).as("len").isEqualTo(12);
            assertThat(Memory.getLong(notes + 64 + 24)).as("addr").isEqualTo(LOW + 5);
            assertThat(Memory.getLong(notes + 96 + 8)).as("counter").isEqualTo(1);

            queue.complete(0, 0);
            queue.publish();
            assertShorts(notes + 8, 1, SIZE, 0, 0, 2, 2);
            assertThat(Memory.getByte(notes + 32)).isZero();
            assertShorts(notes + 64 + 2, 3);
        }
    }

    private static void assertShorts(final long address, final int... values) {
        for (int i = 0; i < values.length; i++) {
            assertThat(Memory.getShort(address + 2L * i) & 0xffff)
                    .as("at %d", i)
                    .isEqualTo(values[i]);
        }
    }

    @Test
    void beginWhereTheFrontEndSaysTheFirstTime() {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            final PackedInflight notes = new PackedInflight(ring.notes, SIZE);
            assertThat(notes.begin((index, wrap) -> false, 0x8003)).isEmpty();
            assertThat(notes.used()).isEqualTo(0x8003);
            final PackedInflight again = new PackedInflight(ring.notes, SIZE);
            assertThat(again.begin((index, wrap) -> false, 0x8000)).isEmpty();
            assertThat(again.used()).isEqualTo(0x8003);
        }
    }

    @Test
    void refuseWhatCannotBe() {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            final PackedVirtqueue queue = ring.notedQueue();
            ring.offer(LOW, 1, NEXT, 0).offer(LOW, 1, WRITE, 77).offer(LOW, 1, WRITE, 78);
            queue.poll(chain);
            queue.poll(chain);

            assertRefused(ring, 8, 2);
            assertRefused(ring, 10, SIZE / 2);
            assertRefused(ring, 14, SIZE + 1);
            assertRefused(ring, 14, SIZE);
            assertRefused(ring, 18, SIZE);
            assertRefused(ring, 16, SIZE);
            assertRefused(ring, 34, 2);
            assertRefused(ring, 36, 0);
            assertRefused(ring, 38, 0);
            assertRefused(ring, 38, 1);
            assertRefused(ring, 38, SIZE + 1);
            assertRefused(ring, 96, 0);
            assertRefused(ring, 32 + 32 * 5 + 2, 4);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new PackedInflight(ring.notes, 4).begin((index, wrap) -> false, 0));
            assertThat(begin(ring)).containsExactly(0, 2);
        }
    }

    private static int[] begin(final PackedTestRing ring) {
        return new PackedInflight(ring.notes, SIZE).begin((index, wrap) -> false, 0x8000);
    }

    private static void assertRefused(final PackedTestRing ring, final int offset, final int value) {
        final byte[] before = new byte[PackedInflight.length(SIZE)];
        Memory.copy(ring.notes, before, 0, before.length);
        Memory.putShort(ring.notes + offset, (short) value);
        assertThatIllegalArgumentException().as("%d at %d", value, offset).isThrownBy(() -> begin(ring));
        Memory.copy(before, 0, ring.notes, before.length);
    }

    @Test
    void beginAnewWhereNothingIsInFlightWhateverTheyHold() {
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            begin(ring);
            Memory.putShort(ring.notes + 14, (short) 4711);
            assertThat(begin(ring)).isEmpty();
            assertThat(Memory.getShort(ring.notes + 14)).isZero();
        }
    }

    @Test
    void endWhateverTheyHold() {
        final Random random = new Random(4);
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            int recovered = 0;
            for (int i = 0; i < 50_000; i++) {
                final PackedInflight notes = new PackedInflight(ring.notes, SIZE);
                Memory.putShort(ring.notes + 8, (short) 0);
                notes.begin((index, wrap) -> false, 0x8000);
                for (int k = random.nextInt(4); k > 0; k--) {
                    notes.beginElement();
                    notes.add(LOW, 1);
                    notes.add(LOW, 2);
                    notes.take(k);
                }
                for (int k = random.nextInt(20); k > 0; k--) {
                    final int at = random.nextInt(PackedInflight.length(SIZE) / 2) * 2;
                    Memory.putShort(ring.notes + at, (short) random.nextInt(random.nextBoolean() ? SIZE + 1 : 0x10000));
                }
                Memory.putShort(ring.notes + 8, (short) 1);
                Memory.putShort(ring.notes + 10, (short) SIZE);
                try {
                    final boolean available = random.nextBoolean();
                    final int[] heads = new PackedInflight(ring.notes, SIZE)
                            .begin((index, wrap) -> available && index < SIZE, 0x8000);
                    assertThat(heads).doesNotHaveDuplicates();
                    recovered += heads.length;
                } catch (final IllegalArgumentException e) {
                    assertThat(e).hasMessageContaining("in-flight region");
                }
            }
            assertThat(recovered).isPositive();
        }
    }

    private record Element(int id, int num, int head) {}

    /**
     * A back-end dies between any two of its stores, also while it takes over from another: each store that it makes is taken
     * back, from the last one on, and what the next finds is what the driver must expect.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void findWhatWasInFlightAfterAnyStore(final long seed) {
        final Random random = new Random(seed);
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            PackedVirtqueue queue = ring.notedQueue();
            final List<Element> inFlight = new ArrayList<>();
            int free = SIZE;
            int counter = 0;
            for (int i = 0; i < 20_000; i++) {
                while (free > 0 && random.nextBoolean()) {
                    final int num = 1 + random.nextInt(Math.min(3, free));
                    free -= num;
                    for (int k = 1; k < num; k++) {
                        ring.offer(LOW, 1, NEXT, 0);
                    }
                    ring.offer(LOW, 1, WRITE, ++counter & 0xffff);
                    final byte[] before = copy(ring.notes);
                    inFlight.add(new Element(counter & 0xffff, num, queue.poll(chain)));
                    assertFound(ring, before, copy(ring.notes), inFlight, random);
                }
                final List<Element> batch = new ArrayList<>();
                while (!inFlight.isEmpty() && random.nextInt(3) > 0) {
                    final Element element = inFlight.remove(random.nextInt(inFlight.size()));
                    queue.complete(element.head, 0);
                    batch.add(element);
                }
                final int used = queue.base() >>> 16;
                queue.publish();
                for (final Element element : batch) {
                    free += element.num;
                }
                final boolean moved = queue.base() >>> 16 != used;
                assertThat(moved).isEqualTo(!batch.isEmpty());
                if (random.nextInt(5) == 0) {
                    queue = takeOver(ring, inFlight);
                }
            }
        }
    }

    /** The same while used elements are noted and shown, where the driver sees the first descriptor of the batch or does not. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void findWhatWasInFlightWhileItIsGivenBack(final long seed) {
        final Random random = new Random(seed);
        try (PackedTestRing ring = new PackedTestRing(SIZE, false)) {
            final boolean[] shown = new boolean[1];
            final PackedInflight.RingState state = (index, wrap) -> !shown[0];
            PackedInflight notes = new PackedInflight(ring.notes, SIZE);
            notes.begin(state, 0x8000);
            final List<Integer> inFlight = new ArrayList<>();
            for (int i = 0; i < 20_000; i++) {
                while (notes.freeCount() > 0 && random.nextBoolean()) {
                    inFlight.add(take(notes, 1 + random.nextInt(Math.min(3, notes.freeCount()))));
                }
                final int[] batch = new int[SIZE];
                int length = 0;
                int passed = 0;
                final List<Integer> left = new ArrayList<>(inFlight);
                while (!left.isEmpty() && (length == 0 || random.nextBoolean())) {
                    batch[length] = left.remove(random.nextInt(left.size()));
                    passed += notes.num(batch[length++]);
                }
                if (length == 0) {
                    continue;
                }
                final int used = notes.used();
                final int newUsed = (PackedInflight.index(used) + passed) % SIZE
                        | (PackedInflight.index(used) + passed >= SIZE ? used & 0x8000 ^ 0x8000 : used & 0x8000);
                final byte[] before = copy(ring.notes);
                notes.beginPublish(batch, length, newUsed);
                final byte[] begun = copy(ring.notes);
                notes.endPublish(batch, length);
                final byte[] ended = copy(ring.notes);

                shown[0] = false;
                assertFound(ring, state, mix(before, begun, random, false), inFlight, used);
                assertFound(ring, state, begun, inFlight, used);
                shown[0] = true;
                assertFound(ring, state, begun, left, newUsed);
                assertFound(ring, state, mix(begun, ended, random, true), left, newUsed);
                assertFound(ring, state, ended, left, newUsed);
                inFlight.retainAll(left);
                notes = new PackedInflight(ring.notes, SIZE);
                assertThat(notes.begin(state, 0))
                        .containsExactly(
                                inFlight.stream().mapToInt(Integer::intValue).toArray());
            }
        }
    }

    private static int take(final PackedInflight notes, final int num) {
        final int head = notes.beginElement();
        for (int i = 0; i < num; i++) {
            notes.add(LOW, i);
        }
        notes.take(0);
        return head;
    }

    /** Notes with a part of the changes: of the entries any, then the word of the free list, then, unless left out, that of the index. */
    private static byte[] mix(final byte[] before, final byte[] after, final Random random, final boolean inOrder) {
        final byte[] mixed = before.clone();
        final boolean[] words = new boolean[before.length / 8];
        final int stage = random.nextInt(2);
        for (int word = 4; word < words.length; word++) {
            words[word] = stage > 0 || random.nextBoolean();
        }
        words[1] = stage > 0 && (inOrder || random.nextBoolean());
        for (int word = 0; word < words.length; word++) {
            if (words[word]) {
                System.arraycopy(after, word * 8, mixed, word * 8, 8);
            }
        }
        return mixed;
    }

    private static void assertFound(
            final PackedTestRing ring,
            final PackedInflight.RingState state,
            final byte[] notes,
            final List<Integer> expected,
            final int used) {
        final byte[] kept = copy(ring.notes);
        Memory.copy(notes, 0, ring.notes, notes.length);
        final PackedInflight next = new PackedInflight(ring.notes, SIZE);
        assertThat(next.begin(state, 0))
                .containsExactly(expected.stream().mapToInt(Integer::intValue).toArray());
        assertThat(next.used()).isEqualTo(used);
        // Whoever takes over from one that died while it took over finds the same.
        final PackedInflight again = new PackedInflight(ring.notes, SIZE);
        assertThat(again.begin(state, 0)).hasSize(expected.size());
        assertThat(again.used()).isEqualTo(used);
        Memory.copy(kept, 0, ring.notes, kept.length);
    }

    private PackedVirtqueue takeOver(final PackedTestRing ring, final List<Element> inFlight) {
        final PackedVirtqueue next = ring.notedQueue();
        for (int i = 0; i < inFlight.size(); i++) {
            final Element old = inFlight.get(i);
            final int head = next.resubmit(chain);
            assertThat(head).isEqualTo(old.head);
        }
        assertThat(next.resubmit(chain)).isEqualTo(Virtqueue.EMPTY);
        return next;
    }

    /** Taking an element: before its last store it is not there, and after it, it is. */
    private static void assertFound(
            final PackedTestRing ring,
            final byte[] before,
            final byte[] after,
            final List<Element> inFlight,
            final Random random) {
        final byte[] partial = before.clone();
        // All but the word of the free list, in any part: that word is the last.
        for (int word = 2; word < partial.length / 8; word++) {
            if (random.nextBoolean()) {
                System.arraycopy(after, word * 8, partial, word * 8, 8);
            }
        }
        Memory.copy(partial, 0, ring.notes, partial.length);
        final int[] expected = inFlight.stream()
                .limit(inFlight.size() - 1)
                .mapToInt(Element::head)
                .toArray();
        assertThat(begin(ring)).containsExactly(expected);
        Memory.copy(after, 0, ring.notes, after.length);
    }

    private static byte[] copy(final long address) {
        final byte[] bytes = new byte[PackedInflight.length(SIZE)];
        Memory.copy(address, bytes, 0, bytes.length);
        return bytes;
    }
}
