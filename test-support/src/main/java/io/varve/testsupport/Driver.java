package io.varve.testsupport;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** A guest's driver of a block device: its queues, and a way to wait for calls. One thread. */
public interface Driver {
    /** Number of queues. */
    int queueCount();

    /** The driver's side of a queue. */
    DriverQueue queue(int index);

    /** Waits for a call on any queue; false when the time, by {@link System#nanoTime()}, is over. */
    boolean awaitCall(long deadlineNs) throws IOException;

    /** Runs one request on the first queue. */
    default BlkRequest run(final BlkRequest request) throws IOException {
        return run(0, request, Framing.USUAL);
    }

    /** Runs one request, alone on its queue. */
    default BlkRequest run(final int queue, final BlkRequest request, final Framing framing) throws IOException {
        if (!queue(queue).submit(request, framing)) {
            throw new IllegalStateException("no room in queue " + queue);
        }
        queue(queue).publish();
        final BlkRequest completed = await(queue);
        if (completed != request) {
            throw new AssertionError("came back: " + completed);
        }
        return completed;
    }

    /** Waits for the next request that comes back on a queue, relying on calls. */
    default BlkRequest await(final int queue) throws IOException {
        final long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(FrontEndChannel.TIMEOUT_MS);
        while (true) {
            final BlkRequest request = queue(queue).poll();
            if (request != null) {
                return request;
            }
            if (!queue(queue).wantCalls() && !awaitCall(deadlineNs)) {
                throw new IOException("nothing came back on queue " + queue + " in " + FrontEndChannel.TIMEOUT_MS
                        + " ms" + (queue(queue).wantCalls() ? ", although something is there: a call was lost" : ""));
            }
        }
    }
}
