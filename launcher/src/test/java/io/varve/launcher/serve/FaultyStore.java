package io.varve.launcher.serve;

import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** A store that fails requests of a kind: for several clients that share the faults. */
final class FaultyStore extends ForwardingStore {
    /** What a request is for. */
    enum Step {
        /** Any, in a plan; in a request what the others are not. */
        ANY,
        DATA,
        CHECKPOINT,
        SEAL,
        EPOCH,
        SETTINGS
    }

    /** How a request fails. */
    enum Way {
        REFUSED,
        /** It is carried out, and the client is told that it failed. */
        ANSWER_LOST
    }

    /** What is to fail. */
    static final class Faults {
        private final Map<Step, Integer> carriedOut = new EnumMap<>(Step.class);
        private Step step;
        private Way way;
        private int left;
        private Step last;

        /** Fails the next so many requests of a kind; 0 for no more. */
        synchronized void fail(final Step newStep, final Way newWay, final int count) {
            step = newStep;
            way = newWay;
            left = count;
        }

        /** Refuses everything once a request of a kind has been carried out. */
        synchronized void refuseAllBehind(final Step newLast) {
            last = newLast;
        }

        /** Fails none from now on. */
        synchronized void end() {
            left = 0;
        }

        /** How many are still to fail. */
        synchronized int left() {
            return left;
        }

        /** How many of a kind have been carried out. */
        synchronized int carriedOut(final Step which) {
            return carriedOut.getOrDefault(which, 0);
        }

        private synchronized Way take(final Step which) {
            if (left == 0 || step != Step.ANY && step != which) {
                return null;
            }
            left--;
            return way;
        }

        private synchronized void onCarriedOut(final Step which) {
            carriedOut.merge(which, 1, Integer::sum);
            if (which == last) {
                last = null;
                fail(Step.ANY, Way.REFUSED, Integer.MAX_VALUE);
            }
        }
    }

    private final Faults faults;

    FaultyStore(final ObjectStore store, final Faults faults) {
        super(store);
        this.faults = faults;
    }

    private <T> CompletableFuture<T> request(final Step step, final Supplier<CompletableFuture<T>> request) {
        final Way way = faults.take(step);
        final CompletableFuture<T> failure =
                CompletableFuture.failedFuture(new StoreException("the store is away, on purpose"));
        if (way == Way.REFUSED) {
            return failure;
        }
        final CompletableFuture<T> answer = request.get().whenComplete((ignored, error) -> faults.onCarriedOut(step));
        return way == null ? answer : answer.thenCompose(ignored -> failure);
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return request(stepOf(key, body), () -> store().putIfAbsent(key, body));
    }

    private static Step stepOf(final String key, final MemorySegment body) {
        if (key.contains("/epochs/")) {
            return Step.EPOCH;
        }
        if (!key.contains("/log/")) {
            return Step.ANY;
        }
        return switch (new ObjectHeader(body).type()) {
            case DATA -> Step.DATA;
            case SEAL -> Step.SEAL;
            case CHECKPOINT -> Step.CHECKPOINT;
        };
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return request(Step.ANY, () -> store().get(key, offset, target));
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        return request(
                prefix.contains("/settings/") ? Step.SETTINGS : Step.ANY, () -> store().list(prefix, after, limit));
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return request(Step.ANY, () -> store().delete(key));
    }
}
