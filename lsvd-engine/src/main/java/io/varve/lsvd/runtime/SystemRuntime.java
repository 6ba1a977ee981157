package io.varve.lsvd.runtime;

import io.varve.linux.Background;
import io.varve.linux.Clocks;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.agrona.concurrent.Agent;

/** The real world: the system's clocks, and a thread for each agent. */
public final class SystemRuntime implements EngineRuntime {
    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public long bootTimeNs() {
        return Clocks.bootTimeNs();
    }

    @Override
    public long currentTimeMillis() {
        return System.currentTimeMillis();
    }

    @Override
    public UUID randomUuid() {
        return UUID.randomUUID();
    }

    @Override
    public Handle start(final Agent agent) {
        return new AgentThread(agent, task -> task);
    }

    @Override
    public Handle startInBackground(final Agent agent) {
        return new AgentThread(agent, Background::task);
    }

    @Override
    public boolean await(final CompletableFuture<?> future, final long timeoutMs) {
        try {
            future.get(timeoutMs, TimeUnit.MILLISECONDS);
            return true;
        } catch (final TimeoutException e) {
            return false;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (final ExecutionException e) {
            // Done all the same; the caller asks the future.
            return true;
        }
    }
}
