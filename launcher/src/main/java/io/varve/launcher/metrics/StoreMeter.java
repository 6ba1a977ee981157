package io.varve.launcher.metrics;

import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.LongAdder;

/** A store whose operations are counted and timed. Used by any thread. */
public final class StoreMeter extends ForwardingStore {
    private enum Operation {
        PUT,
        GET,
        LIST,
        DELETE
    }

    private final LongAdder[] begun = adders();
    private final LongAdder[] ended = adders();
    private final LongAdder[] failed = adders();
    private final LongAdder[] bytes = adders();
    private final LongAdder[] durationsNs = adders();

    /** Counts what is done with a store, which it closes. */
    public StoreMeter(final ObjectStore store) {
        super(store);
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        final long length = body.byteSize();
        return meter(Operation.PUT, () -> store().putIfAbsent(key, body), created -> created ? length : 0);
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return meter(Operation.GET, () -> store().get(key, offset, target), Integer::longValue);
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        return meter(Operation.LIST, () -> store().list(prefix, after, limit), found -> 0);
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return meter(Operation.DELETE, () -> store().delete(key), nothing -> 0);
    }

    void print(final MetricsText text) {
        text.begin("varve_store_operations_total", "counter", "Operations on the store that have ended.");
        print(text, ended);
        text.begin(
                "varve_store_failures_total", "counter", "Operations on the store that failed, all attempts included.");
        print(text, failed);
        text.begin("varve_store_in_flight", "gauge", "Operations on the store that have begun and not ended.");
        for (final Operation operation : Operation.values()) {
            // Ends first: what ends between the two is counted as in flight.
            final long ends = ended[operation.ordinal()].sum();
            text.sample("operation", label(operation), begun[operation.ordinal()].sum() - ends);
        }
        text.begin("varve_store_bytes_total", "counter", "Bytes that were put into the store and read from it.");
        for (final Operation operation : List.of(Operation.PUT, Operation.GET)) {
            text.sample("operation", label(operation), bytes[operation.ordinal()].sum());
        }
        text.begin(
                "varve_store_duration_seconds",
                "summary",
                "Duration of operations on the store, all attempts included.");
        for (final Operation operation : Operation.values()) {
            final String[] labels = {"operation", label(operation)};
            text.sample("_sum", labels, MetricsText.seconds(durationsNs[operation.ordinal()].sum()));
            text.sample("_count", labels, Long.toString(ended[operation.ordinal()].sum()));
        }
        text.counter(
                "varve_store_repeated_attempts_total",
                "Requests to the store's server that were sent again.",
                repeatedAttempts());
    }

    private static void print(final MetricsText text, final LongAdder[] adders) {
        for (final Operation operation : Operation.values()) {
            text.sample("operation", label(operation), adders[operation.ordinal()].sum());
        }
    }

    private static String label(final Operation operation) {
        return operation.name().toLowerCase(Locale.ROOT);
    }

    private <T> CompletableFuture<T> meter(
            final Operation operation, final Begin<T> begin, final java.util.function.ToLongFunction<T> length) {
        final int index = operation.ordinal();
        begun[index].increment();
        final long startNs = System.nanoTime();
        final CompletableFuture<T> future = begin.begin();
        future.whenComplete((value, failure) -> {
            durationsNs[index].add(System.nanoTime() - startNs);
            if (failure == null) {
                bytes[index].add(length.applyAsLong(value));
            } else if (!isAnswer(failure)) {
                failed[index].increment();
            }
            ended[index].increment();
        });
        return future;
    }

    /** That there is no such object is an answer as well. */
    private static boolean isAnswer(final Throwable failure) {
        return failure instanceof NoSuchObjectException
                || failure instanceof CompletionException && failure.getCause() instanceof NoSuchObjectException;
    }

    private static LongAdder[] adders() {
        final LongAdder[] adders = new LongAdder[Operation.values().length];
        for (int i = 0; i < adders.length; i++) {
            adders[i] = new LongAdder();
        }
        return adders;
    }

    /** Begins an operation. */
    @FunctionalInterface
    private interface Begin<T> {
        CompletableFuture<T> begin();
    }
}
