package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The data path leaves nothing to the garbage collector, once it is compiled as in production: the tests' own JVM does
 * without the optimising compiler.
 */
class AllocationTest {
    private static final int ROUNDS = 2_000;
    private static final int ATTEMPTS = 60;
    private static final int BLOCK = 4096;

    @ParameterizedTest
    @ValueSource(strings = {"uring", "threads"})
    void aRingAllocatesNothingOnceItIsWarm(final String kind) throws Exception {
        final String output = ForkedJava.run(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-Dvarve.io=" + kind),
                Main.class,
                "");
        assertThat(output).isEqualTo("0 bytes\n");
    }

    /** Run in a JVM of its own by the test. */
    static final class Main {
        private Main() {}

        /** Prints the least that the calling thread allocated in {@link #ROUNDS} rounds of work. */
        public static void main(final String[] args) throws Exception {
            final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            final Path path = Files.createTempFile(Path.of("target"), "allocation", ".dat");
            long least = Long.MAX_VALUE;
            try (LinuxFile file = LinuxFile.open(path, LinuxFile.O_RDWR);
                    Mapping memory = Memory.allocate(BLOCK);
                    EventFd event = EventFd.create();
                    IoRing ring = IoRings.open(8)) {
                final int id = ring.register((data, result, flags) -> {});
                ring.pollMultishot(event.fd(), IoRing.POLLIN, id, 0);
                final UnixSocket[] pair = UnixSocket.pair();
                for (int attempt = 0; attempt < ATTEMPTS && least > 0; attempt++) {
                    final long before = threads.getCurrentThreadAllocatedBytes();
                    for (int i = 0; i < ROUNDS; i++) {
                        round(ring, id, file, memory.address(), event, i);
                        pair[0].send(memory.address(), 1, null);
                        pair[1].receive(memory.address(), 1, NONE);
                    }
                    least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
                }
            } finally {
                Files.delete(path);
            }
            System.out.println(least + " bytes");
        }

        private static final FdList NONE = new FdList(1);

        private static void round(
                final IoRing ring,
                final int id,
                final LinuxFile file,
                final long address,
                final EventFd event,
                final int data) {
            ring.write(file.fd(), address, BLOCK, 0, id, data);
            ring.read(file.fd(), address, BLOCK, 0, id, data);
            EventFd.signal(event.fd());
            ring.wakeUp();
            while (ring.pending() > 1) {
                ring.turn(-1);
            }
        }
    }
}
