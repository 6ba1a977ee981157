package io.varve.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A client that says exactly what it is told to say. */
final class NbdClient implements AutoCloseable {
    /** An answer to an option. */
    record Answer(int option, int type, byte[] data) {
        ByteBuffer buffer() {
            return ByteBuffer.wrap(data);
        }
    }

    /** A reply, or a chunk of one. */
    record Reply(int magic, int flags, int type, int error, long cookie, byte[] data) {
        ByteBuffer buffer() {
            return ByteBuffer.wrap(data);
        }
    }

    private final SocketChannel channel;
    private boolean isStructured;
    private boolean isExtended;

    private NbdClient(final SocketAddress address) throws IOException {
        channel = SocketChannel.open(address);
    }

    static NbdClient connect(final Path path) throws IOException {
        return new NbdClient(UnixDomainSocketAddress.of(path));
    }

    static NbdClient connect(final int port) throws IOException {
        return new NbdClient(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** Connects, greets, and chooses the export. */
    static NbdClient go(final Path path) throws IOException {
        final NbdClient client = connect(path).greet();
        client.go(ServedExport.NAME);
        return client;
    }

    /** The same with structured replies and {@code base:allocation}. */
    static NbdClient goStructured(final Path path, final boolean isExtended) throws IOException {
        final NbdClient client = connect(path).greet();
        client.structured(isExtended);
        assertThat(client.setContexts(ServedExport.NAME, "base:allocation")).hasSize(2);
        client.go(ServedExport.NAME);
        return client;
    }

    void send(final ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    ByteBuffer receive(final int length) throws IOException {
        final ByteBuffer result = ByteBuffer.allocate(length);
        while (result.hasRemaining()) {
            if (channel.read(result) < 0) {
                throw new EOFException("after " + result.position() + " of " + length + " bytes");
            }
        }
        return result.flip();
    }

    /** Whether the server ends the connection; what it still sends is skipped. */
    boolean isDropped() throws IOException {
        final ByteBuffer buffer = ByteBuffer.allocate(4096);
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        try {
            while (System.nanoTime() - deadlineNs < 0) {
                if (channel.read(buffer.clear()) < 0) {
                    return true;
                }
            }
            return false;
        } catch (final IOException e) {
            return true;
        }
    }

    NbdClient greet() throws IOException {
        return greet(3);
    }

    NbdClient greet(final int flags) throws IOException {
        final ByteBuffer greeting = receive(18);
        assertThat(greeting.getLong()).isEqualTo(Nbd.NBDMAGIC);
        assertThat(greeting.getLong()).isEqualTo(Nbd.IHAVEOPT);
        assertThat(greeting.getShort()).isEqualTo((short) 3);
        send(ByteBuffer.allocate(4).putInt(flags).flip());
        return this;
    }

    void sendOption(final int option, final byte[] data) throws IOException {
        send(ByteBuffer.allocate(16 + data.length)
                .putLong(Nbd.IHAVEOPT)
                .putInt(option)
                .putInt(data.length)
                .put(data)
                .flip());
    }

    Answer answer() throws IOException {
        final ByteBuffer header = receive(20);
        assertThat(header.getLong()).isEqualTo(Nbd.OPTION_REPLY_MAGIC);
        final int option = header.getInt();
        final int type = header.getInt();
        return new Answer(option, type, receive(header.getInt()).array());
    }

    /** All answers to an option. */
    List<Answer> option(final int option, final byte[] data) throws IOException {
        sendOption(option, data);
        return answers(option);
    }

    /** All answers to an option that was sent. */
    List<Answer> answers(final int option) throws IOException {
        final List<Answer> answers = new ArrayList<>();
        Answer last;
        do {
            last = answer();
            assertThat(last.option).isEqualTo(option);
            answers.add(last);
        } while (last.type != Nbd.REP_ACK && last.type > 0);
        return answers;
    }

    static byte[] goData(final String name, final int... infos) {
        final byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        final ByteBuffer data = ByteBuffer.allocate(6 + bytes.length + 2 * infos.length);
        data.putInt(bytes.length).put(bytes).putShort((short) infos.length);
        for (final int info : infos) {
            data.putShort((short) info);
        }
        return data.array();
    }

    static byte[] contextData(final String name, final String... queries) {
        final ByteBuffer data = ByteBuffer.allocate(8192);
        data.putInt(name.length()).put(name.getBytes(StandardCharsets.US_ASCII)).putInt(queries.length);
        for (final String query : queries) {
            data.putInt(query.length()).put(query.getBytes(StandardCharsets.US_ASCII));
        }
        return java.util.Arrays.copyOf(data.array(), data.position());
    }

    List<Answer> setContexts(final String name, final String... queries) throws IOException {
        return option(Nbd.OPT_SET_META_CONTEXT, contextData(name, queries));
    }

    void structured(final boolean extended) throws IOException {
        final int option = extended ? Nbd.OPT_EXTENDED_HEADERS : Nbd.OPT_STRUCTURED_REPLY;
        assertThat(option(option, new byte[0]).getLast().type).isEqualTo(Nbd.REP_ACK);
        isStructured = true;
        isExtended = extended;
    }

    /** Chooses an export; answers its transmission flags. */
    int go(final String name) throws IOException {
        final List<Answer> answers = option(Nbd.OPT_GO, goData(name));
        assertThat(answers.getLast().type).isEqualTo(Nbd.REP_ACK);
        return Short.toUnsignedInt(answers.getFirst().buffer().getShort(10));
    }

    ByteBuffer request(final int type, final int flags, final long cookie, final long offset, final long length) {
        final ByteBuffer request = ByteBuffer.allocate(32);
        request.putInt(isExtended ? Nbd.EXTENDED_REQUEST_MAGIC : Nbd.REQUEST_MAGIC);
        request.putShort((short) flags).putShort((short) type).putLong(cookie).putLong(offset);
        return (isExtended ? request.putLong(length) : request.putInt((int) length)).flip();
    }

    void sendRequest(final int type, final int flags, final long cookie, final long offset, final long length)
            throws IOException {
        send(request(type, flags, cookie, offset, length));
    }

    /** Receives a reply with one chunk. */
    Reply reply(final int readLength) throws IOException {
        final ByteBuffer magic = receive(4);
        switch (magic.getInt()) {
            case Nbd.SIMPLE_REPLY_MAGIC -> {
                final ByteBuffer header = receive(12);
                final int error = header.getInt();
                final long cookie = header.getLong();
                final byte[] data = error == 0 ? receive(readLength).array() : new byte[0];
                return new Reply(Nbd.SIMPLE_REPLY_MAGIC, 1, 0, error, cookie, data);
            }
            case Nbd.STRUCTURED_REPLY_MAGIC -> {
                assertThat(isStructured && !isExtended).isTrue();
                final ByteBuffer header = receive(16);
                return chunk(Nbd.STRUCTURED_REPLY_MAGIC, header, header.getInt(12));
            }
            case Nbd.EXTENDED_REPLY_MAGIC -> {
                assertThat(isExtended).isTrue();
                final ByteBuffer header = receive(28);
                return chunk(Nbd.EXTENDED_REPLY_MAGIC, header, (int) header.getLong(20));
            }
            default -> throw new AssertionError("magic 0x" + Integer.toHexString(magic.getInt(0)));
        }
    }

    private Reply chunk(final int magic, final ByteBuffer header, final int length) throws IOException {
        final int flags = header.getShort();
        final int type = Short.toUnsignedInt(header.getShort());
        final long cookie = header.getLong();
        final byte[] data = receive(length).array();
        final int error = type == Nbd.REPLY_TYPE_ERROR ? ByteBuffer.wrap(data).getInt() : 0;
        return new Reply(magic, flags, type, error, cookie, data);
    }

    Reply command(final int type, final int flags, final long offset, final long length) throws IOException {
        sendRequest(type, flags, 7, offset, length);
        final Reply reply = reply(0);
        assertThat(reply.cookie).isEqualTo(7);
        return reply;
    }

    byte[] read(final long offset, final int length) throws IOException {
        sendRequest(Nbd.CMD_READ, 0, 5, offset, length);
        final Reply reply = reply(length);
        assertThat(reply.error).isZero();
        assertThat(reply.cookie).isEqualTo(5);
        return isStructured ? java.util.Arrays.copyOfRange(reply.data, 8, reply.data.length) : reply.data;
    }

    void sendWrite(final int flags, final long cookie, final long offset, final byte[] data) throws IOException {
        final ByteBuffer header = request(
                Nbd.CMD_WRITE, flags | (isExtended ? Nbd.CMD_FLAG_PAYLOAD_LEN : 0), cookie, offset, data.length);
        send(ByteBuffer.allocate(header.remaining() + data.length)
                .put(header)
                .put(data)
                .flip());
    }

    int write(final long offset, final byte[] data) throws IOException {
        sendWrite(0, 9, offset, data);
        return reply(0).error;
    }

    void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    SocketChannel channel() {
        return channel;
    }

    @Override
    public void close() throws IOException {
        Channels.newOutputStream(channel).close();
        channel.close();
    }
}
