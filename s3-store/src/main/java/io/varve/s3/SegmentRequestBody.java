package io.varve.s3;

import io.varve.lsvd.store.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncRequestBody;

/**
 * The body of a request, out of a segment: copied in pieces of {@value #PIECE_LENGTH} bytes as the network takes them, so that
 * a whole object is never in the heap at once.
 */
final class SegmentRequestBody implements AsyncRequestBody {
    /** Bytes of a piece. */
    static final int PIECE_LENGTH = 64 << 10;

    private final RevocableSegment memory;

    SegmentRequestBody(final RevocableSegment memory) {
        this.memory = memory;
    }

    @Override
    public Optional<Long> contentLength() {
        return Optional.of(memory.byteSize());
    }

    @Override
    public String contentType() {
        return "application/octet-stream";
    }

    @Override
    public void subscribe(final Subscriber<? super ByteBuffer> subscriber) {
        subscriber.onSubscribe(new Pieces(subscriber));
    }

    /** Hands out the pieces to one subscriber, one thread at a time whoever asks. */
    private final class Pieces implements Subscription {
        private final Subscriber<? super ByteBuffer> subscriber;
        private final AtomicLong demand = new AtomicLong();
        private long position;
        private volatile boolean isOver;

        Pieces(final Subscriber<? super ByteBuffer> subscriber) {
            this.subscriber = subscriber;
        }

        @Override
        public void request(final long count) {
            if (count <= 0) {
                fail(new IllegalArgumentException("a request for " + count + " pieces"));
                return;
            }
            if (demand.getAndAccumulate(count, Pieces::saturatingSum) == 0) {
                drain();
            }
        }

        @Override
        public void cancel() {
            isOver = true;
        }

        private void drain() {
            long missed = demand.get();
            do {
                for (long i = 0; i < missed && !isOver; i++) {
                    next();
                }
                missed = isOver ? 0 : demand.addAndGet(-missed);
            } while (missed != 0);
        }

        private void next() {
            final byte[] piece = new byte[(int) Math.min(PIECE_LENGTH, memory.byteSize() - position)];
            try {
                if (!memory.copyOut(position, piece)) {
                    fail(new IOException("the operation is over"));
                    return;
                }
            } catch (final RuntimeException e) {
                fail(new StoreException("the object's memory cannot be read: " + e.getMessage(), e));
                return;
            }
            position += piece.length;
            if (piece.length > 0) {
                subscriber.onNext(ByteBuffer.wrap(piece));
            }
            if (position == memory.byteSize() && !isOver) {
                isOver = true;
                subscriber.onComplete();
            }
        }

        private void fail(final Throwable failure) {
            if (!isOver) {
                isOver = true;
                subscriber.onError(failure);
            }
        }

        private static long saturatingSum(final long a, final long b) {
            return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
        }
    }
}
