package io.varve.testsupport;

import io.varve.vhostuser.SessionOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * A disk served by a process of its own, to be killed. What was written to it is there for the next one, as what is in a log
 * would be; what was in flight has been done or not, as it comes.
 */
final class DiskProcess implements AutoCloseable {
    static final int CAPACITY = 16 << 20;

    private final Process process;

    private DiskProcess(final Process process) {
        this.process = process;
    }

    /** Serves until it is killed. */
    public static void main(final String[] args) throws IOException, InterruptedException {
        final Path socketPath = Path.of(args[0]);
        final MemoryBlockDevice device = MemoryBlockDevice.ofFile(Path.of(args[1]), CAPACITY);
        device.delayed(new Random(Long.parseLong(args[2])));
        final ReactorThread reactor = new ReactorThread(socketPath, device, SessionOptions.of("disk"));
        System.out.println("ready");
        System.in.read();
        reactor.close();
        device.close();
    }

    /** Starts one, in place of an earlier one that was killed. */
    static DiskProcess start(final Path socketPath, final Path image, final long seed) throws IOException {
        Files.deleteIfExists(socketPath);
        final Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DiskProcess.class.getName(),
                        socketPath.toString(),
                        image.toString(),
                        Long.toString(seed))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        final String line =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)).readLine();
        if (!"ready".equals(line)) {
            process.destroyForcibly();
            throw new AssertionError("the disk's process said: " + line);
        }
        return new DiskProcess(process);
    }

    /** Kills it at once, wherever it is. */
    void kill() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
