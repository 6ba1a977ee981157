package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.linux.Answers.Answer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What {@link IoRing} promises, of operations on files and of the ring itself; run against each implementation. */
@ExtendWith(NoFdLeaks.class)
@Timeout(60)
abstract class IoRingContract {
    static final int BLOCK = 4096;
    static final int ENTRIES = 8;
    static final long LONG_NS = TimeUnit.SECONDS.toNanos(20);

    final Answers answers = new Answers();
    IoRing ring;
    int id;
    private Path path;
    private LinuxFile file;
    private Mapping memory;

    abstract IoRing open(int entries) throws ErrnoException;

    @BeforeEach
    void setUp() throws Exception {
        path = Files.createTempFile(Path.of("target"), "ring", ".dat");
        file = LinuxFile.open(path, LinuxFile.O_RDWR | LinuxFile.O_DIRECT);
        memory = Memory.allocate(64 * BLOCK);
        ring = open(ENTRIES);
        id = ring.register(answers);
    }

    @AfterEach
    void tearDown() throws Exception {
        ring.close();
        memory.close();
        file.close();
        Files.delete(path);
    }

    /** Turns until something holds, with waits that must not time out. */
    static void turnUntil(final IoRing ring, final BooleanSupplier condition) {
        final long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            ring.turn(LONG_NS);
            assertThat(System.nanoTime() - start).isLessThan(LONG_NS);
        }
    }

    private Answer awaitOne() {
        turnUntil(ring, () -> !answers.list().isEmpty());
        assertThat(answers.list()).hasSize(1);
        return answers.take().getFirst();
    }

    private long block(final int index) {
        return memory.address() + (long) index * BLOCK;
    }

    @Test
    void readsBackWhatWasWrittenBeyondFourGigabytes() {
        final long offset = 5L << 30;
        Memory.fill(block(0), BLOCK, (byte) 0x5a);

        ring.write(file.fd(), block(0), BLOCK, offset, id, 1);
        assertThat(awaitOne()).isEqualTo(new Answer(1, BLOCK, false));
        ring.fdatasync(file.fd(), id, 2);
        assertThat(awaitOne()).isEqualTo(new Answer(2, 0, false));
        ring.read(file.fd(), block(1), BLOCK, offset, id, 3);
        assertThat(awaitOne()).isEqualTo(new Answer(3, BLOCK, false));

        assertThat(Memory.getLong(block(1) + BLOCK - 8)).isEqualTo(0x5a5a5a5a5a5a5a5aL);
        assertThat(ring.pending()).isZero();
    }

    @Test
    void readsShortAtTheEndOfTheFile() throws Exception {
        file.ftruncate(BLOCK + 512);
        ring.read(file.fd(), block(0), 2 * BLOCK, 0, id, 1);
        assertThat(awaitOne().result()).isEqualTo(BLOCK + 512);
        ring.read(file.fd(), block(0), BLOCK, 4 * BLOCK, id, 2);
        assertThat(awaitOne().result()).isZero();
    }

    @Test
    void answersErrorsAsNegatedErrno() throws Exception {
        final int noFd = 1 << 20;
        ring.read(noFd, block(0), BLOCK, 0, id, 1);
        assertThat(awaitOne()).isEqualTo(new Answer(1, -Errno.EBADF, false));
        ring.write(noFd, block(0), BLOCK, 0, id, 2);
        assertThat(awaitOne()).isEqualTo(new Answer(2, -Errno.EBADF, false));
        ring.fdatasync(noFd, id, 3);
        assertThat(awaitOne()).isEqualTo(new Answer(3, -Errno.EBADF, false));
        ring.pollMultishot(noFd, IoRing.POLLIN, id, 4);
        assertThat(awaitOne()).isEqualTo(new Answer(4, -Errno.EBADF, false));
        ring.write(file.fd(), block(0) + 1, BLOCK, 0, id, 5);
        assertThat(awaitOne()).isEqualTo(new Answer(5, -Errno.EINVAL, false));
        file.ftruncate(BLOCK);
        ring.read(file.fd(), 4096, BLOCK, 0, id, 6);
        assertThat(awaitOne()).isEqualTo(new Answer(6, -Errno.EFAULT, false));
        assertThat(ring.pending()).isZero();
    }

    @Test
    void carriesFortyEightBitsOfData() {
        ring.fdatasync(file.fd(), id, -1);
        assertThat(awaitOne().data()).isEqualTo((1L << IoRing.DATA_BITS) - 1);
        ring.fdatasync(file.fd(), id, 0x8000_0000_0001L);
        assertThat(awaitOne().data()).isEqualTo(0x8000_0000_0001L);
    }

    @Test
    void answersEachOfManyMoreOperationsThanItHasEntries() throws Exception {
        final int count = 100 * ENTRIES;
        file.pwrite(block(0), 64 * BLOCK, 0);
        for (int i = 0; i < count; i++) {
            ring.read(file.fd(), block(i % 64), BLOCK, (i % 64) * (long) BLOCK, id, i);
        }
        assertThat(ring.pending()).isEqualTo(count);

        while (ring.pending() > 0) {
            final int before = answers.list().size();
            final int answered = ring.turn(LONG_NS);
            assertThat(answered).isBetween(1, ring.capacity());
            assertThat(answers.list()).hasSize(before + answered);
        }

        final BitSet seen = new BitSet();
        answers.take().forEach(answer -> {
            assertThat(answer.result()).isEqualTo(BLOCK);
            assertThat(seen.get((int) answer.data())).isFalse();
            seen.set((int) answer.data());
        });
        assertThat(seen.cardinality()).isEqualTo(count);
    }

    @Test
    void refusesMoreThanTheMostThatCanBePending() throws Exception {
        try (EventFd event = EventFd.create();
                Mapping page = Memory.allocate(BLOCK);
                IoRing large = open(1024)) {
            assertThat(event.fd()).isPositive();
            final int handler = large.register(answers);
            for (int i = 0; i < IoRing.MAX_PENDING; i++) {
                large.read(file.fd(), page.address(), BLOCK, 0, handler, i);
            }
            assertThat(large.pending()).isEqualTo(IoRing.MAX_PENDING);
            assertThatIllegalStateException()
                    .isThrownBy(() -> large.read(file.fd(), page.address(), BLOCK, 0, handler, 0))
                    .withMessageContaining("pending");
            turnUntil(large, () -> large.pending() == 0);
            assertThat(answers.take()).hasSize(IoRing.MAX_PENDING);
            large.fdatasync(file.fd(), handler, 1);
            assertThat(large.turn(LONG_NS)).isEqualTo(1);
        }
    }

    @Test
    void keepsToAModelOfTheFile() throws Exception {
        final long seed = new Random().nextLong();
        final Random random = new Random(seed);
        final int blocks = 32;
        final byte[] model = new byte[blocks];
        file.ftruncate(blocks * (long) BLOCK);
        final BitSet busy = new BitSet();
        final IoRing.CompletionHandler checking = (data, result, flags) -> {
            final int index = (int) data & 0xff;
            assertThat(result).as("seed %d", seed).isEqualTo(BLOCK);
            assertThat(busy.get(index)).as("seed %d", seed).isTrue();
            busy.clear(index);
            if (data >> 8 == 1) {
                assertThat(Memory.getByte(block(index))).as("seed %d", seed).isEqualTo(model[index]);
                assertThat(Memory.getByte(block(index) + BLOCK - 1))
                        .as("seed %d", seed)
                        .isEqualTo(model[index]);
            }
        };
        final int checker = ring.register(checking);
        for (int i = 0; i < 2000; i++) {
            final int index = random.nextInt(blocks);
            if (!busy.get(index)) {
                busy.set(index);
                if (random.nextBoolean()) {
                    model[index] = (byte) random.nextInt();
                    Memory.fill(block(index), BLOCK, model[index]);
                    ring.write(file.fd(), block(index), BLOCK, index * (long) BLOCK, checker, index);
                } else {
                    Memory.fill(block(index), BLOCK, (byte) ~model[index]);
                    ring.read(file.fd(), block(index), BLOCK, index * (long) BLOCK, checker, 0x100 | index);
                }
            }
            if (random.nextInt(8) == 0) {
                ring.turn(random.nextBoolean() ? 0 : 1_000_000);
            }
        }
        turnUntil(ring, () -> ring.pending() == 0);
        assertThat(busy.isEmpty()).as("seed %d", seed).isTrue();
    }

    @Test
    void waitsAsLongAsAskedAndNoLonger() {
        final long start = System.nanoTime();
        assertThat(ring.turn(30_000_000)).isZero();
        assertThat(System.nanoTime() - start).isBetween(30_000_000L, LONG_NS);
        assertThat(ring.turn(0)).isZero();
    }

    @Test
    void answersThoughNobodyEverWaits() throws Exception {
        file.pwrite(block(0), 64 * BLOCK, 0);
        final int count = 50 * ENTRIES;
        for (int i = 0; i < count; i++) {
            ring.read(file.fd(), block(i % 64), BLOCK, (i % 64) * (long) BLOCK, id, i);
        }
        final long start = System.nanoTime();
        while (ring.pending() > 0 && System.nanoTime() - start < LONG_NS) {
            ring.turn(0);
        }
        assertThat(ring.pending()).isZero();
        assertThat(answers.take()).hasSize(count);
    }

    @Test
    void handlersMayQueueOperations() {
        final int[] left = {20};
        final int[] chained = new int[1];
        chained[0] = ring.register((data, result, flags) -> {
            if (--left[0] > 0) {
                ring.fdatasync(file.fd(), chained[0], 0);
            }
        });
        ring.fdatasync(file.fd(), chained[0], 0);
        turnUntil(ring, () -> ring.pending() == 0);
        assertThat(left[0]).isZero();
    }

    @Test
    void countsAnAnswerWhoseHandlerThrowsAndGoesOn() {
        final int throwing = ring.register((data, result, flags) -> {
            throw new IllegalArgumentException("thrown by the handler");
        });
        for (int i = 0; i < 3; i++) {
            ring.fdatasync(file.fd(), throwing, i);
            ring.fdatasync(file.fd(), id, i);
        }
        int thrown = 0;
        while (ring.pending() > 0) {
            final int before = ring.pending();
            try {
                ring.turn(LONG_NS);
            } catch (final IllegalArgumentException e) {
                thrown++;
                assertThat(e).hasMessage("thrown by the handler");
            }
            assertThat(ring.pending()).isLessThan(before);
        }
        assertThat(thrown).isEqualTo(3);
        assertThat(answers.take()).extracting(Answer::data).containsExactlyInAnyOrder(0L, 1L, 2L);
    }

    @Test
    void dropsAnswersOfAnEndedRegistrationAndKeepsItsNumberUntilThen() {
        final int ended = ring.register(answers);
        for (int i = 0; i < 2 * ENTRIES; i++) {
            ring.fdatasync(file.fd(), ended, i);
        }
        ring.unregister(ended);
        assertThatIllegalArgumentException().isThrownBy(() -> ring.fdatasync(file.fd(), ended, 0));

        final int other = ring.register(answers);
        assertThat(other).isNotEqualTo(ended);
        final long start = System.nanoTime();
        while (ring.pending() > 0 && System.nanoTime() - start < LONG_NS) {
            assertThat(ring.turn(1_000_000)).isZero();
        }
        assertThat(ring.pending()).isZero();
        assertThat(answers.list()).isEmpty();
        assertThat(ring.register(answers)).isEqualTo(ended);
    }

    @Test
    void registersNoMoreHandlersThanItSays() {
        final List<Integer> ids = new ArrayList<>();
        for (int i = 1; i < IoRing.MAX_HANDLERS; i++) {
            ids.add(ring.register(answers));
        }
        assertThat(ids).doesNotHaveDuplicates().doesNotContain(id).allMatch(n -> n >= 0 && n < IoRing.MAX_HANDLERS);
        assertThatIllegalStateException().isThrownBy(() -> ring.register(answers));
        ring.unregister(ids.getLast());
        ring.fdatasync(file.fd(), ring.register(answers), 7);
        assertThat(awaitOne().data()).isEqualTo(7);
        assertThatIllegalArgumentException().isThrownBy(() -> ring.unregister(IoRing.MAX_HANDLERS));
        assertThatIllegalArgumentException().isThrownBy(() -> ring.unregister(-1));
        assertThatThrownBy(() -> ring.register(null)).isInstanceOf(NullPointerException.class);
    }

    @Test
    void closesWithOperationsInFlight() throws Exception {
        try (EventFd event = EventFd.create()) {
            assertThat(file.tryLock()).isTrue();
            file.fallocate(0, 0, 64 * BLOCK);
            ring.pollMultishot(event.fd(), IoRing.POLLIN, id, 0);
            for (int i = 0; i < 64; i++) {
                ring.write(file.fd(), block(i), BLOCK, i * (long) BLOCK, id, 1 + i);
            }
            ring.turn(0);
            ring.close();
            ring.close();
            ring.wakeUp();
            file.close();
            // Nothing that was in flight holds on to the file: its lock is free at once.
            try (LinuxFile successor = LinuxFile.open(path, LinuxFile.O_RDWR)) {
                assertThat(successor.tryLock()).isTrue();
            }
            assertThatIllegalStateException().isThrownBy(() -> ring.turn(0));
            assertThatIllegalStateException().isThrownBy(() -> ring.fdatasync(0, id, 0));
            ring.pollRemove(id, 0);
            ring.unregister(id);
        }
    }

    @Test
    void closesThoughItNeverTurned() {
        ring.fdatasync(file.fd(), id, 1);
        ring.close();
        assertThat(answers.list()).isEmpty();
    }

    @Test
    void belongsToOneThread() throws Exception {
        ring.turn(0);
        final List<Throwable> thrown = new ArrayList<>();
        final Thread other = new Thread(() -> {
            for (final Runnable use : List.<Runnable>of(() -> ring.turn(0), () -> ring.close())) {
                try {
                    use.run();
                } catch (final IllegalStateException e) {
                    thrown.add(e);
                }
            }
        });
        other.start();
        other.join();
        assertThat(thrown).hasSize(2);
        ring.fdatasync(file.fd(), id, 1);
        awaitOne();
    }

    @Test
    void canBeMadeByOneThreadAndDrivenByAnother() throws Exception {
        ring.fdatasync(file.fd(), id, 1);
        final Thread other = new Thread(() -> {
            try {
                ring.turn(LONG_NS);
            } finally {
                ring.close();
            }
        });
        other.start();
        other.join();
        assertThat(answers.take()).containsExactly(new Answer(1, 0, false));
    }

    @Test
    void neitherTurnsNorClosesWithinATurn() {
        final int nesting = ring.register((data, result, flags) -> ring.turn(0));
        ring.fdatasync(file.fd(), nesting, 0);
        assertThatIllegalStateException().isThrownBy(() -> ring.turn(LONG_NS));
        final int closing = ring.register((data, result, flags) -> ring.close());
        ring.fdatasync(file.fd(), closing, 0);
        assertThatIllegalStateException().isThrownBy(() -> ring.turn(LONG_NS));
        ring.fdatasync(file.fd(), id, 1);
        awaitOne();
    }

    @Test
    void roundsItsCapacityUpToAPowerOfTwo() throws Exception {
        assertThat(ring.capacity()).isEqualTo(ENTRIES);
        try (IoRing odd = open(33)) {
            assertThat(odd.capacity()).isEqualTo(64);
        }
        try (IoRing one = open(1)) {
            assertThat(one.capacity()).isEqualTo(1);
            final int handler = one.register(answers);
            for (int i = 0; i < 5; i++) {
                one.fdatasync(file.fd(), handler, i);
            }
            turnUntil(one, () -> one.pending() == 0);
            assertThat(answers.take()).hasSize(5);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> open(0));
        assertThatIllegalArgumentException().isThrownBy(() -> open(32769));
    }
}
