package io.varve.lsvd.fuzz;

import io.varve.lsvd.runtime.EngineRuntime;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.agrona.concurrent.Agent;

/** No time passes, and agents are never advanced. */
final class StillRuntime implements EngineRuntime {
    @Override
    public long nanoTime() {
        return 1;
    }

    @Override
    public long bootTimeNs() {
        return 1;
    }

    @Override
    public long currentTimeMillis() {
        return 1;
    }

    @Override
    public UUID randomUuid() {
        return new UUID(5, 5);
    }

    @Override
    public Handle start(final Agent agent) {
        return new Handle() {
            @Override
            public void wake() {
                // Nobody is there.
            }

            @Override
            public void close() {
                agent.onClose();
            }
        };
    }

    @Override
    public Handle startInBackground(final Agent agent) {
        return start(agent);
    }

    @Override
    public boolean await(final CompletableFuture<?> future, final long timeoutMs) {
        return future.isDone();
    }
}
