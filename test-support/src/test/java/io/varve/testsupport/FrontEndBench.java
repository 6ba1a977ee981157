package io.varve.testsupport;

import io.varve.vhostuser.SessionOptions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Cost of everything but the disk, measured by hand: {@code main} prints nanoseconds of processor time for a read of 512 bytes
 * from memory, driver and device together on one thread, at several depths. What else the machine does has little part in that.
 * No test: speed is not asserted.
 */
final class FrontEndBench {
    private static final int ROUNDS = 8;
    private static final int REQUESTS = 1_000_000;
    private static final int LENGTH = 512;

    private FrontEndBench() {}

    /** Runs all measurements. */
    public static void main(final String[] args) throws IOException {
        for (final int depth : new int[] {1, 32}) {
            measure("split", FrontEndOptions.DEFAULT.withInflight(false), depth);
            measure("split, noted", FrontEndOptions.DEFAULT, depth);
            measure("packed", FrontEndOptions.DEFAULT.withPacked(true).withInflight(false), depth);
            measure("packed, noted", FrontEndOptions.DEFAULT.withPacked(true), depth);
        }
    }

    private static void measure(final String what, final FrontEndOptions options, final int depth) throws IOException {
        final Path directory = Files.createTempDirectory("bench");
        final Path socket = directory.resolve("disk.sock");
        try (MemoryBlockDevice device = new MemoryBlockDevice(1 << 20);
                ReactorThread reactor = new ReactorThread(socket, device, SessionOptions.of("disk"));
                FrontEnd frontEnd = FrontEnd.started(socket, options)) {
            long best = Long.MAX_VALUE;
            for (int round = 0; round < ROUNDS; round++) {
                best = Math.min(best, reactor.call(() -> round(reactor, frontEnd.queue(0), depth)));
            }
            System.out.printf("%s, depth %d: %d ns%n", what, depth, best / REQUESTS);
        }
        Files.deleteIfExists(socket);
        Files.delete(directory);
    }

    private static long round(final ReactorThread reactor, final DriverQueue queue, final int depth) {
        queue.refuseCalls();
        final long startNs = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        for (int i = 0; i < depth; i++) {
            queue.submit(BlkRequest.read((long) i * LENGTH, LENGTH), Framing.USUAL);
        }
        for (int count = 0; count < REQUESTS; ) {
            queue.publish();
            reactor.server().doWork();
            for (BlkRequest request = queue.poll(); request != null; request = queue.poll()) {
                queue.submit(request, Framing.USUAL);
                count++;
            }
        }
        final long cpuNs = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - startNs;
        while (queue.inFlight() > 0) {
            queue.publish();
            reactor.server().doWork();
            queue.poll();
        }
        return cpuNs;
    }
}
