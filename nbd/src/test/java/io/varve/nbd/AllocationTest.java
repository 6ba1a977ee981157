package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.varve.testsupport.MemoryBlockDevice;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The steady state allocates nothing, once it is compiled as in production: the tests' own JVM does without the optimising compiler, so
 * this is done in another one.
 */
@Timeout(120)
class AllocationTest {
    private static final int COMMANDS = 10_000;

    /** Rounds at most until the code is compiled for good. */
    private static final int MOST_ROUNDS = 40;

    /** Less than the smallest object for each other command. */
    private static final long MOST_BYTES = 8L * COMMANDS;

    @TempDir
    private Path directory;

    @Test
    void commandsAllocateNothing() throws Exception {
        final Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-Xmx128m",
                        "-Xbatch",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Served.class.getName(),
                        directory.resolve("s").toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
            assertThat(Long.parseLong(output.strip())).as("bytes").isLessThan(MOST_BYTES);
        } finally {
            process.destroyForcibly();
        }
    }

    /** Run in a JVM of its own by the test. */
    static final class Served {
        private Served() {}

        /** Prints what the reactor's thread allocates in a round, in bytes: the least of all rounds. */
        public static void main(final String[] args) throws IOException {
            final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            final Path socket = Path.of(args[0]);
            try (MemoryBlockDevice device = new MemoryBlockDevice(1 << 20);
                    ServedExport export = ServedExport.at(socket, device);
                    NbdClient client = NbdClient.goStructured(socket, true)) {
                final byte[] data = new byte[4096];
                long least = Long.MAX_VALUE;
                for (int round = 0; round < MOST_ROUNDS && least >= MOST_BYTES; round++) {
                    final long id = export.thread().threadId();
                    final long before = threads.getThreadAllocatedBytes(id);
                    for (int i = 0; i < COMMANDS / 2; i++) {
                        client.write(4096, data);
                        client.read(8192, data.length);
                    }
                    least = Math.min(least, threads.getThreadAllocatedBytes(id) - before);
                }
                System.out.println(least);
            }
        }
    }
}
