package io.varve.s3;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/**
 * A way to an HTTP server on which things go wrong: one after the other as a test lays down ({@link #next}), or as a function
 * of each request says ({@link #faults}); with a delay before each answer ({@link #latency}); or not at all for a while
 * ({@link #down}). Connections are kept as the server keeps them.
 */
public final class FaultyProxy implements AutoCloseable {
    private final InetSocketAddress upstream;
    private final ServerSocket listener;
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final Queue<Fault> faults = new ConcurrentLinkedQueue<>();
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicLong stalledBytes = new AtomicLong();
    private volatile UnaryOperator<Fault> function = fault -> fault;
    private volatile Duration latency = Duration.ZERO;
    private volatile boolean isDown;

    /** Starts a way to a server, on a free port of loopback. */
    public FaultyProxy(final String endpoint) throws IOException {
        final URI uri = URI.create(endpoint);
        upstream = new InetSocketAddress(uri.getHost(), uri.getPort());
        listener = new ServerSocket(0, 256, InetAddress.getLoopbackAddress());
        Thread.ofPlatform().daemon().name("faulty-proxy").start(this::accept);
    }

    /** The proxy's address. */
    public String endpoint() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    /** Lays down what happens to the next requests, in turn; then all is well. */
    public void next(final Fault... next) {
        faults.addAll(java.util.List.of(next));
    }

    /** Asks a function about each request that nothing has been laid down for; it is given {@link Fault.None}. */
    public void faults(final UnaryOperator<Fault> value) {
        function = value;
    }

    /** Sets how long each answer is held back. */
    public void latency(final Duration value) {
        latency = value;
    }

    /** Sets whether connections, those that are there included, are reset. */
    public void down(final boolean value) {
        isDown = value;
        if (value) {
            connections.forEach(FaultyProxy::reset);
        }
    }

    /** Requests so far. */
    public int requests() {
        return requests.get();
    }

    /** Connections that are open now. */
    public int connections() {
        return connections.size();
    }

    /** Bytes of bodies that stalled requests have brought. */
    public long stalledBytes() {
        return stalledBytes.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        connections.forEach(FaultyProxy::reset);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                final Socket client = listener.accept();
                connections.add(client);
                Thread.ofVirtual().start(() -> serve(client));
            } catch (final IOException e) {
                // Closed, or out of descriptors: a test will notice.
                continue;
            }
        }
    }

    private void serve(final Socket client) {
        try (client;
                Socket server = new Socket()) {
            if (isDown) {
                reset(client);
                return;
            }
            client.setTcpNoDelay(true);
            server.connect(upstream);
            server.setTcpNoDelay(true);
            final InputStream in = new BufferedInputStream(client.getInputStream());
            final InputStream answers = new BufferedInputStream(server.getInputStream());
            boolean goesOn = true;
            while (goesOn) {
                final byte[] head = HttpMessage.readHead(in);
                goesOn = head != null && exchange(head, in, client, server, answers);
            }
        } catch (final IOException | InterruptedException e) {
            // One of the two has gone, which is what this proxy is for.
            reset(client);
        } finally {
            connections.remove(client);
        }
    }

    /** Handles one request; false when the connection is not to be used any more. */
    private boolean exchange(
            final byte[] head,
            final InputStream in,
            final Socket client,
            final Socket server,
            final InputStream answers)
            throws IOException, InterruptedException {
        requests.incrementAndGet();
        final Fault laidDown = faults.poll();
        final Fault fault = laidDown != null ? laidDown : function.apply(new Fault.None());
        if (fault instanceof Fault.StalledRequest stalled) {
            stalled.open().await();
            stalledBytes.addAndGet(drain(in));
            return false;
        }
        final byte[] body = HttpMessage.readBody(head, in);
        switch (fault) {
            case Fault.Answer answer -> {
                client.getOutputStream()
                        .write(error(answer, HttpMessage.text(head).startsWith("HEAD ")));
                return true;
            }
            case Fault.Raw raw -> {
                client.getOutputStream().write(raw.text().getBytes(StandardCharsets.ISO_8859_1));
                return false;
            }
            case Fault.Reset reset -> {
                reset(client);
                return false;
            }
            case Fault.Silence silence -> {
                drain(in);
                return false;
            }
            default -> {
                server.getOutputStream().write(head);
                server.getOutputStream().write(body);
                return answer(fault, HttpMessage.text(head).startsWith("HEAD "), client, answers);
            }
        }
    }

    private boolean answer(final Fault fault, final boolean isHead, final Socket client, final InputStream answers)
            throws IOException, InterruptedException {
        final byte[] head = HttpMessage.readHead(answers);
        if (head == null) {
            return false;
        }
        final byte[] body = isHead ? new byte[0] : HttpMessage.readBody(head, answers);
        if (fault instanceof Fault.LostAnswer) {
            reset(client);
            return false;
        }
        Thread.sleep(latency);
        final OutputStream out = client.getOutputStream();
        out.write(head);
        final int half = body.length / 2;
        out.write(body, 0, half);
        if (fault instanceof Fault.HalfBody) {
            return false;
        }
        if (fault instanceof Fault.StalledAnswer stalled) {
            stalled.open().await();
        }
        out.write(body, half, body.length - half);
        return !"close".equalsIgnoreCase(HttpMessage.header(head, "connection"));
    }

    private static long drain(final InputStream in) {
        long count = 0;
        final byte[] buffer = new byte[64 << 10];
        try {
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                count += length;
            }
        } catch (final IOException e) {
            return count;
        }
        return count;
    }

    private static byte[] error(final Fault.Answer answer, final boolean isHead) {
        final String body = answer.code().isEmpty()
                ? ""
                : "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" + answer.code()
                        + "</Code><Message>As laid\ndown</Message></Error>";
        return ("HTTP/1.1 " + answer.status() + " Fault\r\nContent-Type: application/xml\r\nContent-Length: "
                        + body.length() + "\r\n" + (answer.header().isEmpty() ? "" : answer.header() + "\r\n")
                        + "\r\n" + (isHead ? "" : body))
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Ends a connection with RST instead of FIN. */
    private static void reset(final Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (final IOException e) {
            // Closed already.
            return;
        }
    }
}
