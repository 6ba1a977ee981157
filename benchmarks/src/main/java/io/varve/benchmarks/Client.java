package io.varve.benchmarks;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.DriverQueue;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Runs a workload through queues of a vhost-user front-end, from one thread, as a guest's driver would: it takes what has come back
 * while there is some, and then waits to be called.
 */
final class Client {
    private static final byte[] EMPTY = {};
    private static final int QUEUE_SIZE = 128;
    private static final int SPINS_BEFORE_WAITING = 200;
    private static final long HIGHEST_LATENCY_NS = 60_000_000_000L;
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(60);

    private final Workload workload;
    private final long blocks;
    private final Random random;
    private final byte[] written;
    private final byte[] read;
    private final Histogram latencyNs = new Histogram(HIGHEST_LATENCY_NS, 3);
    private long next;
    private long submitted;
    private int sinceFlush;
    private long done;

    private Client(final Workload workload, final long spanBytes, final long seed) {
        this.workload = workload;
        this.blocks = spanBytes / workload.blockSize();
        this.random = new Random(seed);
        this.written = new byte[workload.blockSize()];
        this.read = new byte[workload.blockSize()];
        random.nextBytes(written);
    }

    /**
     * Runs a workload for a time, or until it has done a number of requests. What the back-end does when a guest comes, it has
     * done before.
     *
     * @param spanBytes of the disk, from its beginning.
     */
    static Measurement run(
            final Contender contender,
            final Workload workload,
            final long spanBytes,
            final long maxRequests,
            final long maxNs,
            final long seed)
            throws IOException {
        try (FrontEnd frontEnd = frontEnd(contender.socket(), workload)) {
            frontEnd.connect();
            frontEnd.start();
            new Client(workload, spanBytes, seed).run(contender, frontEnd, 0, 0);
            return new Client(workload, spanBytes, seed).run(contender, frontEnd, maxRequests, maxNs);
        }
    }

    /** Runs a workload for a time, in which the back-end also does what it does when a guest comes. */
    static Measurement runFromStart(
            final Contender contender, final Workload workload, final long spanBytes, final long maxNs, final long seed)
            throws IOException {
        try (FrontEnd frontEnd = frontEnd(contender.socket(), workload)) {
            frontEnd.connect();
            frontEnd.start();
            return new Client(workload, spanBytes, seed).run(contender, frontEnd, Long.MAX_VALUE, maxNs);
        }
    }

    /** A front-end for a workload, which is not connected yet. */
    static FrontEnd frontEnd(final Path socket, final Workload workload) throws IOException {
        return new FrontEnd(
                socket,
                FrontEndOptions.DEFAULT
                        .withQueues(workload.queues(), QUEUE_SIZE)
                        .withMaxDataLength(Math.max(workload.blockSize(), 16 << 10)));
    }

    /** Runs a workload for a time through a front-end that has been started. */
    static Measurement run(
            final Contender contender,
            final FrontEnd frontEnd,
            final Workload workload,
            final long spanBytes,
            final long maxNs,
            final long seed)
            throws IOException {
        return new Client(workload, spanBytes, seed).run(contender, frontEnd, Long.MAX_VALUE, maxNs);
    }

    private Measurement run(
            final Contender contender, final FrontEnd frontEnd, final long maxRequests, final long maxNs)
            throws IOException {
        final DriverQueue[] queues = new DriverQueue[workload.queues()];
        Arrays.setAll(queues, frontEnd::queue);
        final long cpuNs = contender.cpuNs();
        final long startNs = System.nanoTime();
        final long endNs = startNs + maxNs;
        for (int i = 0; i < workload.depth(); i++) {
            submit(queues[i % queues.length], BlkRequest.flush());
        }
        for (final DriverQueue queue : queues) {
            queue.publish();
        }
        int spins = 0;
        while (inFlight(queues) > 0) {
            if (reap(queues, submitted >= maxRequests || System.nanoTime() >= endNs) > 0) {
                spins = 0;
            } else if (spins++ < SPINS_BEFORE_WAITING) {
                Thread.onSpinWait();
            } else {
                spins = 0;
                await(frontEnd, queues);
            }
        }
        return new Measurement(done, System.nanoTime() - startNs, latencyNs, contender.cpuNs() - cpuNs);
    }

    private static int inFlight(final DriverQueue[] queues) {
        int count = 0;
        for (final DriverQueue queue : queues) {
            count += queue.inFlight();
        }
        return count;
    }

    private int reap(final DriverQueue[] queues, final boolean isOver) {
        int count = 0;
        for (final DriverQueue queue : queues) {
            final int reaped = reap(queue, isOver);
            if (reaped > 0) {
                queue.publish();
            }
            count += reaped;
        }
        return count;
    }

    private int reap(final DriverQueue queue, final boolean isOver) {
        int count = 0;
        for (BlkRequest request = queue.poll(); request != null; request = queue.poll()) {
            if (request.status() != BlkRequest.OK) {
                throw new IllegalStateException("failed: " + request);
            }
            if (request.type() != BlkRequest.FLUSH) {
                latencyNs.recordValue(Math.min(System.nanoTime() - request.submittedNs(), HIGHEST_LATENCY_NS));
            }
            done++;
            count++;
            if (!isOver) {
                submit(queue, request);
            }
        }
        return count;
    }

    private void submit(final DriverQueue queue, final BlkRequest request) {
        if (workload.flushEvery() > 0 && sinceFlush == workload.flushEvery()) {
            sinceFlush = 0;
            request.set(BlkRequest.FLUSH, 0, EMPTY, EMPTY);
        } else {
            sinceFlush++;
            final long block = workload.isSequential() ? next++ % blocks : random.nextLong(blocks);
            final long sector = block * (workload.blockSize() / 512);
            if (random.nextInt(100) < workload.writePercent()) {
                request.set(BlkRequest.OUT, sector, written, EMPTY);
            } else {
                request.set(BlkRequest.IN, sector, EMPTY, read);
            }
        }
        if (!queue.submit(request, Framing.USUAL)) {
            throw new IllegalStateException("the queue is full");
        }
        submitted++;
    }

    private static void await(final FrontEnd frontEnd, final DriverQueue[] queues) throws IOException {
        boolean isThereSome = false;
        for (final DriverQueue queue : queues) {
            isThereSome |= queue.wantCalls();
        }
        if (!isThereSome && !frontEnd.awaitCall(System.nanoTime() + PATIENCE_NS)) {
            throw new IOException(inFlight(queues) + " requests did not come back");
        }
    }
}
