package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BackgroundTest {
    private static final int ROUNDS = 20;

    @Test
    void sleepsNowAndThenWhileItComputes() throws InterruptedException {
        final AtomicLong slept = new AtomicLong();
        run(Background.task(() -> slept.set(timesSlept())));
        assertThat(slept.get()).isGreaterThanOrEqualTo(ROUNDS);
    }

    @Test
    void othersDoNot() throws InterruptedException {
        final AtomicLong slept = new AtomicLong();
        run(() -> slept.set(timesSlept()));
        assertThat(slept.get()).isLessThan(ROUNDS / 2);
    }

    @Test
    void knowsWhereItIs() throws InterruptedException {
        final AtomicBoolean isThere = new AtomicBoolean();
        run(Background.task(() -> isThere.set(Background.isHere())));
        assertThat(isThere).isTrue();
        assertThat(Background.isHere()).isFalse();
    }

    private static void run(final Runnable task) throws InterruptedException {
        final Thread thread = new Thread(task);
        thread.start();
        thread.join();
    }

    /** How often the calling thread waited while it computed for so many times as long as one may in the background. */
    private static long timesSlept() {
        final long before = waits();
        for (int i = 0; i < ROUNDS; i++) {
            final long since = System.nanoTime();
            while (System.nanoTime() - since < Background.COMPUTING_NS) {
                Thread.onSpinWait();
            }
            Background.pause();
        }
        return waits() - before;
    }

    private static long waits() {
        return ManagementFactory.getThreadMXBean()
                .getThreadInfo(Thread.currentThread().threadId())
                .getWaitedCount();
    }
}
