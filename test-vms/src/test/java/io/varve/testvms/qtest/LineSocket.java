package io.varve.testvms.qtest;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/** A socket on which QEMU, which connects to it, is spoken to in lines. */
final class LineSocket implements AutoCloseable {
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(30);

    private final ServerSocketChannel listener;
    private SocketChannel channel;
    private BufferedReader in;
    private OutputStream out;

    /** Listens; QEMU may be started now. */
    LineSocket(final Path path) throws IOException {
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(path));
    }

    /** Waits for QEMU to connect. */
    void accept() throws IOException {
        listener.configureBlocking(false);
        try (Selector selector = Selector.open()) {
            listener.register(selector, SelectionKey.OP_ACCEPT);
            if (selector.select(CONNECT_LIMIT.toMillis()) == 0) {
                throw new IOException("QEMU did not connect");
            }
            channel = listener.accept();
        }
        in = new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.US_ASCII));
        out = Channels.newOutputStream(channel);
    }

    void send(final String line) throws IOException {
        out.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** The next line, which is waited for. */
    String receive() throws IOException {
        final String line = in.readLine();
        if (line == null) {
            throw new EOFException("QEMU has closed the connection");
        }
        return line;
    }

    @Override
    public void close() throws IOException {
        listener.close();
        if (channel != null) {
            channel.close();
        }
    }
}
