package io.varve.lsvd.scan;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.runtime.EngineRuntime;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.agrona.concurrent.Agent;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long SECOND_NS = 1_000_000_000L;

    private final Clock clock = new Clock();

    @Test
    void readsNoFasterThanTold() {
        final Pace pace = new Pace(clock, 1 << 20);
        for (int i = 0; i < 100; i++) {
            pace.await(Cancellation.NEVER);
            pace.onRead(64 << 10);
        }
        // The first read waits for nothing.
        assertThat(clock.nowNs).isBetween(99 * SECOND_NS / 16, 101 * SECOND_NS / 16 + 200_000_000L);
    }

    @Test
    void makesUpForNoMoreThanASecond() {
        final Pace pace = new Pace(clock, 1 << 20);
        clock.nowNs += 60 * SECOND_NS;
        final long startNs = clock.nowNs;
        for (int i = 0; i < 5; i++) {
            pace.await(Cancellation.NEVER);
            pace.onRead(1 << 20);
        }
        assertThat(clock.nowNs - startNs).isGreaterThanOrEqualTo(3 * SECOND_NS);
    }

    @Test
    void waitsForNothingWithoutABound() {
        final Pace pace = new Pace(clock, 0);
        pace.onRead(1L << 40);
        pace.await(Cancellation.NEVER);
        assertThat(clock.nowNs).isZero();
    }

    @Test
    void aWaitIsBrokenOff() {
        final Pace pace = new Pace(clock, 1);
        pace.onRead(1 << 20);
        pace.await(() -> clock.nowNs > 0);
        assertThat(clock.nowNs).isLessThan(SECOND_NS);
    }

    /** Time that passes only while somebody waits. */
    private static final class Clock implements EngineRuntime {
        private long nowNs;

        @Override
        public long nanoTime() {
            return nowNs;
        }

        @Override
        public long bootTimeNs() {
            return nowNs;
        }

        @Override
        public long currentTimeMillis() {
            return 0;
        }

        @Override
        public UUID randomUuid() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Handle startInBackground(final Agent agent) {
            return start(agent);
        }

        @Override
        public Handle start(final Agent agent) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean await(final CompletableFuture<?> future, final long timeoutMs) {
            nowNs += timeoutMs * 1_000_000;
            return false;
        }
    }
}
