package io.varve.linux;

import static io.varve.linux.IoRingContract.turnUntil;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.Answers.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What {@link IoRing} promises of watches and wake-ups; run against each implementation. */
@ExtendWith(NoFdLeaks.class)
@Timeout(60)
abstract class IoRingWatchContract {
    private static final long LONG_NS = TimeUnit.SECONDS.toNanos(20);
    private static final long SHORT_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Answers answers = new Answers();
    private IoRing ring;
    private int id;
    private EventFd event;

    abstract IoRing open(int entries) throws ErrnoException;

    @BeforeEach
    void setUp() throws Exception {
        ring = open(8);
        id = ring.register(answers);
        event = EventFd.create();
    }

    @AfterEach
    void tearDown() {
        ring.close();
        event.close();
    }

    private Answer awaitOne() {
        turnUntil(ring, () -> !answers.list().isEmpty());
        assertThat(answers.list()).hasSize(1);
        return answers.take().getFirst();
    }

    @Test
    void tellsOfEverySignalThoughNobodyReads() {
        ring.pollMultishot(event.fd(), IoRing.POLLIN, id, 5);
        assertThat(ring.turn(SHORT_NS)).isZero();
        for (int i = 0; i < 100; i++) {
            event.signal();
            assertThat(awaitOne()).isEqualTo(new Answer(5, IoRing.POLLIN, true));
        }
        assertThat(ring.turn(SHORT_NS)).isZero();
        assertThat(event.drain()).isEqualTo(100);
        assertThat(ring.pending()).isEqualTo(1);
    }

    @Test
    void signals() throws ErrnoException {
        final int copy = Fd.duplicate(event.fd());
        ring.signal(copy, id, 9);
        Fd.close(copy);
        assertThat(awaitOne().result()).isNotNegative();
        assertThat(event.drain()).isEqualTo(1);
        ring.signal(-1, id, 9);
        assertThat(awaitOne().result()).isEqualTo(-Errno.EBADF);
        assertThat(ring.pending()).isZero();
    }

    @Test
    void tellsOfASignalThoughNobodyEverWaits() {
        ring.pollMultishot(event.fd(), IoRing.POLLIN, id, 5);
        ring.turn(0);
        event.signal();
        final long start = System.nanoTime();
        while (answers.list().isEmpty() && System.nanoTime() - start < LONG_NS) {
            ring.turn(0);
        }
        assertThat(answers.take()).containsExactly(new Answer(5, IoRing.POLLIN, true));
    }

    @Test
    void tellsAtOnceWhatHoldsAlready() {
        event.signal();
        ring.pollMultishot(event.fd(), IoRing.POLLIN, id, 5);
        assertThat(awaitOne()).isEqualTo(new Answer(5, IoRing.POLLIN, true));
        assertThat(ring.turn(SHORT_NS)).isZero();
    }

    @Test
    void watchesSockets() throws Exception {
        final UnixSocket[] pair = UnixSocket.pair();
        try (UnixSocket left = pair[0];
                UnixSocket right = pair[1];
                Mapping memory = Memory.allocate(64)) {
            ring.pollMultishot(left.fd(), IoRing.POLLIN, id, 1);
            assertThat(ring.turn(SHORT_NS)).isZero();
            final FdList none = new FdList(1);
            for (int i = 0; i < 3; i++) {
                right.send(memory.address(), 4, null);
                assertThat(awaitOne()).isEqualTo(new Answer(1, IoRing.POLLIN, true));
                assertThat(left.receive(memory.address(), 64, none)).isEqualTo(4);
            }
            right.shutdown();
            final Answer last = awaitOne();
            assertThat(last.result() & IoRing.POLLHUP).isNotZero();
        }
    }

    @Test
    void watchesForRoomToWrite() throws Exception {
        final UnixSocket[] pair = UnixSocket.pair();
        try (UnixSocket left = pair[0];
                UnixSocket right = pair[1];
                Mapping memory = Memory.allocate(1 << 16)) {
            while (left.send(memory.address(), 1 << 16, null) > 0) {
                assertThat(left.fd()).isPositive();
            }
            ring.pollMultishot(left.fd(), IoRing.POLLOUT, id, 1);
            assertThat(ring.turn(SHORT_NS)).isZero();
            final FdList none = new FdList(1);
            while (right.receive(memory.address(), 1 << 16, none) > 0) {
                assertThat(right.fd()).isPositive();
            }
            turnUntil(ring, () -> !answers.list().isEmpty());
            assertThat(answers.take()).allMatch(answer -> answer.result() == IoRing.POLLOUT && answer.more());
        }
    }

