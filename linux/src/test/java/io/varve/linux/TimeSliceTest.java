package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class TimeSliceTest {
    @Test
    void isThatOfOneThread() throws InterruptedException {
        final long own = TimeSlice.get();
        assumeThat(own).as("a kernel that has slices, 6.12 or newer").isPositive();
        final AtomicLong seen = new AtomicLong();
        final Thread thread = new Thread(() -> {
            TimeSlice.set(TimeSlice.SHORTEST_NS);
            seen.set(TimeSlice.get());
        });
        thread.start();
        thread.join();
        assertThat(seen.get()).isEqualTo(TimeSlice.SHORTEST_NS);
        assertThat(TimeSlice.get()).isEqualTo(own).isGreaterThan(TimeSlice.SHORTEST_NS);
    }

    @Test
    void leavesTheNiceness() throws InterruptedException {
        final int own = Libc.getpriority(0, 0);
        final AtomicLong seen = new AtomicLong();
        final Thread thread = new Thread(Background.task(() -> {
            TimeSlice.set(TimeSlice.SHORTEST_NS);
            seen.set(Libc.getpriority(0, 0));
        }));
        thread.start();
        thread.join();
        assertThat(seen.get()).isEqualTo(Math.max(own, Niceness.BACKGROUND));
    }

    @Test
    void isNotThatOfThreadsStartedByIt() throws InterruptedException {
        final long own = TimeSlice.get();
        assumeThat(own).as("a kernel that has slices, 6.12 or newer").isPositive();
        assertThat(ofAThreadStartedByAShortOne(task -> task)).isEqualTo(own);
    }

    /** What nobody waits for must not be as quick to take the processor as the thread that started it. */
    @Test
    void isNotHandedOnToTheBackground() throws InterruptedException {
        final long own = TimeSlice.get();
        assumeThat(own).as("a kernel that has slices, 6.12 or newer").isPositive();
        assertThat(ofAThreadStartedByAShortOne(Background::task))
                .isEqualTo(TimeSlice.LONG_NS)
                .isGreaterThan(own);
    }

    private static long ofAThreadStartedByAShortOne(final UnaryOperator<Runnable> around) throws InterruptedException {
        final AtomicLong seen = new AtomicLong();
        final Thread thread = new Thread(() -> {
            TimeSlice.set(TimeSlice.SHORTEST_NS);
            final Thread started = new Thread(around.apply(() -> seen.set(TimeSlice.get())));
            started.start();
            try {
                started.join();
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        thread.start();
        thread.join();
        return seen.get();
    }
}
