package io.varve.s3;

import io.varve.lsvd.store.StoreException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiFunction;
import java.util.function.IntFunction;

/**
 * Carries out operations on the store's own threads, each by one or more attempts. What may pass is tried again after a random
 * pause, as long as the operation's number of attempts, its time and the common {@link RetryBudget} allow.
 *
 * <p>Every future that was handed out is completed: at the latest by {@link #close()}.
 */
final class Attempts implements AutoCloseable {
    private final S3StoreContext context;
    private final ScheduledExecutorService executor;
    private final BiFunction<Throwable, String, StoreException> describe;
    private final RetryBudget budget;
    private final Set<Operation<?>> operations = ConcurrentHashMap.newKeySet();
    private final AtomicInteger count = new AtomicInteger();
    private final LongAdder repeated = new LongAdder();
    private volatile boolean isClosed;

    /**
     * Makes a runner of operations.
     *
     * @param executor whose threads begin attempts; belongs to the caller.
     * @param describe puts a failure, and what was tried, into one line.
     */
    Attempts(
            final S3StoreContext context,
            final ScheduledExecutorService executor,
            final BiFunction<Throwable, String, StoreException> describe) {
        this.context = context;
        this.executor = executor;
        this.describe = describe;
        this.budget = new RetryBudget(context.retryBudget());
    }

    /**
     * Begins an operation.
     *
     * @param what    is tried, for messages: "cannot read KEY".
     * @param memory  that the operation uses, revoked before it is over; or null.
     * @param attempt begins the attempt of a number, from 1 on.
     */
    <T> CompletableFuture<T> run(
            final String what, final RevocableSegment memory, final IntFunction<CompletableFuture<T>> attempt) {
        final Operation<T> operation = new Operation<>(what, memory, attempt);
        if (count.incrementAndGet() > context.maxOperations()) {
            count.decrementAndGet();
            operation.result.completeExceptionally(new StoreException(
                    what + ": more than " + context.maxOperations() + " operations on the store at a time"));
            return operation.result;
        }
        operations.add(operation);
        operation.schedule(0);
        // A close that came between would have missed it.
        if (isClosed) {
            operation.fail(closed(what));
        }
        return operation.result;
    }

    /** How many attempts have been made again so far. */
    long repeated() {
        return repeated.sum();
    }

    /** Ends all operations with a failure; new ones fail at once. */
    @Override
    public void close() {
        isClosed = true;
        for (final Operation<?> operation : operations) {
            operation.fail(closed(operation.what));
        }
    }

    private static StoreException closed(final String what) {
        return new StoreException(what + ": the store has been closed");
    }

    /** Something to be done, and the future that was handed out for it. */
    private final class Operation<T> {
        private final CompletableFuture<T> result = new CompletableFuture<>();
        private final String what;
        private final RevocableSegment memory;
        private final IntFunction<CompletableFuture<T>> attempt;
        private final long startNs = System.nanoTime();
        private int number;

        Operation(final String what, final RevocableSegment memory, final IntFunction<CompletableFuture<T>> attempt) {
            this.what = what;
            this.memory = memory;
            this.attempt = attempt;
        }

        void schedule(final long delayMs) {
            try {
                executor.schedule(this::begin, delayMs, TimeUnit.MILLISECONDS);
            } catch (final RejectedExecutionException e) {
                fail(closed(what));
            }
        }

        void fail(final StoreException failure) {
            if (operations.remove(this)) {
                release();
                result.completeExceptionally(failure);
            }
        }

        private void begin() {
            if (isClosed) {
                fail(closed(what));
                return;
            }
            number++;
            CompletableFuture<T> outcome;
            try {
                outcome = attempt.apply(number);
            } catch (final RuntimeException e) {
                outcome = CompletableFuture.failedFuture(e);
            }
            outcome.whenComplete(this::ended);
        }

        private void ended(final T value, final Throwable wrapped) {
            if (wrapped == null) {
                budget.succeeded();
                succeed(value);
                return;
            }
            final Throwable failure = Failures.unwrap(wrapped);
            if (Failures.mayPass(failure) && mayRepeat()) {
                repeated.increment();
                schedule(pauseMs());
            } else {
                fail(isClosed ? closed(what) : describe.apply(failure, what));
            }
        }

        private void succeed(final T value) {
            if (operations.remove(this)) {
                release();
                result.complete(value);
            }
        }

        private void release() {
            count.decrementAndGet();
            if (memory != null) {
                memory.revoke();
            }
        }

        private boolean mayRepeat() {
            return !isClosed
                    && number < context.maxAttempts()
                    && System.nanoTime() - startNs < context.operationTimeout().toNanos()
                    && budget.take();
        }

        private long pauseMs() {
            final long limit = Math.min(
                    context.maxBackOff().toMillis(), context.minBackOff().toMillis() << Math.min(number - 1, 16));
            return ThreadLocalRandom.current().nextLong(limit + 1);
        }
    }
}
