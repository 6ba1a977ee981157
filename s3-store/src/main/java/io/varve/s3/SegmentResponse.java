package io.varve.s3;

import io.varve.lsvd.store.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Puts the body of an answer to a ranged read where it belongs, and believes only what is whole: the range must be the one
 * asked for, and all its bytes must come. Gives the number of bytes.
 */
final class SegmentResponse implements AsyncResponseTransformer<GetObjectResponse, Integer> {
    /** Content-Range of RFC 9110, section 14.4, with a known length. */
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})");

    private final RevocableSegment memory;
    private final long offset;
    private final CompletableFuture<Integer> result = new CompletableFuture<>();
    private long expected;

    /**
     * A read of as many bytes as the memory has.
     *
     * @param offset in the object.
     */
    SegmentResponse(final RevocableSegment memory, final long offset) {
        this.memory = memory;
        this.offset = offset;
    }

    @Override
    public CompletableFuture<Integer> prepare() {
        return result;
    }

    @Override
    public void onResponse(final GetObjectResponse response) {
        try {
            expected = expectedLength(response);
        } catch (final IOException e) {
            result.completeExceptionally(e);
        }
    }

    @Override
    public void onStream(final SdkPublisher<ByteBuffer> publisher) {
        publisher.subscribe(new Body());
    }

    @Override
    public void exceptionOccurred(final Throwable failure) {
        result.completeExceptionally(failure);
    }

    private long expectedLength(final GetObjectResponse response) throws IOException {
        if (response.contentRange() == null) {
            if (response.contentLength() == null) {
                throw new IOException("the answer tells no range");
            }
            if (offset != 0 || response.contentLength() > memory.byteSize()) {
                throw new StoreException("the server answers a ranged read with the whole object");
            }
            return response.contentLength();
        }
        final Matcher range = CONTENT_RANGE.matcher(response.contentRange());
        if (!range.matches()) {
            throw new IOException("the server answered with the range '" + response.contentRange() + "'");
        }
        final long first = Long.parseLong(range.group(1));
        final long end = Long.parseLong(range.group(2)) + 1;
        final long total = Long.parseLong(range.group(3));
        if (first != offset || end != Math.min(total, offset + memory.byteSize())) {
            throw new IOException("the server answered with the range '" + response.contentRange() + "' to bytes "
                    + offset + " to " + (offset + memory.byteSize() - 1));
        }
        return end - first;
    }

    /** Takes the pieces of the body. */
    private final class Body implements Subscriber<ByteBuffer> {
        private Subscription subscription;
        private long received;

        @Override
        public void onSubscribe(final Subscription value) {
            subscription = value;
            if (result.isDone()) {
                value.cancel();
            } else {
                value.request(Long.MAX_VALUE);
            }
        }

        @Override
        public void onNext(final ByteBuffer piece) {
            if (result.isDone()) {
                return;
            }
            final int length = piece.remaining();
            if (received + length > expected) {
                end(new IOException("the server sent more than the " + expected + " bytes that it announced"));
                return;
            }
            try {
                if (!memory.copyIn(received, piece)) {
                    end(new IOException("the operation is over"));
                }
            } catch (final RuntimeException e) {
                end(new StoreException("the target's memory cannot be written: " + e.getMessage(), e));
            }
            received += length;
        }

        @Override
        public void onError(final Throwable failure) {
            result.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            if (received == expected) {
                result.complete((int) received);
            } else {
                result.completeExceptionally(
                        new IOException("the answer ended after " + received + " of " + expected + " bytes"));
            }
        }

        private void end(final Throwable failure) {
            result.completeExceptionally(failure);
            subscription.cancel();
        }
    }
}
