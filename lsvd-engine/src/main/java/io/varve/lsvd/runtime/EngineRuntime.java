package io.varve.lsvd.runtime;

import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.agrona.concurrent.Agent;

/** The world as the engine sees it, besides disk and store. */
public interface EngineRuntime {
    /** A running agent. */
    interface Handle extends AutoCloseable {
        /** Says that there is something to do. Any thread. */
        void wake();

        /**
         * What the agent met that nobody foresaw, in one line, or null when there was nothing lately, or nobody guards it. Any thread.
         */
        default String trouble() {
            return null;
        }

        /** Ends the agent and waits until it has ended. */
        @Override
        void close();
    }

    /** Monotonic time in nanoseconds. Any thread. */
    long nanoTime();

    /**
     * Monotonic time in nanoseconds that goes on while the machine is suspended, for what must hold between machines or be true of
     * real time. Any thread.
     */
    long bootTimeNs();

    /** Milliseconds since 1970; for people, never for decisions. */
    long currentTimeMillis();

    /** A number that nobody else draws. */
    UUID randomUuid();

    /** Runs an agent until its handle is closed. */
    Handle start(Agent agent);

    /** Runs an agent that nobody waits for, until its handle is closed: processors are for others first. */
    Handle startInBackground(Agent agent);

    /**
     * Returns when a future is done, however, or after a time; true if it is done. Never on the reactor, except while it opens
     * a volume.
     */
    boolean await(CompletableFuture<?> future, long timeoutMs);
}
