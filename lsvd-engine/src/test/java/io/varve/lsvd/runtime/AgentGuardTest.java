package io.varve.lsvd.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;
import org.junit.jupiter.api.Test;

final class AgentGuardTest {
    private static final long SECOND_NS = 1_000_000_000L;

    private long nowNs = 1;
    private Throwable error;
    private int calls;
    private final AgentGuard guard = new AgentGuard(
            new Agent() {
                @Override
                public int doWork() throws Exception {
                    calls++;
                    if (error instanceof Error fatal) {
                        throw fatal;
                    }
                    if (error instanceof Exception exception) {
                        throw exception;
                    }
                    return 1;
                }

                @Override
                public String roleName() {
                    return "varve-disk-work";
                }
            },
            () -> nowNs);

    @Test
    void letsAnAgentWaitLongerAndLongerBetweenTries() {
        error = new IllegalStateException("broken");
        for (int i = 0; i < 3600; i++) {
            nowNs += SECOND_NS;
            assertThat(guard.doWork()).isZero();
        }
        assertThat(calls).isBetween(100, 140);
        assertThat(guard.trouble())
                .startsWith("varve-disk-work: unexpected error: IllegalStateException: broken (AgentGuardTest.java:")
                .endsWith("; it is tried again");
    }

    @Test
    void goesOnAndForgetsOnlyWhenAllHasBeenWellForAWhile() {
        error = new OutOfMemoryError("Java heap space");
        guard.doWork();
        error = null;
        assertThat(guard.doWork()).isZero();
        nowNs += SECOND_NS;
        assertThat(guard.doWork()).isEqualTo(1);
        assertThat(guard.trouble()).isEqualTo("varve-disk-work: there is no memory left; it is tried again");
        nowNs += UnexpectedErrors.CALM_S * SECOND_NS;
        assertThat(guard.doWork()).isEqualTo(1);
        assertThat(guard.trouble()).isNull();
    }

    @Test
    void letsPassWhatEndsAnAgent() {
        error = new AgentTerminationException(true);
        assertThatThrownBy(guard::doWork).isSameAs(error);
        error = new InterruptedException();
        guard.doWork();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(guard.trouble()).isNull();
    }

    @Test
    void keepsAThreadFromSpinningAndFromDying() throws Exception {
        final AtomicInteger tries = new AtomicInteger();
        final CountDownLatch fifth = new CountDownLatch(5);
        final EngineRuntime.Handle handle = new SystemRuntime().start(new Agent() {
            @Override
            public int doWork() {
                tries.incrementAndGet();
                fifth.countDown();
                throw new StackOverflowError();
            }

            @Override
            public String roleName() {
                return "varve-broken";
            }
        });
        try (handle) {
            assertThat(fifth.await(60, TimeUnit.SECONDS)).isTrue();
            // Each waits at least as long as all before it together: so there are not many more by now.
            assertThat(tries.get()).isLessThan(12);
            assertThat(handle.trouble()).startsWith("varve-broken: unexpected error: StackOverflowError");
        }
    }
}
