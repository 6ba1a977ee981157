package io.varve.testvms;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Sockets of programs that don't say when they listen. */
final class Sockets {
    private static final long PAUSE_MS = 10;

    private Sockets() {}

    /** A TCP port that nobody listens at now. */
    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** Waits until there is something at a path, without connecting to it: who connects may be taken for somebody. */
    static void await(final Path path, final Program listener, final Duration limit) throws InterruptedException {
        final long deadlineNs = System.nanoTime() + limit.toNanos();
        while (!Files.exists(path)) {
            if (!listener.isAlive() || System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError("nobody listens at " + path);
            }
            Thread.sleep(PAUSE_MS);
        }
    }
}
