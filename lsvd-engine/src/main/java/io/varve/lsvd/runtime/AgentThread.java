package io.varve.lsvd.runtime;

import java.lang.System.Logger.Level;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;

/**
 * Runs an agent on a daemon thread of its own, which sleeps when there is no work until it is woken or
 * {@value #MAX_SLEEP_NS} ns have passed.
 */
final class AgentThread implements EngineRuntime.Handle {
    /** Longest sleep in nanoseconds: bounds how late a timed retry is noticed. */
    private static final long MAX_SLEEP_NS = 50_000_000L;

    private static final System.Logger LOG = System.getLogger(AgentThread.class.getName());

    private final Sleep sleep = new Sleep();
    private final AgentRunner runner;

    /**
     * Starts an agent.
     *
     * @param around puts something around what the thread does.
     */
    AgentThread(final Agent agent, final UnaryOperator<Runnable> around) {
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
        private volatile Thread sleeper;
        private volatile boolean pending;

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
            }
        }

        @Override
        public void idle() {
            sleeper = Thread.currentThread();
            if (!pending) {
                LockSupport.parkNanos(this, MAX_SLEEP_NS);
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
