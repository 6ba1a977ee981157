package io.varve.launcher.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.varve.launcher.UserException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Answers {@code GET /metrics}. Up to {@value #THREADS} clients are served at a time, and up to {@value #MAX_CONNECTIONS} can be
 * connected; one that does not send its request or take its answer within {@value #LIMIT_S} s is dropped.
 */
public final class MetricsServer implements AutoCloseable {
    private static final int THREADS = 2;
    private static final int MAX_CONNECTIONS = 64;
    private static final int LIMIT_S = 5;
    private static final Pattern ADDRESS = Pattern.compile("(.+):([0-9]{1,5})");
    private static final int MAX_PORT = 65_535;

    private final HttpServer server;
    private final ThreadPoolExecutor threads;

    private MetricsServer(final HttpServer server) {
        this.server = server;
        final AtomicInteger count = new AtomicInteger();
        threads = new ThreadPoolExecutor(
                THREADS, THREADS, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_CONNECTIONS), runnable -> {
                    final Thread thread = new Thread(runnable, "varve-metrics-" + count.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * Begins to listen; answers wait until {@link #start}.
     *
     * @param address {@code HOST:PORT}; port 0 for any.
     * @throws UserException when that is no address, or can't be listened at.
     */
    public static MetricsServer listen(final String address) {
        final Matcher matcher = ADDRESS.matcher(address);
        if (!matcher.matches() || Integer.parseInt(matcher.group(2)) > MAX_PORT) {
            throw new UserException("--metrics: '" + address + "' is no address: give HOST:PORT, as 127.0.0.1:9464");
        }
        System.setProperty("sun.net.httpserver.maxReqTime", Integer.toString(LIMIT_S));
        System.setProperty("sun.net.httpserver.maxRspTime", Integer.toString(LIMIT_S));
        System.setProperty("jdk.httpserver.maxConnections", Integer.toString(MAX_CONNECTIONS));
        try {
            final InetAddress host = InetAddress.getByName(matcher.group(1));
            return new MetricsServer(
                    HttpServer.create(new InetSocketAddress(host, Integer.parseInt(matcher.group(2))), 0));
        } catch (final UnknownHostException e) {
            throw new UserException("--metrics: host '" + matcher.group(1) + "' is not known", e);
        } catch (final IOException e) {
            throw new UserException("--metrics: cannot listen at " + address + ": " + e.getMessage(), e);
        }
    }

    /** Begins to answer with a text that is made anew for each request, on threads of this server. */
    public void start(final Supplier<String> text) {
        server.setExecutor(threads);
        server.createContext("/", exchange -> answer(exchange, text));
        server.start();
    }

    /** Where it listens. */
    public String url() {
        final InetSocketAddress address = server.getAddress();
        final String host = address.getAddress().getHostAddress();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort() + "/metrics";
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    private static void answer(final HttpExchange exchange, final Supplier<String> text) throws IOException {
        try (exchange) {
            final boolean isGet = exchange.getRequestMethod().equals("GET");
            if (!isGet && !exchange.getRequestMethod().equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                exchange.sendResponseHeaders(405, -1);
            } else if (!exchange.getRequestURI().getPath().equals("/metrics")) {
                exchange.sendResponseHeaders(404, -1);
            } else {
                final byte[] body = text.get().getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
                exchange.sendResponseHeaders(200, isGet ? body.length : -1);
                if (isGet) {
                    exchange.getResponseBody().write(body);
                }
            }
        }
    }
}
