package io.varve.testsupport;

import io.varve.vhostuser.SessionOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Speed of everything but the disk, measured by hand: {@code main} prints reads a second through the socket's front-end, of
 * 512 bytes from memory, at several depths. No test: speed is not asserted.
 */
final class FrontEndBench {
    private static final long ROUND_NS = 1_500_000_000L;
    private static final int ROUNDS = 4;
    private static final int LENGTH = 512;

    private FrontEndBench() {}

    /**
     * Runs all measurements.
     *
     * @param args depths; 1 and 32 when there are none.
     */
    public static void main(final String[] args) throws IOException {
        final int[] depths = args.length == 0
                ? new int[] {1, 32}
                : java.util.Arrays.stream(args).mapToInt(Integer::parseInt).toArray();
        for (final int depth : depths) {
            measure("split", FrontEndOptions.DEFAULT, depth);
        }
    }

    private static void measure(final String what, final FrontEndOptions options, final int depth) throws IOException {
        final Path directory = Files.createTempDirectory("bench");
        final Path socket = directory.resolve("disk.sock");
        try (MemoryBlockDevice device = new MemoryBlockDevice(1 << 20);
                ReactorThread reactor = new ReactorThread(socket, device, SessionOptions.of("disk"));
                FrontEnd frontEnd = FrontEnd.started(socket, options)) {
            reactor.run(() -> {});
            double best = 0;
            for (int round = 0; round < ROUNDS; round++) {
                best = Math.max(best, round(frontEnd, depth));
            }
            System.out.printf("%s, depth %d: %.0f requests/s%n", what, depth, best);
        }
        Files.deleteIfExists(socket);
        Files.delete(directory);
    }

    private static double round(final FrontEnd frontEnd, final int depth) {
        final DriverQueue queue = frontEnd.queue(0);
        queue.refuseCalls();
        for (int i = 0; i < depth; i++) {
            queue.submit(BlkRequest.read((long) i * LENGTH, LENGTH), Framing.USUAL);
        }
        queue.publish();
        final long startNs = System.nanoTime();
        long count = 0;
        while (System.nanoTime() - startNs < ROUND_NS) {
            for (BlkRequest request = queue.poll(); request != null; request = queue.poll()) {
                queue.submit(request, Framing.USUAL);
                count++;
            }
            queue.publish();
        }
        final double rate = count * 1e9 / (System.nanoTime() - startNs);
        while (queue.inFlight() > 0) {
            queue.poll();
        }
        return rate;
    }
}
