package io.varve.lsvd.runtime;

import java.lang.System.Logger.Level;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;

/**
 * Runs an agent on a daemon thread of its own, which sleeps when there is no work until it is woken or some time has passed:
 * {@value #SHORTEST_NS} ns where it is {@linkplain PunctualAgent punctual}, else a {@value #SHARE}th of the time for which there
 * has been nothing to do, up to {@value #LONGEST_NS} ns. So what is due at a time is noticed that share later at most, and ten idle
 * volumes take next to nothing of a processor.
 */
final class AgentThread implements EngineRuntime.Handle {
    /** Bounds how late a timed retry is noticed, in nanoseconds. */
    private static final long SHORTEST_NS = 50_000_000L;

    private static final long LONGEST_NS = 2_000_000_000L;
    private static final int SHARE = 10;

    private static final System.Logger LOG = System.getLogger(AgentThread.class.getName());

    private final Sleep sleep;
    private final AgentRunner runner;

    /**
     * Starts an agent.
     *
     * @param around puts something around what the thread does.
     */
    AgentThread(final Agent agent, final UnaryOperator<Runnable> around) {
        sleep = new Sleep(agent instanceof PunctualAgent punctual ? punctual::isPunctual : () -> false);
        runner = new AgentRunner(
                sleep, error -> LOG.log(Level.ERROR, "unexpected error in " + agent.roleName(), error), null, agent);
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

    /** Ends the agent and waits for its thread. */
    @Override
    public void close() {
        sleep.wake();
        runner.close(1000, thread -> LOG.log(Level.WARNING, "{0} does not end", thread.getName()));
    }

    /** Sleeps instead of spinning. */
    private static final class Sleep implements IdleStrategy {
        private final BooleanSupplier isPunctual;
        private volatile Thread sleeper;
        private volatile boolean pending;
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
            if (!pending) {
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
