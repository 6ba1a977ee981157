package io.varve.benchmarks;

import io.varve.block.BlockDevice;
import io.varve.launcher.daemon.Reactor;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.IoVec;
import io.varve.linux.UnixSocket;
import io.varve.vhostuser.SessionOptions;
import io.varve.vhostuser.VhostUserBlkServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Varve's protocol and reactor before a disk that does nothing: what is left is the cost of the protocol and of the loop. */
public final class NullDaemon {
    /** Printed when front-ends can connect. */
    static final String READY = "null is ready at ";

    private static final long POLL_NS = TimeUnit.MICROSECONDS.toNanos(50);
    private static final int BACKLOG = 4;

    private NullDaemon() {}

    /** The program: socket path, and the disk's size in bytes. Runs until it is killed. */
    public static void main(final String[] arguments) throws IOException {
        final Path socket = Path.of(arguments[0]);
        try (IoRing ring = IoRings.open(IoRings.DEFAULT_ENTRIES)) {
            final VhostUserBlkServer server = new VhostUserBlkServer(
                    ring,
                    UnixSocket.listen(socket, 0600, BACKLOG),
                    new NullDisk(Long.parseLong(arguments[1])),
                    SessionOptions.of("null"));
            System.out.println(READY + socket);
            new Reactor(ring, server, POLL_NS).runUntil(() -> false);
        }
    }

    /** Completes whatever it is asked, at once, and touches no buffer: as QEMU's null-co does. */
    private record NullDisk(long capacity) implements BlockDevice {
        private static final int BLOCK_SIZE = 4096;

        @Override
        public int preferredBlockSize() {
            return BLOCK_SIZE;
        }

        @Override
        public boolean isReadOnly() {
            return false;
        }

        @Override
        public String serial() {
            return "null";
        }

        @Override
        public void read(final long offset, final IoVec buffers, final Completion completion, final long token) {
            completion.onComplete(token, STATUS_OK);
        }

        @Override
        public void write(
                final long offset,
                final IoVec buffers,
                final boolean durable,
                final Completion completion,
                final long token) {
            completion.onComplete(token, STATUS_OK);
        }

        @Override
        public void flush(final Completion completion, final long token) {
            completion.onComplete(token, STATUS_OK);
        }

        @Override
        public void discard(
                final long offset,
                final long length,
                final boolean durable,
                final Completion completion,
                final long token) {
            completion.onComplete(token, STATUS_OK);
        }

        @Override
        public void writeZeroes(
                final long offset,
                final long length,
                final boolean mayUnmap,
                final boolean durable,
                final Completion completion,
                final long token) {
            completion.onComplete(token, STATUS_OK);
        }

        @Override
        public void cancel(final Completion completion) {}
    }
}
