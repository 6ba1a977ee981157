package io.varve.launcher.torture;

import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.ConcurrentHistogram;

/**
 * A disk of another process, qemu-storage-daemon, with a guest of its own. It shares nothing with a Varve daemon but the machine: what
 * slows it down too is no fault of Varve's.
 */
final class ReferenceDisk implements AutoCloseable {
    private static final String COMMAND = "qemu-storage-daemon";
    private static final int SECTOR_SIZE = 512;
    private static final long START_LIMIT_MS = 10_000;

    private final Process process;
    private final TortureClient guest;
    private final Thread thread;
    private volatile ConcurrentHistogram latencies;
    private volatile boolean isOver;

    private ReferenceDisk(final Process process, final TortureClient guest) {
        this.process = process;
        this.guest = guest;
        thread = Thread.ofPlatform().name("reference-guest").start(this::run);
    }

    /** Whether there is such a program on this machine. */
    static boolean isAvailable() {
        return List.of(System.getenv("PATH").split(":")).stream()
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, COMMAND)));
    }

    /**
     * Starts it, and the load, which goes on until it is closed.
     *
     * @param home      an empty place for its files.
     * @param perSecond requests a second.
     */
    static ReferenceDisk start(
            final Path home, final int sectors, final Random random, final int perSecond, final int depth)
            throws IOException, InterruptedException {
        Files.createDirectories(home);
        final Path image = home.resolve("image");
        final Path socket = home.resolve("sock");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength((long) sectors * SECTOR_SIZE);
        }
        final Process process = new ProcessBuilder(
                        COMMAND,
                        "--blockdev",
                        "driver=file,node-name=file,discard=unmap,locking=off,filename=" + image,
                        "--export",
                        "vhost-user-blk,id=export,node-name=file,writable=on,num-queues=2,addr.type=unix,addr.path="
                                + socket)
                .inheritIO()
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        try {
            awaitListening(process, socket);
            final TortureClient guest = new TortureClient(
                    socket, new DiskHistory(sectors), random, FrontEndOptions.DEFAULT.withQueues(2, 64));
            return new ReferenceDisk(process, guest.depth(depth).pace(perSecond));
        } catch (final IOException | InterruptedException | RuntimeException | Error e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** It prints nothing when it is ready, so the socket is tried. */
    private static void awaitListening(final Process process, final Path socket)
            throws IOException, InterruptedException {
        final long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_LIMIT_MS);
        while (true) {
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return;
            } catch (final IOException e) {
                if (!process.isAlive() || System.nanoTime() > deadlineNs) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(10);
            }
        }
    }

    private void run() {
        ConcurrentHistogram current = null;
        while (!isOver) {
            if (latencies != current) {
                current = latencies;
                guest.latencies(current);
            }
            guest.runFor(10);
        }
    }

    /** Notes from now on, within 10 ms, how long requests take, in nanoseconds. */
    void latencies(final ConcurrentHistogram target) {
        latencies = target;
    }

    @Override
    public void close() {
        isOver = true;
        try {
            thread.join(TimeUnit.SECONDS.toMillis(20));
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        guest.close();
        process.destroyForcibly();
    }
}
