package io.varve.s3;

import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/**
 * Any answer of an S3 server to any request: a byte that says what is asked, and the whole answer, status line, headers and body.
 * What is asked for is answered, or fails with one line for people. Over sockets, with Netty's reader of HTTP between; or
 * without both, ten times as fast.
 */
final class AnswerTarget implements FuzzTarget {
    private static final int GET = 0;
    private static final int PUT = 1;
    private static final int LIST = 2;
    private static final int KINDS = 4;
    private static final int LENGTH = 100;
    private static final int TIMEOUT_S = 20;
    private static final int MOST_TOLD = 1_000;

    /** What nobody is to be told, unless the server says it. */
    private static final List<String> INNER_WORDS = List.of("Exception", "software.amazon");

    private static final int READ_TIMEOUT_MS = 10_000;

    private final boolean hasSockets;
    private ObjectStore store;
    private volatile byte[] answer;

    AnswerTarget(final boolean hasSockets) {
        this.hasSockets = hasSockets;
    }

    @Override
    public String name() {
        return hasSockets ? "s3-connection" : "s3-answer";
    }

    @Override
    public int sampled() {
        return hasSockets ? 500 : 2_000;
    }

    @Override
    public List<byte[]> seeds() {
        final List<byte[]> seeds = new ArrayList<>();
        seeds.add(seed(GET, "206 Partial Content", "Content-Range: bytes 0-4/5\r\n", "hello"));
        seeds.add(seed(GET, "200 OK", "ETag: \"1\"\r\n", "hello"));
        seeds.add(seed(PUT, "200 OK", "ETag: \"1\"\r\n", ""));
        seeds.add(seed(LIST, "200 OK", "Content-Type: application/xml\r\n", """
            <?xml version="1.0"?><ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated>
            <Contents><Key>p/k/a</Key><Size>5</Size></Contents></ListBucketResult>\
            """));
        seeds.add(seed(KINDS - 1, "204 No Content", "", ""));
        final String story = "all work and no play ".repeat(100);
        seeds.add(seed(GET, "400 Bad Request", "", "<Error><Code>Work</Code><Message>" + story + "</Message></Error>"));
        for (final String code : List.of(
                "404 Not Found/NoSuchKey",
                "404 Not Found/NoSuchBucket",
                "412 Precondition Failed/PreconditionFailed",
                "403 Forbidden/AccessDenied",
                "403 Forbidden/SignatureDoesNotMatch",
                "301 Moved/PermanentRedirect",
                "416 Range/InvalidRange",
                "501 Not Implemented/NotImplemented",
                "503 Slow Down/SlowDown")) {
            final String[] parts = code.split("/");
            seeds.add(seed(
                    seeds.size() % KINDS,
                    parts[0],
                    "x-amz-bucket-region: eu\r\nx-amz-request-id: 1\r\n",
                    "<Error><Code>" + parts[1] + "</Code><Message>no\n</Message><Region>x</Region></Error>"));
        }
        return seeds;
    }

    private static byte[] seed(final int kind, final String status, final String headers, final String body) {
        return ((char) ('0' + kind) + "HTTP/1.1 " + status + "\r\nContent-Length: " + body.length() + "\r\n" + headers
                        + "\r\n" + body)
                .getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void run(final byte[] input) throws Exception {
        if (input.length == 0) {
            return;
        }
        if (store == null) {
            store = open();
        }
        answer = Arrays.copyOfRange(input, 1, input.length);
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment memory = arena.allocate(LENGTH);
            check(ask(Math.floorMod(input[0] - '0', KINDS), memory).get(TIMEOUT_S, TimeUnit.SECONDS));
        } catch (final ExecutionException e) {
            check(e.getCause(), new String(answer, StandardCharsets.ISO_8859_1));
        } catch (final TimeoutException e) {
            throw new AssertionError("nothing came of it", e);
        }
    }

    private CompletableFuture<?> ask(final int kind, final MemorySegment memory) {
        return switch (kind) {
            case GET -> store.get("k/a", 0, memory);
            case PUT -> store.putIfAbsent("k/a", memory);
            case LIST -> store.list("k/");
            default -> store.delete("k/a");
        };
    }

    private static void check(final Object result) {
        if (result instanceof Integer length && (length < 0 || length > LENGTH)) {
            throw new AssertionError(length + " bytes were read");
        }
        if (result instanceof List<?> objects) {
            for (final Object object : objects) {
                if (!((StoredObject) object).key().startsWith("k/")) {
                    throw new AssertionError("listed: " + object);
                }
            }
        }
    }

    private static void check(final Throwable failure, final String answered) {
        final String message = failure.getMessage();
        if (!(failure instanceof StoreException)
                || message.isBlank()
                || message.length() > MOST_TOLD
                || message.chars().anyMatch(Character::isISOControl)
                || INNER_WORDS.stream().anyMatch(word -> message.contains(word) && !answered.contains(word))) {
            throw new AssertionError("people are told: " + message, failure);
        }
    }

    private ObjectStore open() throws IOException {
        final S3Location location = S3Location.parse("s3://bucket/p");
        final S3StoreContext context = new S3StoreContext()
                .region("us-east-1")
                .credentials(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b")))
                .attemptTimeout(Duration.ofSeconds(5))
                .maxAttempts(1);
        if (!hasSockets) {
            context.endpoint("http://127.0.0.1:1");
            return S3ObjectStore.open(location, context, new AnsweringTransport(context, () -> answer));
        }
        final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        final Thread thread = new Thread(() -> serve(server), "fuzz-server");
        thread.setDaemon(true);
        thread.start();
        return S3ObjectStore.open(location, context.endpoint("http://127.0.0.1:" + server.getLocalPort()));
    }

    private void serve(final ServerSocket server) {
        while (true) {
            try (Socket socket = server.accept()) {
                socket.setSoTimeout(READ_TIMEOUT_MS);
                takeRequest(new BufferedInputStream(socket.getInputStream()));
                socket.getOutputStream().write(answer);
                socket.shutdownOutput();
                socket.getInputStream().readAllBytes();
            } catch (final IOException e) {
                // The client has had enough.
                if (server.isClosed()) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /** Reads a request and its body. */
    private static void takeRequest(final InputStream stream) throws IOException {
        final StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            final int next = stream.read();
            if (next < 0) {
                return;
            }
            head.append((char) next);
        }
        if (head.indexOf("PUT ") == 0) {
            stream.skipNBytes(LENGTH);
        }
    }
}