    @Test
    void endsAWatch() {
        ring.pollMultishot(event.fd(), IoRing.POLLIN, id, 1);
        ring.turn(0);
        ring.pollRemove(id, 1);
        assertThat(awaitOne()).isEqualTo(new Answer(1, -Errno.ECANCELED, false));
        event.signal();
        assertThat(ring.turn(SHORT_NS)).isZero();
        assertThat(ring.pending()).isZero();
        ring.pollMultishot(event.fd(), IoRing.POLLIN, id, 1);
        assertThat(awaitOne()).isEqualTo(new Answer(1, IoRing.POLLIN, true));
    }

    @Test
    void endsAWatchThatHasNotBegunOrHasJustFired() {
        for (int i = 0; i < 200; i++) {
            ring.pollMultishot(event.fd(), IoRing.POLLIN, id, i);
            if (i % 2 == 0) {
                ring.turn(0);
            }
            event.signal();
            ring.pollRemove(id, i);
            turnUntil(
                    ring,
                    () -> !answers.list().isEmpty() && !answers.list().getLast().more());
            assertThat(answers.take().getLast()).isEqualTo(new Answer(i, -Errno.ECANCELED, false));
            assertThat(ring.pending()).isZero();
        }
    }

    @Test
    void ignoresTheEndOfAWatchThatIsNone() {
        ring.pollRemove(id, 1);
        assertThat(ring.turn(SHORT_NS)).isZero();
        assertThat(ring.pending()).isZero();
    }

    @Test
    void watchesOneDescriptorTwiceAndEndsOneOfThem() {
        ring.pollMultishot(event.fd(), IoRing.POLLIN, id, 1);
        ring.pollMultishot(event.fd(), IoRing.POLLIN, id, 2);
        ring.turn(0);
        event.signal();
        turnUntil(ring, () -> answers.list().size() == 2);
        assertThat(answers.take()).extracting(Answer::data).containsExactlyInAnyOrder(1L, 2L);
        ring.pollRemove(id, 1);
        assertThat(awaitOne()).isEqualTo(new Answer(1, -Errno.ECANCELED, false));
        event.signal();
        assertThat(awaitOne()).isEqualTo(new Answer(2, IoRing.POLLIN, true));
    }

    @Test
    void goesOnWatchingWhenTheNumberIsClosed() throws Exception {
        final int duplicate = Fd.duplicate(event.fd());
        ring.pollMultishot(duplicate, IoRing.POLLIN, id, 1);
        ring.turn(0);
        Fd.close(duplicate);
        event.signal();
        assertThat(awaitOne()).isEqualTo(new Answer(1, IoRing.POLLIN, true));
    }

    @Test
    void endsTheWatchesOfAnEndedRegistration() {
        final int ended = ring.register(answers);
        ring.pollMultishot(event.fd(), IoRing.POLLIN, ended, 1);
        ring.turn(0);
        ring.unregister(ended);
        final long start = System.nanoTime();
        while (ring.pending() > 0 && System.nanoTime() - start < LONG_NS) {
            assertThat(ring.turn(SHORT_NS)).isZero();
        }
        assertThat(ring.pending()).isZero();
        event.signal();
        assertThat(ring.turn(SHORT_NS)).isZero();
        assertThat(answers.list()).isEmpty();
        assertThat(ring.register(answers)).isEqualTo(ended);
    }

