package io.varve.launcher.image;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The reading side of the NBD protocol, fixed newstyle with structured replies, one request at a time. See "The NBD protocol",
 * doc/proto.md of the NBD project. One thread's.
 */
final class NbdConnection implements AutoCloseable {
    private static final long GREETING = 0x4e42444d41474943L;
    private static final long OPTION = 0x49484156454f5054L;
    private static final long OPTION_REPLY = 0x0003e889045565a9L;
    private static final int REQUEST = 0x25609513;
    private static final int SIMPLE_REPLY = 0x67446698;
    private static final int CHUNK = 0x668e33ef;

    /** Fixed newstyle, and no zeros behind the last option. */
    private static final int CLIENT_FLAGS = 3;

    private static final int OPT_GO = 7;
    private static final int OPT_STRUCTURED_REPLY = 8;
    private static final int OPT_SET_META_CONTEXT = 10;
    private static final int REP_ACK = 1;
    private static final int REP_INFO = 3;
    private static final int REP_META_CONTEXT = 4;
    private static final short INFO_EXPORT = 0;
    private static final int CMD_READ = 0;
    private static final int CMD_BLOCK_STATUS = 7;
    private static final int FLAG_REQ_ONE = 8;
    private static final int FLAG_DONE = 1;
    private static final int CHUNK_DATA = 1;
    private static final int CHUNK_HOLE = 2;
    private static final int CHUNK_STATUS = 5;
    private static final int CHUNK_ERRORS = 1 << 15;
    private static final int STATE_ZERO = 2;
    private static final String ALLOCATION = "base:allocation";

    /** Greatest length that a range is asked for, in bytes: below 2^32, and whole blocks. */
    private static final long MAX_RANGE = 1L << 31;

    /** Greatest length of what is neither data nor the beginning of something longer, in bytes. */
    private static final int MAX_MESSAGE = 64 << 10;

    private final SocketChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(MAX_MESSAGE);
    private long size = -1;
    private long cookie;

    /**
     * A range of the disk that is alike.
     *
     * @param length in bytes, at least 1.
     * @param isZero whether it reads as zeros.
     */
    record Extent(long length, boolean isZero) {}

