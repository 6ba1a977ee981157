package io.varve.s3;

import io.varve.lsvd.store.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.http.SdkHttpFullResponse;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;

/**
 * A transport without a network: every request gets the answer that is given, at once and on the thread that sends it. As
 * over a connection, a body may come in pieces and end too early, and what is no HTTP is a failure.
 */
final class AnsweringTransport extends S3Transport {
    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[01] ([0-9]{3})(?: (.*))?");
    private static final String END_OF_HEAD = "\r\n\r\n";

    private final Supplier<byte[]> answer;

    AnsweringTransport(final S3StoreContext context, final Supplier<byte[]> answer) throws StoreException {
        super(context);
        this.answer = answer;
    }

    @Override
    public CompletableFuture<Void> execute(final AsyncExecuteRequest request) {
        final CompletableFuture<Void> result = new CompletableFuture<>();
        request.requestContentPublisher().subscribe(new Sink());
        try {
            answer(request, answer.get(), result);
        } catch (final IOException e) {
            request.responseHandler().onError(e);
            result.completeExceptionally(e);
        }
        return result;
    }

    private static void answer(
            final AsyncExecuteRequest request, final byte[] bytes, final CompletableFuture<Void> result)
            throws IOException {
        final String text = new String(bytes, StandardCharsets.ISO_8859_1);
        final int end = text.indexOf(END_OF_HEAD);
        if (end < 0) {
            throw new IOException("the connection was closed");
        }
        final String[] lines = text.substring(0, end).split("\r\n", -1);
        final Matcher status = STATUS_LINE.matcher(lines[0]);
        if (!status.matches()) {
            throw new IOException("no status line");
        }
        final SdkHttpFullResponse.Builder head = SdkHttpFullResponse.builder()
                .statusCode(Integer.parseInt(status.group(1)))
                .statusText(status.group(2));
        long length = -1;
        for (final String line : List.of(lines).subList(1, lines.length)) {
            final int colon = line.indexOf(':');
            if (colon < 1) {
                throw new IOException("no header");
            }
            final String name = line.substring(0, colon).strip();
            final String value = line.substring(colon + 1).strip();
            head.appendHeader(name, value);
            if (name.equalsIgnoreCase("Content-Length")) {
                length = length(value);
            }
        }
        final int bodyAt = end + END_OF_HEAD.length();
        final int there = request.request().method() == SdkHttpMethod.HEAD ? 0 : bytes.length - bodyAt;
        final int taken = length < 0 ? there : (int) Math.min(there, length);
        request.responseHandler().onHeaders(head.build());
        request.responseHandler()
                .onStream(new Body(pieces(ByteBuffer.wrap(bytes, bodyAt, taken)), taken < length, result));
    }

    private static long length(final String value) throws IOException {
        if (!value.matches("[0-9]{1,18}")) {
            throw new IOException("no length");
        }
        return Long.parseLong(value);
    }

    /** In halves, so that what reads a body has to go on. */
    private static List<ByteBuffer> pieces(final ByteBuffer body) {
        final List<ByteBuffer> pieces = new ArrayList<>();
        final int half = body.remaining() / 2;
        if (half > 0) {
            pieces.add(body.slice(body.position(), half));
        }
        if (body.remaining() > half) {
            pieces.add(body.slice(body.position() + half, body.remaining() - half));
        }
        return pieces;
    }

    /** Takes the body of a request. */
    private static final class Sink implements Subscriber<ByteBuffer> {
        @Override
        public void onSubscribe(final Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(final ByteBuffer piece) {}

        @Override
        public void onError(final Throwable failure) {}

        @Override
        public void onComplete() {}
    }

    /** The body of an answer, to one subscriber and on its thread. */
    private static final class Body implements Publisher<ByteBuffer> {
        private final List<ByteBuffer> pieces;
        private final boolean isCutOff;
        private final CompletableFuture<Void> result;

        Body(final List<ByteBuffer> pieces, final boolean isCutOff, final CompletableFuture<Void> result) {
            this.pieces = pieces;
            this.isCutOff = isCutOff;
            this.result = result;
        }

        @Override
        public void subscribe(final Subscriber<? super ByteBuffer> subscriber) {
            subscriber.onSubscribe(new Subscription() {
                private long wanted;
                private int given;
                private boolean isGiving;
                private boolean isOver;

                @Override
                public void request(final long count) {
                    wanted = count > Long.MAX_VALUE - wanted ? Long.MAX_VALUE : wanted + count;
                    if (isGiving) {
                        return;
                    }
                    isGiving = true;
                    while (!isOver && wanted > 0 && given < pieces.size()) {
                        wanted--;
                        subscriber.onNext(pieces.get(given++));
                    }
                    isGiving = false;
                    if (!isOver && given == pieces.size()) {
                        end();
                    }
                }

                private void end() {
                    isOver = true;
                    if (isCutOff) {
                        final IOException failure = new IOException("the connection was closed");
                        subscriber.onError(failure);
                        result.completeExceptionally(failure);
                    } else {
                        subscriber.onComplete();
                        result.complete(null);
                    }
                }

                @Override
                public void cancel() {
                    isOver = true;
                    result.complete(null);
                }
            });
        }
    }
}
