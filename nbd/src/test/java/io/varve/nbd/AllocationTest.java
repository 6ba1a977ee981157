package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.varve.testsupport.CompiledJvm;
import io.varve.testsupport.MemoryBlockDevice;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The steady state allocates nothing: rounds go on until the count is steady. */
@Timeout(600)
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
        final String[] figures =
                CompiledJvm.run(Served.class, directory.resolve("s").toString());
        assertThat(Long.parseLong(figures[0])).as("bytes").isLessThan(MOST_BYTES);
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
