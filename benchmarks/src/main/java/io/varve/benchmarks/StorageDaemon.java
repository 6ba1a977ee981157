package io.varve.benchmarks;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** QEMU's own back-end, {@code qemu-storage-daemon --export vhost-user-blk}, on a raw file with O_DIRECT and io_uring. */
final class StorageDaemon implements Contender {
    /** What it is called in tables. */
    static final String NAME = "qemu-storage-daemon";

    private static final long START_NS = TimeUnit.SECONDS.toNanos(20);

    private final Path socket;
    private final Process process;

    private StorageDaemon(final Path socket, final Process process) {
        this.socket = socket;
        this.process = process;
    }

    /**
     * Makes a file and serves it.
     *
     * @param directory empty; for file and socket.
     */
    static StorageDaemon start(final Path directory, final long sizeBytes) throws IOException, InterruptedException {
        final Path file = directory.resolve("disk.raw");
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            raw.setLength(sizeBytes);
        }
        return start(
                directory, "driver=file,node-name=disk,discard=unmap,cache.direct=on,aio=io_uring,filename=" + file);
    }

    /**
     * Serves a disk that does nothing.
     *
     * @param directory empty; for the socket.
     */
    static StorageDaemon withNullDisk(final Path directory, final long sizeBytes)
            throws IOException, InterruptedException {
        return start(directory, "driver=null-co,node-name=disk,size=" + sizeBytes);
    }

    private static StorageDaemon start(final Path directory, final String blockdev)
            throws IOException, InterruptedException {
        final Path socket = directory.resolve("qsd.sock");
        final Process process = new ProcessBuilder(List.of(
                        "qemu-storage-daemon",
                        "--blockdev",
                        blockdev,
                        "--export",
                        "vhost-user-blk,id=export,node-name=disk,writable=on,num-queues=4,addr.type=unix,addr.path="
                                + socket))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("qsd.log").toFile())
                .start();
        awaitListening(socket, process);
        return new StorageDaemon(socket, process);
    }

    /** It prints nothing when it is ready, so the socket is tried. */
    private static void awaitListening(final Path socket, final Process process)
            throws IOException, InterruptedException {
        final long endNs = System.nanoTime() + START_NS;
        while (true) {
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return;
            } catch (final IOException e) {
                if (!process.isAlive() || System.nanoTime() > endNs) {
                    throw e;
                }
                Thread.sleep(10);
            }
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Path socket() {
        return socket;
    }

    @Override
    public Process process() {
        return process;
    }

    @Override
    public void close() {
        Contender.end(process);
    }
}