    @Test
    void losesNoEventWhenMoreComeThanItsQueueHolds() throws Exception {
        final int count = 300;
        final List<EventFd> events = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                events.add(EventFd.create());
                ring.pollMultishot(events.get(i).fd(), IoRing.POLLIN, id, i);
            }
            ring.turn(0);
            for (int round = 0; round < 3; round++) {
                events.forEach(EventFd::signal);
                final boolean[] told = new boolean[count];
                int left = count;
                while (left > 0) {
                    assertThat(ring.turn(LONG_NS)).isPositive();
                    for (final Answer answer : answers.take()) {
                        final int index = (int) answer.data();
                        assertThat(answer.result()).isEqualTo(IoRing.POLLIN);
                        left -= told[index] ? 0 : 1;
                        told[index] = true;
                        events.get(index).drain();
                        if (!answer.more()) {
                            ring.pollMultishot(events.get(index).fd(), IoRing.POLLIN, id, index);
                        }
                    }
                }
            }
            assertThat(ring.pending()).isEqualTo(count);
        } finally {
            events.forEach(EventFd::close);
        }
    }

    @Test
    void aWakeUpEndsTheCurrentWait() throws Exception {
        final Thread self = Thread.currentThread();
        final Thread waker = new Thread(() -> {
            while (self.getState() != Thread.State.WAITING
                    && self.getState() != Thread.State.TIMED_WAITING
                    && !isInNative(self)) {
                Thread.onSpinWait();
            }
            ring.wakeUp();
        });
        waker.start();
        assertThat(ring.turn(-1)).isZero();
        waker.join();
    }

    static boolean isInNative(final Thread thread) {
        for (final StackTraceElement frame : thread.getStackTrace()) {
            if ("syscall".equals(frame.getMethodName())) {
                return true;
            }
        }
        return false;
    }

    @Test
    void aWakeUpEndsTheNextWaitAndOnlyThat() {
        ring.wakeUp();
        ring.wakeUp();
        assertThat(ring.turn(0)).isZero();
        final long start = System.nanoTime();
        assertThat(ring.turn(LONG_NS)).isZero();
        assertThat(System.nanoTime() - start).isLessThan(LONG_NS);
        final long second = System.nanoTime();
        assertThat(ring.turn(SHORT_NS)).isZero();
        assertThat(System.nanoTime() - second).isGreaterThanOrEqualTo(SHORT_NS);
    }

    @Test
    void losesNoWakeUp() throws Exception {
        final int count = 20_000;
        final AtomicLong posted = new AtomicLong();
        final AtomicLong seen = new AtomicLong();
        final AtomicBoolean stop = new AtomicBoolean();
        final Thread poster = new Thread(() -> {
            for (int i = 1; i <= count && !stop.get(); i++) {
                posted.incrementAndGet();
                ring.wakeUp();
                while (i % 4 == 0 && seen.get() < i && !stop.get()) {
                    Thread.onSpinWait();
                }
            }
        });
        poster.start();
        try {
            while (seen.get() < count) {
                final long start = System.nanoTime();
                ring.turn(LONG_NS);
                assertThat(System.nanoTime() - start).isLessThan(LONG_NS);
                seen.set(posted.get());
            }
        } finally {
            stop.set(true);
            poster.join();
        }
    }

    @Test
    void aWakeUpNeverWritesToADescriptorThatCameAfterTheRing() throws Exception {
        for (int i = 0; i < 200; i++) {
            final IoRing shortLived = open(1);
            final AtomicBoolean stop = new AtomicBoolean();
            final AtomicReference<Throwable> thrown = new AtomicReference<>();
            final Thread waker = new Thread(() -> {
                while (!stop.get()) {
                    shortLived.wakeUp();
                }
            });
            waker.setUncaughtExceptionHandler((thread, e) -> thrown.set(e));
            waker.start();
            for (int j = 0; j < 20; j++) {
                shortLived.turn(1_000_000);
            }
            shortLived.close();
            try (EventFd first = EventFd.create();
                    EventFd second = EventFd.create();
                    EventFd third = EventFd.create()) {
                shortLived.wakeUp();
                stop.set(true);
                waker.join();
                assertThat(first.drain() + second.drain() + third.drain()).isZero();
            }
            assertThat(thrown.get()).isNull();
        }
    }

    @Test
    void anInterruptDoesNotEndAWait() {
        Thread.currentThread().interrupt();
        final long start = System.nanoTime();
        assertThat(ring.turn(SHORT_NS)).isZero();
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(SHORT_NS);
        assertThat(Thread.interrupted()).isTrue();
    }
}
