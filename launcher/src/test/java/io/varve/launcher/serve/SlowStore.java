package io.varve.launcher.serve;

import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A store whose requests take a while more, and that notes them: for several clients that share the notes. */
final class SlowStore extends ForwardingStore {
    /** The requests of all clients that were answered with what was asked for. */
    static final class Notes {
        private final List<Request> requests = new ArrayList<>();
        private volatile long delayMs;

        /** Lets each request take so much longer from now on. */
        void delay(final long ms) {
            delayMs = ms;
        }

        private synchronized void add(final Request request) {
            requests.add(request);
        }

        /** Number of reads of objects whose keys hold a text. */
        synchronized long answered(final String text) {
            return requests.stream()
                    .filter(request -> request.what.startsWith("get ") && request.what.contains(text))
                    .count();
        }

        /** Number of those that somebody waited for. */
        synchronized long waitedFor(final String text) {
            return requests.stream()
                    .filter(request ->
                            request.what.startsWith("get ") && request.what.contains(text) && !request.isAside)
                    .count();
        }

        /** Whether no request has been answered for a while. */
        synchronized boolean isQuiet() {
            return requests.stream()
                    .noneMatch(request -> System.nanoTime() - request.endNs < TimeUnit.MILLISECONDS.toNanos(300));
        }

        /**
         * The longest sequence of requests in a time, of which each began when the one before had been answered; without those for
         * what is hot, which are made beside the others and nobody waits for.
         */
        synchronized List<Request> longestSequence(final long fromNs, final long toNs) {
            final List<Request> sequence = new ArrayList<>();
            requests.sort(Comparator.comparingLong(Request::endNs));
            for (final Request request : requests) {
                final long freeNs = sequence.isEmpty() ? fromNs : sequence.getLast().endNs;
                if (!request.isAside && request.beginNs - freeNs >= 0 && toNs - request.endNs >= 0) {
                    sequence.add(request);
                }
            }
            return sequence;
        }
    }

    /** A request. */
    record Request(String what, long beginNs, long endNs, boolean isAside) {
        @Override
        public String toString() {
            return what + " " + (endNs - beginNs) / 1000 + " us";
        }
    }

    private final Notes notes;

    SlowStore(final ObjectStore store, final Notes notes) {
        super(store);
        this.notes = notes;
    }

    private <T> CompletableFuture<T> slowly(final String what, final Supplier<CompletableFuture<T>> request) {
        final boolean isAside =
                what.contains("/hot/") || Thread.currentThread().getName().equals("varve-prefetch");
        final long beginNs = System.nanoTime();
        final long delayMs = notes.delayMs;
        final CompletableFuture<T> begun = delayMs == 0
                ? request.get()
                : CompletableFuture.supplyAsync(
                                request, CompletableFuture.delayedExecutor(delayMs, TimeUnit.MILLISECONDS))
                        .thenCompose(answer -> answer);
        return begun.whenComplete((answer, error) -> {
            if (error == null) {
                notes.add(new Request(what, beginNs, System.nanoTime(), isAside));
            }
        });
    }

    @Override
    public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
        return slowly("put " + key, () -> store().putIfAbsent(key, body));
    }

    @Override
    public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
        return slowly("get " + key, () -> store().get(key, offset, target));
    }

    @Override
    public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
        return slowly("list " + prefix, () -> store().list(prefix, after, limit));
    }

    @Override
    public CompletableFuture<Void> delete(final String key) {
        return slowly("delete " + key, () -> store().delete(key));
    }
}
