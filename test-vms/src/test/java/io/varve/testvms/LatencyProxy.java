package io.varve.testvms;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/** A process between a server and its clients that holds back whatever the server answers for a while; not its throughput. */
final class LatencyProxy {
    private static final int BUFFER_BYTES = 1 << 16;

    /** Bounds what is held back of a connection: 16 MiB. */
    private static final int MAX_PIECES = 256;

    private static final byte[] END = {};

    private final InetSocketAddress upstream;
    private final long latencyNs;

    private LatencyProxy(final InetSocketAddress upstream, final long latencyNs) {
        this.upstream = upstream;
        this.latencyNs = latencyNs;
    }

    /** Serves until it is killed: address and port to listen at, port of the server at that address, milliseconds. */
    public static void main(final String[] arguments) throws IOException {
        final String address = arguments[0];
        final LatencyProxy proxy = new LatencyProxy(
                new InetSocketAddress(address, Integer.parseInt(arguments[2])),
                Long.parseLong(arguments[3]) * 1_000_000);
        try (ServerSocket listener = new ServerSocket()) {
            listener.bind(new InetSocketAddress(address, Integer.parseInt(arguments[1])));
            System.out.println("READY");
            while (true) {
                proxy.serve(listener.accept());
            }
        }
    }

    private void serve(final Socket client) throws IOException {
        final Socket server = new Socket();
        server.connect(upstream);
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        final BlockingQueue<Piece> answers = new ArrayBlockingQueue<>(MAX_PIECES);
        start(() -> client.getInputStream().transferTo(server.getOutputStream()), server);
        start(() -> receive(server.getInputStream(), answers), server);
        start(() -> send(answers, client.getOutputStream()), client);
    }

    private void receive(final InputStream in, final BlockingQueue<Piece> answers) throws InterruptedException {
        final byte[] buffer = new byte[BUFFER_BYTES];
        try {
            for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
                answers.put(new Piece(System.nanoTime() + latencyNs, Arrays.copyOf(buffer, read)));
            }
        } catch (final IOException e) {
            // What came before is still sent.
        }
        answers.put(new Piece(System.nanoTime() + latencyNs, END));
    }

    private static void send(final BlockingQueue<Piece> answers, final OutputStream out)
            throws IOException, InterruptedException {
        for (Piece piece = answers.take(); piece.bytes != END; piece = answers.take()) {
            final long leftNs = piece.dueNs - System.nanoTime();
            if (leftNs > 0) {
                Thread.sleep(Duration.ofNanos(leftNs));
            }
            out.write(piece.bytes);
        }
    }

    /** Runs one direction on a thread of its own, which closes a socket at its end: the other directions meet that. */
    private static void start(final Direction direction, final Socket closed) {
        Thread.ofVirtual().start(() -> {
            try {
                direction.run();
            } catch (final IOException e) {
                // A connection that is gone ends all its directions.
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            close(closed);
        });
    }

    private static void close(final Socket socket) {
        try {
            socket.close();
        } catch (final IOException e) {
            // It is of no more use either way.
        }
    }

    private record Piece(long dueNs, byte[] bytes) {}

    @FunctionalInterface
    private interface Direction {
        void run() throws IOException, InterruptedException;
    }
}
