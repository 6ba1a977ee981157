package io.varve.lsvd.runtime;

import java.lang.System.Logger.Level;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;

/**
 * Runs an agent, {@linkplain AgentGuard guarded}, on a daemon thread of its own, which sleeps when there is no work until it is woken or some time has passed:
 * {@value #SHORTEST_NS} ns where it is {@linkplain PunctualAgent punctual}, else a {@value #SHARE}th of the time for which there
 * has been nothing to do, up to {@value #LONGEST_NS} ns. So what is due at a time is noticed that share later at most, and ten idle
 * volumes take next to nothing of a processor.
 */
final class AgentThread implements EngineRuntime.Handle {
    /** Bounds how late a timed retry is noticed, in nanoseconds. */
    private static final long SHORTEST_NS = 50_000_000L;

    private static final long LONGEST_NS = 2_000_000_000L;
    private static final int SHARE = 10;

    /** An end that takes longer is told, each time that it has taken that much longer. */
    private static final int PATIENCE_MS = 10_000;

    private static final System.Logger LOG = System.getLogger(AgentThread.class.getName());

    private final AgentGuard guard;
    private final Sleep sleep;
    private final AgentRunner runner;

    /**
     * Starts an agent.
     *
     * @param around puts something around what the thread does.
     */
    AgentThread(final Agent agent, final UnaryOperator<Runnable> around) {
        guard = new AgentGuard(agent, System::nanoTime);
        sleep = new Sleep(guard::isPunctual);
        // What still gets here has ended the agent, or is of its end.
        runner = new AgentRunner(
                sleep,
                error -> LOG.log(
                        Level.ERROR, "{0}: unexpected error: {1}", agent.roleName(), UnexpectedErrors.describe(error)),
                null,
                guard);
        AgentRunner.startOnThread(runner, runnable -> {
            final Thread thread = new Thread(around.apply(runnable));
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Ends the agent's sleep, or its next one. Any thread; costs a system call only when the agent sleeps. */
    @Override
    public void wake() {
        sleep.wake();
    }

    @Override
    public String trouble() {
        return guard.trouble();
    }

    /** Ends the agent and waits for its thread. */
    @Override
    public void close() {
        sleep.end();
        runner.close(
                PATIENCE_MS,
                thread -> LOG.log(
                        Level.WARNING,
                        "{0} has not ended within {1} s; it is waited for",
                        thread.getName(),
                        PATIENCE_MS / 1000));
    }

    /** Sleeps instead of spinning. */
    private static final class Sleep implements IdleStrategy {
        private final BooleanSupplier isPunctual;
        private volatile Thread sleeper;
        private volatile boolean pending;
        private volatile boolean isEnding;
        private long sleptNs;

        Sleep(final BooleanSupplier isPunctual) {
            this.isPunctual = isPunctual;
        }

        void wake() {
            pending = true;
            final Thread thread = sleeper;
            if (thread != null) {
                LockSupport.unpark(thread);
            }
        }

        /** Ends the sleep, and all that would follow: whoever ends the agent stops it a moment later. */
        void end() {
            isEnding = true;
            wake();
        }

        @Override
        public void idle(final int workCount) {
            if (workCount == 0) {
                idle();
            } else {
                sleptNs = 0;
            }
        }

        @Override
        public void idle() {
            sleeper = Thread.currentThread();
            if (!pending && !isEnding) {
                final long wantedNs = isPunctual.getAsBoolean() ? 0 : sleptNs / SHARE;
                final long parkNs = Math.clamp(wantedNs, SHORTEST_NS, LONGEST_NS);
                LockSupport.parkNanos(this, parkNs);
                sleptNs = Math.min(sleptNs + parkNs, SHARE * LONGEST_NS);
            }
            sleeper = null;
            pending = false;
        }

        @Override
        public void reset() {
            pending = false;
        }
    }
}
