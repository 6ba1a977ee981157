package io.varve.testvms;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * QEMU's own vhost-user-blk back-end on a plain file. With it a test shows whether it is the test or Varve that is
 * wrong.
 */
final class StorageDaemon implements Backend {
    private static final Duration START_LIMIT = Duration.ofSeconds(20);

    private final Path image;
    private final Path socket;
    private final Consumer<Program> register;
    private Program program;

    /** Creates the file; see {@link VarveDaemon} for the parameters. */
    StorageDaemon(final Path image, final Path socket, final long sizeBytes, final Consumer<Program> register)
            throws IOException {
        this.image = image;
        this.socket = socket;
        this.register = register;
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
    }

    @Override
    public Path socket() {
        return socket;
    }

    @Override
    public void start() throws IOException, InterruptedException {
        Files.deleteIfExists(socket);
        program = Program.start(
                "qemu-storage-daemon",
                image.getParent(),
                List.of(
                        "qemu-storage-daemon",
                        "--blockdev",
                        "driver=file,node-name=file,discard=unmap,locking=off,filename=" + image,
                        "--export",
                        "vhost-user-blk,id=export,node-name=file,writable=on,num-queues=4,addr.type=unix,addr.path="
                                + socket));
        register.accept(program);
        awaitListening();
    }

    /** It prints nothing when it is ready, so the socket is tried. */
    private void awaitListening() throws IOException, InterruptedException {
        final long deadlineNs = System.nanoTime() + START_LIMIT.toNanos();
        while (true) {
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return;
            } catch (final IOException e) {
                if (!program.isAlive() || System.nanoTime() > deadlineNs) {
                    throw e;
                }
                Thread.sleep(10);
            }
        }
    }

    @Override
    public void stop() throws InterruptedException {
        program.terminate(START_LIMIT);
    }

    @Override
    public void kill() throws InterruptedException {
        program.kill();
    }
}
