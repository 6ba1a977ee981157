package io.varve.hostdisks;

import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.NetlinkSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The kernel's NBD client, driven through its generic netlink family (linux/nbd-netlink.h, linux/genetlink.h). Needs CAP_SYS_ADMIN. One
 * thread at a time; for another thread open another.
 */
final class KernelNbd implements AutoCloseable {
    static final int ATTR_INDEX = 1;
    static final int ATTR_SIZE_BYTES = 2;
    static final int ATTR_BLOCK_SIZE_BYTES = 3;
    static final int ATTR_TIMEOUT = 4;
    static final int ATTR_SERVER_FLAGS = 5;
    static final int ATTR_SOCKETS = 7;
    static final int ATTR_DEAD_CONN_TIMEOUT = 8;
    static final int ATTR_BACKEND_IDENTIFIER = 10;
    static final int SOCK_ITEM = 1;
    static final int SOCK_FD = 1;
    static final int CMD_CONNECT = 1;
    static final int CMD_DISCONNECT = 2;
    static final int CMD_RECONFIGURE = 3;
    static final int VERSION = 1;

    private static final String FAMILY = "nbd";
    private static final int CONTROL = 0x10;
    private static final int CONTROL_GETFAMILY = 3;
    private static final int CONTROL_VERSION = 2;
    private static final int CONTROL_FAMILY_ID = 1;
    private static final int CONTROL_FAMILY_NAME = 2;
    private static final int MESSAGE_ERROR = 2;

    /** Bytes of nlmsghdr. */
    private static final int HEADER_SIZE = 16;

    /** The kernel answers at once, unless it waits for a device that is being disconnected. */
    private static final int ANSWER_MS = 30_000;

    private final NetlinkSocket socket;
    private final int family;
    private int sequence;

    /**
     * A connection that is to become a device.
     *
     * @param identifier what it is; the kernel has every later call name it again.
     * @param socket     descriptor of the connection.
     * @param sizeBytes  of the disk.
     * @param blockSize  of the disk, in bytes: what the kernel reads and writes are multiples of it.
     * @param flags      as the server has sent them.
     * @param giveUpS    seconds without a connection after which requests fail, at least 1.
     */
    record Connection(String identifier, int socket, long sizeBytes, int blockSize, int flags, long giveUpS) {}

    private KernelNbd(final NetlinkSocket socket) throws ErrnoException {
        this.socket = socket;
        final NetlinkAttributes answer =
                call(new NetlinkMessage(CONTROL, CONTROL_GETFAMILY, CONTROL_VERSION, ++sequence)
                        .putText(CONTROL_FAMILY_NAME, FAMILY));
        family = answer.number(CONTROL_FAMILY_ID);
    }

    /**
     * Finds the kernel's NBD client.
     *
     * @throws HostDiskException when it is not there.
     */
    static KernelNbd open() throws HostDiskException {
        NetlinkSocket socket = null;
        try {
            socket = NetlinkSocket.open();
            return new KernelNbd(socket);
        } catch (final ErrnoException e) {
            if (socket != null) {
                socket.close();
            }
            if (e.errno() == Errno.ENOENT) {
                throw new HostDiskException("this kernel's NBD client is not loaded: run 'modprobe nbd'", e);
            }
            throw new HostDiskException("the kernel's NBD client can't be reached: " + Errno.describe(e.errno()), e);
        }
    }

    /**
     * Makes a device of a connection.
     *
     * @return the number of the device.
     * @throws ErrnoException when the kernel does not want to (EPERM, EBUSY, ENOMEM, ...).
     */
    int connect(final Connection connection) throws ErrnoException {
        return call(connectMessage(family, ++sequence, connection)).number(ATTR_INDEX);
    }

    /**
     * Tells a device its size, and gives it a connection in place of one that has ended. As long as none has, the kernel leaves the new
     * one alone and does not say so; it may be offered again.
     *
     * @param socket -1 for no connection.
     * @throws ErrnoException when there is no such device, or it is something else (EINVAL).
     */
    void reconfigure(final int index, final String identifier, final long sizeBytes, final int socket)
            throws ErrnoException {
        call(reconfigureMessage(family, ++sequence, index, identifier, sizeBytes, socket));
    }

    /**
     * Ends a device: what is in flight fails.
     *
     * @throws ErrnoException when there is no such device.
     */
    void disconnect(final int index) throws ErrnoException {
        call(new NetlinkMessage(family, CMD_DISCONNECT, VERSION, ++sequence).putInt(ATTR_INDEX, index));
    }

    static NetlinkMessage connectMessage(final int family, final int sequence, final Connection connection) {
        // No timeout of requests: a volume whose log is full answers when its store is back, and is not to be asked
        // twice until then.
        final NetlinkMessage message = new NetlinkMessage(family, CMD_CONNECT, VERSION, sequence)
                .putLong(ATTR_SIZE_BYTES, connection.sizeBytes)
                .putLong(ATTR_BLOCK_SIZE_BYTES, connection.blockSize)
                .putLong(ATTR_TIMEOUT, 0)
                .putLong(ATTR_SERVER_FLAGS, connection.flags)
                .putLong(ATTR_DEAD_CONN_TIMEOUT, connection.giveUpS)
                .putText(ATTR_BACKEND_IDENTIFIER, connection.identifier);
        return putSocket(message, connection.socket);
    }

    static NetlinkMessage reconfigureMessage(
            final int family,
            final int sequence,
            final int index,
            final String identifier,
            final long sizeBytes,
            final int socket) {
        final NetlinkMessage message = new NetlinkMessage(family, CMD_RECONFIGURE, VERSION, sequence)
                .putInt(ATTR_INDEX, index)
                .putText(ATTR_BACKEND_IDENTIFIER, identifier)
                .putLong(ATTR_SIZE_BYTES, sizeBytes);
        return socket < 0 ? message : putSocket(message, socket);
    }

    private static NetlinkMessage putSocket(final NetlinkMessage message, final int socket) {
        final int list = message.beginNested(ATTR_SOCKETS);
        final int item = message.beginNested(SOCK_ITEM);
        return message.putInt(SOCK_FD, socket).end(item).end(list);
    }

    /** Sends, and waits for the acknowledgement; gives the attributes of what has come before that. */
    private NetlinkAttributes call(final NetlinkMessage message) throws ErrnoException {
        socket.send(message.bytes());
        NetlinkAttributes answer = new NetlinkAttributes(ByteBuffer.allocate(0));
        while (true) {
            final ByteBuffer received =
                    ByteBuffer.wrap(socket.receive(ANSWER_MS)).order(ByteOrder.LITTLE_ENDIAN);
            while (received.remaining() >= HEADER_SIZE) {
                final int start = received.position();
                final int length = received.getInt(start);
                if (length < HEADER_SIZE + Integer.BYTES || length > received.remaining()) {
                    break;
                }
                // What was sent by an earlier call that has not waited for it is not of interest any more.
                if (received.getInt(start + 8) == sequence) {
                    if (received.getShort(start + 4) == MESSAGE_ERROR) {
                        final int errno = -received.getInt(start + HEADER_SIZE);
                        if (errno != 0) {
                            throw new ErrnoException("the kernel's NBD client", errno);
                        }
                        return answer;
                    }
                    answer = new NetlinkAttributes(
                            received.slice(start + NetlinkMessage.HEADER_SIZE, length - NetlinkMessage.HEADER_SIZE));
                }
                received.position(Math.min(received.limit(), start + (length + 3) / 4 * 4));
            }
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
