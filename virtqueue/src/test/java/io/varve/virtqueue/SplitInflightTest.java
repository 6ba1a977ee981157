package io.varve.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.varve.linux.Memory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitInflightTest {
    private static final int SIZE = 16;

    private final Arena arena = Arena.ofConfined();
    private long address;

    @BeforeEach
    void allocate() {
        address = arena.allocate(SplitInflight.length(SIZE), 8).address();
        Memory.fill(address, SplitInflight.length(SIZE), (byte) 0);
    }

    @AfterEach
    void free() {
        arena.close();
    }

    private int[] begin(final int usedIndex) {
        return new SplitInflight(address, SIZE).begin(usedIndex);
    }

    @Test
    void laysItselfOutAsTheDocumentSays() {
        assertThat(SplitInflight.length(SIZE)).isEqualTo(16 + 16 * SIZE);
        final SplitInflight notes = new SplitInflight(address, SIZE);
        notes.begin(500);
        notes.take(3);
        notes.take(5);
        notes.take(9);
        notes.use(5);
        notes.use(3);
        notes.beginPublish();

        assertThat(Memory.getLong(address)).as("features").isZero();
        assertThat(Memory.getShort(address + 8)).as("version").isEqualTo((short) 1);
        assertThat(Memory.getShort(address + 10)).as("desc_num").isEqualTo((short) SIZE);
        assertThat(Memory.getShort(address + 12)).as("last_batch_head").isEqualTo((short) 3);
        assertThat(Memory.getShort(address + 14)).as("used_idx").isEqualTo((short) 500);
        assertThat(Memory.getShort(address + 16 + 3 * 16 + 6)).as("next").isEqualTo((short) 5);
        assertThat(Memory.getLong(address + 16 + 9 * 16 + 8)).as("counter").isEqualTo(2);
        assertThat(Memory.getByte(address + 16 + 9 * 16)).as("inflight").isEqualTo((byte) 1);

        notes.endPublish(502);
        assertThat(Memory.getShort(address + 14)).isEqualTo((short) 502);
        assertThat(Memory.getByte(address + 16 + 3 * 16)).isZero();
        assertThat(Memory.getByte(address + 16 + 5 * 16)).isZero();
        assertThat(Memory.getByte(address + 16 + 9 * 16)).isEqualTo((byte) 1);
    }

    @Test
    void loseNothingWhenTheUsedIndexDoesNotBeginAtZero() {
        final SplitInflight notes = new SplitInflight(address, SIZE);
        notes.begin(700);
        notes.take(0);

        assertThat(begin(700)).containsExactly(0);
    }

    @Test
    void forgetWhatThereWasBeforeTheFirstVersion() {
        Memory.fill(address + 16, 16L * SIZE, (byte) -1);

        assertThat(begin(3)).isEmpty();
        assertThat(begin(3)).isEmpty();
    }

    @Test
    void goOnWhereNothingIsInFlightWhateverTheIndex() {
        begin(0);
        assertThat(new SplitInflight(address, SIZE / 2).begin(7)).isEmpty();

        assertThat(begin(40_000)).isEmpty();
        assertThat(Memory.getShort(address + 14) & 0xffff).isEqualTo(40_000);
    }

    @Test
    void refuseWhatCannotBe() {
        final SplitInflight notes = new SplitInflight(address, SIZE);
        notes.begin(0);
        notes.take(12);
        final int version = 8;
        final int number = 10;
        final int lastBatchHead = 12;

        assertRefused(version, 2, 0);
        assertRefused(number, SIZE / 2, 0);
        assertRefused(number, SIZE + 1, 0);
        assertRefused(lastBatchHead, SIZE, 1);
        assertRefused(lastBatchHead, 3, SIZE + 1);
        assertRefused(16 + 3 * 16 + 6, SIZE, 2, lastBatchHead, 3);
        assertThatIllegalArgumentException().isThrownBy(() -> new SplitInflight(address, SIZE - 1).begin(0));
        assertThat(begin(0)).containsExactly(12);
    }

    private void assertRefused(final int offset, final int value, final int usedIndex, final int... more) {
        final byte[] before = new byte[SplitInflight.length(SIZE)];
        Memory.copy(address, before, 0, before.length);
        Memory.putShort(address + offset, (short) value);
        for (int i = 0; i < more.length; i += 2) {
            Memory.putShort(address + more[i], (short) more[i + 1]);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> begin(usedIndex));
        Memory.copy(before, 0, address, before.length);
    }

    @Test
    void endWhateverTheyHold() {
        final Random random = new Random(4);
        for (int i = 0; i < 20_000; i++) {
            for (int at = 0; at < SplitInflight.length(SIZE); at += 2) {
                Memory.putShort(address + at, (short) random.nextInt(random.nextBoolean() ? SIZE + 1 : 0x10000));
            }
            Memory.putShort(address + 8, (short) 1);
            Memory.putShort(address + 10, (short) SIZE);
            try {
                final int[] heads = begin(random.nextInt(SIZE + 2));
                assertThat(heads).doesNotHaveDuplicates();
                Arrays.stream(heads).forEach(head -> assertThat(head).isLessThan(SIZE));
            } catch (final IllegalArgumentException e) {
                assertThat(e).hasMessageContaining("in-flight region");
            }
        }
    }

    /** A back-end dies between any two steps, some of them within the last: what is in flight is found, in order. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void findWhatWasInFlight(final long seed) {
        final Random random = new Random(seed);
        final List<Integer> free = new ArrayList<>();
        for (int i = 0; i < SIZE; i++) {
            free.add(i);
        }
        final List<Integer> inFlight = new ArrayList<>();
        int used = 0xfff0;
        SplitInflight notes = new SplitInflight(address, SIZE);
        notes.begin(used);
        for (int life = 0; life < 5000; life++) {
            for (int turn = random.nextInt(4); turn > 0; turn--) {
                Collections.shuffle(free, random);
                for (int i = random.nextInt(free.size() + 1); i > 0; i--) {
                    final int head = free.removeLast();
                    notes.take(head);
                    inFlight.add(head);
                }
                final List<Integer> batch = new ArrayList<>();
                for (int i = random.nextInt(inFlight.size() + 1); i > 0; i--) {
                    final int head = inFlight.get(random.nextInt(inFlight.size()));
                    if (!batch.contains(head)) {
                        notes.use(head);
                        batch.add(head);
                    }
                }
                final int death = random.nextInt(12);
                if (death == 0) {
                    break;
                }
                notes.beginPublish();
                if (death == 1) {
                    break;
                }
                used = (used + batch.size()) & 0xffff;
                inFlight.removeAll(batch);
                free.addAll(batch);
                if (death == 2) {
                    batch.stream().limit(random.nextInt(batch.size() + 1)).forEach(this::clearInflight);
                    break;
                }
                notes.endPublish(used);
            }
            notes = new SplitInflight(address, SIZE);
            final int[] found = notes.begin(used);
            assertThat(found)
                    .containsExactly(
                            inFlight.stream().mapToInt(Integer::intValue).toArray());
        }
    }

    private void clearInflight(final int head) {
        Memory.putByte(address + 16 + 16L * head, (byte) 0);
    }
}
