package io.varve.launcher.image;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.transfer.ChangeSource;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The contents of an image that QEMU reads, but for its zeros: {@code qemu-nbd} serves it, read-only and to this process alone, on a
 * socket in a directory of its own. It ends with the connection, whatever becomes of this process.
 */
public final class QemuImage implements ChangeSource {
    private static final String SOCKET = "nbd.sock";

    private final Cancellation cancellation;
    private final boolean isChecked;
    private final Path directory;
    private QemuTool server;
    private NbdConnection connection;
    private volatile long position;
    private long dataEnd;

    /**
     * Checks an image, and opens it.
     *
     * @throws io.varve.launcher.UserException when it is not to be imported, or QEMU's tools are not there.
     * @throws IOException when it is damaged or can't be read.
     */
    public QemuImage(final ImageFormat format, final Path image, final Cancellation cancellation) throws IOException {
        this.cancellation = cancellation;
        isChecked = new QemuImg(format, image, cancellation).check();
        directory = Files.createTempDirectory("varve-import");
        try {
            final Path socket = directory.resolve(SOCKET);
            server = new QemuTool(
                    "qemu-nbd",
                    List.of("-r", "-f", format.toString(), "-k", socket.toString(), "--", image.toString()),
                    line -> {});
            connection = connect(socket);
            connection.negotiate();
        } catch (final IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private NbdConnection connect(final Path socket) throws IOException {
        while (true) {
            try {
                return NbdConnection.connect(socket);
            } catch (final IOException e) {
                if (!server.isAlive()) {
                    server.awaitEnd(cancellation);
                    throw new IOException(server.complaint(), e);
                }
                server.awaitMoment(cancellation);
            }
        }
    }

    /** Whether QEMU could check it for damage; some kinds it can't. */
    public boolean isChecked() {
        return isChecked;
    }

    /** Size of the disk in bytes: the image's, and what is missing to a whole sector. */
    public long diskSize() {
        return Blocks.alignToSector(connection.size());
    }

    /** How far it has come, in bytes of the disk. */
    public long position() {
        return position;
    }

    @Override
    public Change next(final MemorySegment target) throws IOException {
        try {
            return read(target);
        } catch (final IOException e) {
            server.awaitCancellation(cancellation);
            throw e;
        }
    }

    private Change read(final MemorySegment target) throws IOException {
        final long size = connection.size();
        long data = position;
        while (data < size && data >= dataEnd) {
            final NbdConnection.Extent extent = connection.extent(data);
            if (extent.isZero()) {
                data += extent.length();
                position = Math.min(data, size);
            } else {
                dataEnd = data + extent.length();
            }
        }
        if (data >= size) {
            return null;
        }
        final long start = data & -Blocks.SIZE;
        final long end = Math.min(Blocks.align(Math.min(dataEnd, size)), start + target.byteSize());
        final long count = Math.min(end, size) - start;
        connection.read(start, target.asSlice(0, count));
        target.asSlice(count, end - start - count).fill((byte) 0);
        position = end;
        return new Change(Kind.DATA, start, end - start);
    }

    @Override
    public void close() throws IOException {
        try {
            if (connection != null) {
                connection.close();
            }
        } finally {
            if (server != null) {
                server.close();
            }
            Files.deleteIfExists(directory.resolve(SOCKET));
            Files.deleteIfExists(directory);
        }
    }
}