    private NbdConnection(final SocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Connects to a server that listens, and takes its unnamed export.
     *
     * @throws IOException when it does not listen (yet), or is none that tells what is zero.
     */
    static NbdConnection connect(final Path socket) throws IOException {
        final NbdConnection connection = new NbdConnection(SocketChannel.open(StandardProtocolFamily.UNIX));
        try {
            connection.channel.connect(UnixDomainSocketAddress.of(socket));
            return connection;
        } catch (final IOException e) {
            connection.close();
            throw e;
        }
    }

    /** Agrees with the server on what is spoken. To be called once, before anything else. */
    void negotiate() throws IOException {
        final ByteBuffer greeting = receive(18);
        require(greeting.getLong() == GREETING && greeting.getLong() == OPTION, "it is no NBD server");
        require((greeting.getShort() & 1) != 0, "it does not speak fixed newstyle NBD");
        send(ByteBuffer.allocate(4).putInt(CLIENT_FLAGS).flip());
        option(OPT_STRUCTURED_REPLY, ByteBuffer.allocate(0));
        final byte[] query = ALLOCATION.getBytes(StandardCharsets.US_ASCII);
        final boolean tellsZeros = option(
                OPT_SET_META_CONTEXT,
                ByteBuffer.allocate(12 + query.length)
                        .putInt(0)
                        .putInt(1)
                        .putInt(query.length)
                        .put(query)
                        .flip());
        require(tellsZeros, "it does not tell what is zero");
        option(OPT_GO, ByteBuffer.allocate(6).putInt(0).putShort((short) 0).flip());
        require(size >= 0, "it does not tell a size");
    }

    /** Size of the disk, in bytes. */
    long size() {
        return size;
    }

    /** What lies at an offset below the size. */
    Extent extent(final long offset) throws IOException {
        request(FLAG_REQ_ONE, CMD_BLOCK_STATUS, offset, (int) Math.min(MAX_RANGE, size - offset));
        Extent extent = null;
        for (boolean isDone = false; !isDone; ) {
            final ByteBuffer head = reply();
            isDone = (head.getShort(4) & FLAG_DONE) != 0;
            final int length = head.getInt(16);
            if (head.getShort(6) == CHUNK_STATUS) {
                require(length >= 12 && length <= MAX_MESSAGE, "a range is described in " + length + " bytes");
                final ByteBuffer body = receive(length);
                extent = new Extent(body.getInt(4) & 0xffff_ffffL, (body.getInt(8) & STATE_ZERO) != 0);
                require(extent.length > 0, "a range is empty");
            } else {
                require(length == 0, "an answer is of another kind");
            }
        }
        require(extent != null, "a range is not described");
        return extent;
    }

    /** Reads what lies at an offset; all of it below the size. */
    void read(final long offset, final MemorySegment target) throws IOException {
        request(0, CMD_READ, offset, (int) target.byteSize());
        long received = 0;
        for (boolean isDone = false; !isDone; ) {
            final ByteBuffer head = reply();
            isDone = (head.getShort(4) & FLAG_DONE) != 0;
            final int kind = head.getShort(6);
            final int length = head.getInt(16);
            if (kind == CHUNK_DATA) {
                require(length > 8, "data is empty");
                final ByteBuffer piece = piece(target, receive(8).getLong() - offset, length - 8);
                fill(piece);
                received += length - 8;
            } else if (kind == CHUNK_HOLE) {
                require(length == 12, "a hole is described in " + length + " bytes");
                final ByteBuffer hole = receive(12);
                final long at = hole.getLong() - offset;
                final long count = hole.getInt() & 0xffff_ffffL;
                require(at >= 0 && count <= target.byteSize() - at, "a hole lies elsewhere");
                target.asSlice(at, count).fill((byte) 0);
                received += count;
            } else {
                require(kind == 0 && length == 0, "an answer is of another kind");
            }
        }
        require(received == target.byteSize(), "not all is answered that was asked for");
    }

    private static ByteBuffer piece(final MemorySegment target, final long at, final int length) throws IOException {
        require(at >= 0 && length <= target.byteSize() - at, "data lies elsewhere");
        return target.asSlice(at, length).asByteBuffer();
    }

    private void request(final int flags, final int command, final long offset, final int length) throws IOException {
        send(ByteBuffer.allocate(28)
                .putInt(REQUEST)
                .putShort((short) flags)
                .putShort((short) command)
                .putLong(++cookie)
                .putLong(offset)
                .putInt(length)
                .flip());
    }

    /** The head of a chunk that is no error. */
    private ByteBuffer reply() throws IOException {
        final ByteBuffer head = receive(16);
        require(head.getLong(8) == cookie, "it answers something else");
        if (head.getInt(0) == SIMPLE_REPLY) {
            throw new IOException("error " + head.getInt(4) + " while it was read");
        }
        require(head.getInt(0) == CHUNK, "an answer has no beginning");
        buffer.limit(20);
        fill(buffer.position(16));
        buffer.position(0);
        if ((head.getShort(6) & CHUNK_ERRORS) != 0) {
            final int length = head.getInt(16);
            require(length >= 6 && length <= MAX_MESSAGE, "an error is described in " + length + " bytes");
            final ByteBuffer body = receive(length);
            final int errno = body.getInt();
            final int text = Math.min(body.getShort() & 0xffff, body.remaining());
            throw new IOException("error " + errno + " while it was read"
                    + (text == 0 ? "" : ": " + StandardCharsets.UTF_8.decode(body.limit(body.position() + text))));
        }
        return head;
    }

    /** Asks for an option; whether something came with the consent. */
    private boolean option(final int option, final ByteBuffer data) throws IOException {
        send(ByteBuffer.allocate(16 + data.remaining())
                .putLong(OPTION)
                .putInt(option)
                .putInt(data.remaining())
                .put(data)
                .flip());
        boolean hasContext = false;
        while (true) {
            final ByteBuffer head = receive(20);
            require(head.getLong() == OPTION_REPLY && head.getInt() == option, "it answers something else");
            final int kind = head.getInt();
            final int length = head.getInt();
            require(length >= 0 && length <= MAX_MESSAGE, "an answer of " + length + " bytes");
            final ByteBuffer body = receive(length);
            if (kind == REP_ACK) {
                return hasContext;
            }
            require(kind > 0, "it refuses option " + option);
            hasContext |= kind == REP_META_CONTEXT;
            if (kind == REP_INFO && length == 12 && body.getShort() == INFO_EXPORT) {
                size = body.getLong();
            }
        }
    }

    private static void require(final boolean isSo, final String otherwise) throws IOException {
        if (!isSo) {
            throw new IOException("qemu-nbd is not understood: " + otherwise);
        }
    }

    private void send(final ByteBuffer message) throws IOException {
        while (message.hasRemaining()) {
            channel.write(message);
        }
    }

    private ByteBuffer receive(final int length) throws IOException {
        buffer.clear().limit(length);
        fill(buffer);
        return buffer.flip();
    }

    private void fill(final ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                throw new EOFException("qemu-nbd has ended");
            }
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
