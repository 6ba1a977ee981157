package io.varve.launcher.serve;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A client of the control socket that sends what it likes. */
final class RawClient implements AutoCloseable {
    private final SocketChannel channel;

    RawClient(final Path path) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
    }

    void send(final String text) throws IOException {
        send(text.getBytes(StandardCharsets.UTF_8));
    }

    void send(final byte... bytes) throws IOException {
        final ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    String line() throws IOException {
        final StringBuilder line = new StringBuilder();
        final ByteBuffer one = ByteBuffer.allocate(1);
        while (channel.read(one) > 0) {
            if (one.get(0) == '\n') {
                return line.toString();
            }
            line.append((char) one.get(0));
            one.clear();
        }
        throw new EOFException("the connection ends after: " + line);
    }

    /** Sends until the daemon closes the connection, and reads nothing. */
    void sendUntilDropped(final String text) {
        try {
            while (channel.isOpen()) {
                send(text);
            }
        } catch (final IOException e) {
            return;
        }
    }

    /** Reads until the daemon closes the connection. */
    void awaitEnd() {
        try {
            while (channel.read(ByteBuffer.allocate(8192)) >= 0) {
                continue;
            }
        } catch (final IOException e) {
            return;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
