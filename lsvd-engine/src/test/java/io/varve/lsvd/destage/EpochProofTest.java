package io.varve.lsvd.destage;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class EpochProofTest {
    private static final UUID VOLUME = new UUID(1, 2);
    private static final long TIMEOUT_NS = 1000;
    private static final long BEGUN_NS = 10_000;
    private static final long FIRST_MISSING = 7;

    private final Store store = new Store();
    private long nowNs = BEGUN_NS;
    private final EpochProof proof = new EpochProof(store, VOLUME, 3, TIMEOUT_NS, () -> nowNs, BEGUN_NS);

    /** The store may have looked at any time between question and answer; a seal may have come the moment after. */
    @Test
    void anAnswerProvesTheEpochAsOfTheQuestion() {
        final long asked = askInGoodTime();
        nowNs += 600;
        store.answers.getFirst().completeExceptionally(new NoSuchObjectException("there is none"));
        proof.doWork(FIRST_MISSING);
        assertThat(proof.provenNs()).isEqualTo(asked);
        assertThat(proof.hasFound(FIRST_MISSING)).isFalse();
    }

    /** What is missing may have been deleted by a successor, and what was created may have been there before. */
    @Test
    void onceTheProofIsTooOldAnAnswerCountsOnlyWhereThereIsNoSuccessor() {
        final long asked = askInGoodTime();
        nowNs = BEGUN_NS + TIMEOUT_NS;
        proof.onPublished(nowNs - 1);
        assertThat(proof.provenNs()).isEqualTo(BEGUN_NS);
        store.answers.getFirst().completeExceptionally(new NoSuchObjectException("there is none"));
        proof.doWork(FIRST_MISSING);
        assertThat(proof.provenNs()).isEqualTo(BEGUN_NS);
        assertThat(store.keys.getLast()).isEqualTo(Keys.epoch(VOLUME, 4));
        store.answers.getLast().completeExceptionally(new NoSuchObjectException("there is none"));
        proof.doWork(FIRST_MISSING);
        assertThat(proof.provenNs()).isEqualTo(asked);
        assertThat(proof.hasSuccessor()).isFalse();
    }

    @Test
    void aSuccessorIsFound() {
        askInGoodTime();
        nowNs = BEGUN_NS + TIMEOUT_NS;
        store.answers.getFirst().completeExceptionally(new NoSuchObjectException("there is none"));
        proof.doWork(FIRST_MISSING);
        store.answers.getLast().complete(128);
        proof.doWork(FIRST_MISSING);
        assertThat(proof.provenNs()).isEqualTo(BEGUN_NS);
        assertThat(proof.hasSuccessor()).isTrue();
    }

    @Test
    void aFailedQuestionProvesNothing() {
        askInGoodTime();
        store.answers.getFirst().completeExceptionally(new StoreException("away"));
        proof.doWork(FIRST_MISSING);
        assertThat(proof.provenNs()).isEqualTo(BEGUN_NS);
        assertThat(proof.hasFound(FIRST_MISSING)).isFalse();
    }

    @Test
    void whatStandsAtTheFirstMissingSequenceIsFoundAndProvesNothing() {
        askInGoodTime();
        store.answers.getFirst().complete(128);
        proof.doWork(FIRST_MISSING);
        assertThat(proof.provenNs()).isEqualTo(BEGUN_NS);
        assertThat(proof.hasFound(FIRST_MISSING)).isTrue();
    }

    @Test
    void anObjectThatIsStoredProvesTheEpochAsOfItsCreationAndNeverTurnsBack() {
        proof.onPublished(BEGUN_NS + 50);
        assertThat(proof.provenNs()).isEqualTo(BEGUN_NS + 50);
        proof.onPublished(BEGUN_NS + 20);
        assertThat(proof.provenNs()).isEqualTo(BEGUN_NS + 50);
    }

    @Test
    void aQuestionThatIsNotAnsweredIsAskedAgain() {
        askInGoodTime();
        nowNs += TIMEOUT_NS;
        proof.doWork(FIRST_MISSING);
        assertThat(store.answers).hasSize(2);
    }

    private long askInGoodTime() {
        while (store.answers.isEmpty()) {
            proof.doWork(FIRST_MISSING);
            nowNs += 10;
        }
        final long asked = nowNs - 10;
        assertThat(asked - BEGUN_NS).isLessThan(TIMEOUT_NS / 2);
        return asked;
    }

    /** Answers when the test says so. */
    private static final class Store implements ObjectStore {
        private final List<CompletableFuture<Integer>> answers = new ArrayList<>();
        private final List<String> keys = new ArrayList<>();

        @Override
        public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
            keys.add(key);
            answers.add(new CompletableFuture<>());
            return answers.getLast();
        }

        @Override
        public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
            throw new AssertionError();
        }

        @Override
        public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
            throw new AssertionError();
        }

        @Override
        public CompletableFuture<Void> delete(final String key) {
            throw new AssertionError();
        }

        @Override
        public String url() {
            return "a store";
        }

        @Override
        public void close() {}
    }
}
