package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of the eventfd by which an {@link IoUring} is woken, when it is signalled at an unlucky time. */
@ExtendWith(NoFdLeaks.class)
@Timeout(60)
class IoUringWakeEventTest {
    private static final long LONG_NS = TimeUnit.SECONDS.toNanos(20);
    private static final long SHORT_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private IoUring ring;
    private int wakeEvent;

    @BeforeEach
    void setUp() throws Exception {
        final Map<Integer, String> before = NoFdLeaks.open();
        ring = IoUring.open(8);
        wakeEvent = NoFdLeaks.open().entrySet().stream()
                .filter(entry -> !before.containsKey(entry.getKey()))
                .filter(entry -> entry.getValue().contains("eventfd"))
                .findAny()
                .orElseThrow()
                .getKey();
    }

    @AfterEach
    void tearDown() {
        ring.close();
    }

    @Test
    void aSignalThatComesLateDoesNotEndAWait() {
        ring.turn(0);
        for (int i = 0; i < 3; i++) {
            EventFd.signal(wakeEvent);
            final long start = System.nanoTime();
            assertThat(ring.turn(SHORT_NS)).isZero();
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(SHORT_NS);
        }
    }

    @Test
    void aWatchThatEndedForWantOfRoomIsBegunAgain() throws Exception {
        final int count = 300;
        final List<EventFd> events = new ArrayList<>();
        try {
            final int id = ring.register((data, result, flags) -> {});
            for (int i = 0; i < count; i++) {
                events.add(EventFd.create());
                ring.pollMultishot(events.get(i).fd(), IoRing.POLLIN, id, i);
            }
            ring.turn(0);
            events.forEach(EventFd::signal);
            EventFd.signal(wakeEvent);
            long start = System.nanoTime();
            while (ring.pending() > count / 2 && System.nanoTime() - start < LONG_NS) {
                ring.turn(0);
            }
            assertThat(ring.pending()).as("the queue overflowed").isLessThanOrEqualTo(count / 2);
            while (ring.turn(SHORT_NS) > 0) {
                assertThat(System.nanoTime() - start).isLessThan(LONG_NS);
            }

            final Thread waker = wakeWhenWaiting();
            start = System.nanoTime();
            assertThat(ring.turn(LONG_NS)).isZero();
            assertThat(System.nanoTime() - start).isLessThan(LONG_NS);
            waker.join();
        } finally {
            events.forEach(EventFd::close);
        }
    }

    private Thread wakeWhenWaiting() {
        final Thread self = Thread.currentThread();
        final Thread waker = new Thread(() -> {
            while (!IoRingWatchContract.isInNative(self)) {
                Thread.onSpinWait();
            }
            ring.wakeUp();
        });
        waker.start();
        return waker;
    }
}
