package io.varve.launcher.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** As much of an S3 server as a volume's creation needs, which may overlook {@code If-None-Match}, as some do. */
final class CarelessServer implements AutoCloseable {
    private final NavigableMap<String, byte[]> objects = new ConcurrentSkipListMap<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpServer server;
    private final Set<String> denied = ConcurrentHashMap.newKeySet();
    private volatile boolean isCareless;
    private volatile String versioning;

    CarelessServer(final boolean isCareless) throws IOException {
        this.isCareless = isCareless;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/bucket", this::answer);
        server.start();
    }

    String endpoint() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    NavigableMap<String, byte[]> objects() {
        return objects;
    }

    void careless(final boolean value) {
        isCareless = value;
    }

    /** From now on a method of HTTP is not permitted. */
    void deny(final String method) {
        denied.add(method);
    }

    /** What it says of the bucket's versioning; null for nothing. */
    void versioning(final String status) {
        versioning = status;
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }

    private void answer(final HttpExchange exchange) throws IOException {
        final String key = exchange.getRequestURI().getPath().replaceFirst("^/bucket/?", "");
        final byte[] body = exchange.getRequestBody().readAllBytes();
        if (denied.contains(exchange.getRequestMethod())) {
            refuse(exchange, 403, "AccessDenied");
            return;
        }
        switch (exchange.getRequestMethod()) {
            case "PUT" -> {
                final boolean isTaken = (isCareless ? objects.put(key, body) : objects.putIfAbsent(key, body)) != null;
                if (isTaken && !isCareless) {
                    refuse(exchange, 412, "PreconditionFailed");
                    return;
                }
                exchange.getResponseHeaders().set("ETag", "\"1\"");
                send(exchange, 200, new byte[0]);
            }
            case "DELETE" -> {
                objects.remove(key);
                send(exchange, 204, new byte[0]);
            }
            default -> {
                if ("versioning".equals(exchange.getRequestURI().getQuery())) {
                    final String status = versioning == null ? "" : "<Status>" + versioning + "</Status>";
                    send(
                            exchange,
                            200,
                            ("<VersioningConfiguration>" + status + "</VersioningConfiguration>")
                                    .getBytes(StandardCharsets.UTF_8));
                } else if (key.isEmpty()) {
                    send(exchange, 200, list(exchange.getRequestURI().getQuery()));
                } else {
                    sendRange(exchange, objects.get(key));
                }
            }
        }
    }

    private byte[] list(final String query) {
        final String prefix = query.replaceFirst(".*prefix=([^&]*).*", "$1");
        final StringBuilder xml = new StringBuilder("<ListBucketResult><IsTruncated>false</IsTruncated>");
        objects.forEach((key, body) -> {
            if (key.startsWith(prefix)) {
                xml.append("<Contents><Key>").append(key).append("</Key><Size>").append(body.length);
                xml.append("</Size></Contents>");
            }
        });
        return xml.append("</ListBucketResult>").toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void sendRange(final HttpExchange exchange, final byte[] body) throws IOException {
        if (body == null) {
            refuse(exchange, 404, "NoSuchKey");
            return;
        }
        final String[] range = exchange.getRequestHeaders().getFirst("Range").split("[=-]");
        final int first = Integer.parseInt(range[1]);
        final int end = (int) Math.min(body.length, Long.parseLong(range[2]) + 1);
        exchange.getResponseHeaders().set("Content-Range", "bytes " + first + "-" + (end - 1) + "/" + body.length);
        send(exchange, 206, Arrays.copyOfRange(body, first, end));
    }

    private static void refuse(final HttpExchange exchange, final int status, final String code) throws IOException {
        send(exchange, status, ("<Error><Code>" + code + "</Code></Error>").getBytes(StandardCharsets.UTF_8));
    }

    private static void send(final HttpExchange exchange, final int status, final byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
