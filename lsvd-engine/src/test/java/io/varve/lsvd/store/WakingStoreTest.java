package io.varve.lsvd.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class WakingStoreTest {
    private final List<CompletableFuture<?>> asked = new ArrayList<>();

    @Test
    void everyAnswerWakesGoodOrBad() {
        final WakingStore store = new WakingStore(new Unanswered());
        final List<CompletableFuture<?>> given = new ArrayList<>();
        given.add(store.putIfAbsent("a", MemorySegment.NULL));
        given.add(store.get("a", 0, MemorySegment.NULL));
        given.add(store.list(""));
        given.add(store.delete("a"));
        given.add(store.confirm("a/"));
        assertThat(given).isEqualTo(asked);
        final int[] wakes = {0};
        store.onAnswer(() -> {
            assertThat(given.get(wakes[0])).as("is answered when it wakes").isDone();
            wakes[0]++;
        });
        for (int i = 0; i < asked.size(); i++) {
            assertThat(wakes[0]).isEqualTo(i);
            if (i % 2 == 0) {
                asked.get(i).complete(null);
            } else {
                asked.get(i).completeExceptionally(new StoreException("no"));
            }
        }
        assertThat(wakes[0]).isEqualTo(asked.size());
    }

    private final class Unanswered implements ObjectStore {
        private <T> CompletableFuture<T> ask() {
            final CompletableFuture<T> future = new CompletableFuture<>();
            asked.add(future);
            return future;
        }

        @Override
        public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
            return ask();
        }

        @Override
        public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
            return ask();
        }

        @Override
        public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
            return ask();
        }

        @Override
        public CompletableFuture<Void> delete(final String key) {
            return ask();
        }

        @Override
        public CompletableFuture<Void> confirm(final String prefix) {
            return ask();
        }

        @Override
        public String url() {
            return "none:";
        }

        @Override
        public void close() {}
    }
}
