package io.varve.lsvd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.varve.lsvd.runtime.SystemRuntime;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The probe finds a good store fit, and each of the flaws that servers are known for. */
final class StoreProbeTest {
    @TempDir
    private Path directory;

    @Test
    void findsADirectoryFitAndLeavesNothingBehind() throws Exception {
        try (ObjectStore store = DirectoryStore.open(directory.resolve("store"), true)) {
            final StoreProbe probe = new StoreProbe(client(store));
            final List<StoreProbe.Finding> findings = new ArrayList<>();
            assertThat(probe.checkAll(findings::add)).as("%s", findings).isTrue();
            assertThat(findings)
                    .extracting(StoreProbe.Finding::check)
                    .containsExactly("conditional creation", "ranged reads", "listing", "deletion");
            final List<StoreProbe.Latency> latencies = probe.latencies();
            assertThat(latencies)
                    .extracting(StoreProbe.Latency::operation)
                    .containsExactly("put 4 KiB", "put 8 MiB", "get 4 KiB");
            assertThat(latencies).allMatch(latency -> latency.medianNs() > 0 && latency.maxNs() >= latency.medianNs());
            probe.cleanUp();
            assertThat(StoreProbe.quickCheck(client(store)).isKept()).isTrue();
            assertThat(store.list("").get()).isEmpty();
        }
        try (var left = Files.list(directory.resolve("store"))) {
            assertThat(left).allMatch(path -> path.endsWith(".tmp"));
        }
    }

    /** As where part of the store is a mount of its own. */
    @ParameterizedTest
    @ValueSource(strings = {"volumes", "names"})
    void findsOutThatAPlaceIsOnAnotherFileSystem(final String place) throws Exception {
        final Path root = Files.createDirectory(directory.resolve("store"));
        final Path shm = Path.of("/dev/shm");
        assumeThat(Files.getFileStore(shm)).isNotEqualTo(Files.getFileStore(root));
        final Path elsewhere = Files.createTempDirectory(shm, "varve-probe");
        Files.createSymbolicLink(root.resolve(place), elsewhere);
        try (ObjectStore store = DirectoryStore.open(root, false)) {
            final StoreProbe.Finding finding = StoreProbe.quickCheck(client(store));
            assertThat(finding.isKept()).isFalse();
            assertThat(finding.detail()).contains("is on another file system than the store: have all of it on one");
            assertThat(new StoreProbe(client(store)).checkAll(found -> {})).isFalse();
        } finally {
            Files.delete(root.resolve(place));
            try (Stream<Path> left = Files.walk(elsewhere)) {
                for (final Path path : left.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "REPLACES, conditional creation, although its key was taken",
        "REPLACES_SILENTLY, conditional creation, was replaced",
        "RACES, conditional creation, '16 of 16 creations'",
        "REFUSES, conditional creation, a free key is called taken",
        "WHOLE_READS, ranged reads, are not those",
        "MISSING_IS_EMPTY, ranged reads, does not exist could be read",
        "LATE_LISTING, listing, was not listed right after",
        "UNORDERED_LISTING, listing, not listed in the order",
        "SHORT_LISTING, listing, '47 objects are listed'",
        "NO_PREFIX, listing, prefix",
        "KEEPS_DELETED, deletion, a deleted object is listed",
        "FAILS, conditional creation, not today"
    })
    void findsOutAFlaw(final Flaw flaw, final String check, final String detail) throws Exception {
        final MapStore store = new MapStore(flaw);
        final List<StoreProbe.Finding> findings = new ArrayList<>();
        assertThat(new StoreProbe(client(store)).checkAll(findings::add)).isFalse();
        assertThat(findings).as("findings").anySatisfy(finding -> {
            assertThat(finding.check()).isEqualTo(check);
            assertThat(finding.isKept()).isFalse();
            assertThat(finding.detail()).contains(detail).doesNotContain("\n");
        });
        assertThat(StoreProbe.quickCheck(client(new MapStore(flaw))).isKept())
                .isEqualTo(!check.equals("conditional creation"));
    }

    @Test
    void findsTheStoreOfTheseTestsFitWhenItHasNoFlaw() throws Exception {
        final MapStore store = new MapStore(Flaw.NONE);
        final StoreProbe probe = new StoreProbe(client(store));
        final List<StoreProbe.Finding> findings = new ArrayList<>();
        assertThat(probe.checkAll(findings::add)).as("%s", findings).isTrue();
        probe.cleanUp();
        assertThat(store.objects).isEmpty();
    }

    @Test
    void checksAgainWithoutChangingAnything() throws Exception {
        for (final Flaw flaw : List.of(Flaw.NONE, Flaw.REPLACES)) {
            final MapStore store = new MapStore(flaw);
            final MemorySegment body = MemorySegment.ofArray(new byte[] {1, 2, 3});
            store.putIfAbsent("key", body).get();
            assertThat(StoreProbe.checkAgain(client(store), "key", 100).isKept())
                    .isEqualTo(flaw == Flaw.NONE);
            assertThat(store.objects).containsOnlyKeys("key");
            assertThat(client(store).getWhole("key", 100).mismatch(body)).isEqualTo(-1);
        }
    }

    @Test
    void saysWhenTheStoreCannotBeReached() {
        final StoreProbe probe = new StoreProbe(client(new MapStore(Flaw.AWAY)));
        assertThatThrownBy(() -> probe.checkAll(finding -> {}))
                .isInstanceOf(StoreException.class)
                .hasMessage("away");
        assertThatThrownBy(() -> StoreProbe.quickCheck(client(new MapStore(Flaw.AWAY))))
                .isInstanceOf(StoreException.class);
    }

    private static StoreClient client(final ObjectStore store) {
        return new StoreClient(store, new SystemRuntime(), 30_000);
    }

    private enum Flaw {
        NONE,
        REPLACES,
        REPLACES_SILENTLY,
        RACES,
        REFUSES,
        WHOLE_READS,
        MISSING_IS_EMPTY,
        LATE_LISTING,
        UNORDERED_LISTING,
        SHORT_LISTING,
        NO_PREFIX,
        KEEPS_DELETED,
        FAILS,
        AWAY
    }

    /** A store in memory with a flaw. */
    private static final class MapStore implements ObjectStore {
        private final TreeMap<String, byte[]> objects = new TreeMap<>();
        private final List<Runnable> late = new ArrayList<>();
        private final Flaw flaw;
        private String last = "";

        MapStore(final Flaw flaw) {
            this.flaw = flaw;
        }

        @Override
        public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
            if (flaw == Flaw.FAILS) {
                return CompletableFuture.failedFuture(new StoreException("not today"));
            }
            if (!key.contains("race/")) {
                settle();
            }
            last = key;
            final byte[] bytes = body.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
            final boolean isFree = !objects.containsKey(key);
            if (flaw == Flaw.RACES && isFree) {
                // Looks, and creates when it gets to it.
                late.add(() -> objects.put(key, bytes));
                return CompletableFuture.completedFuture(true);
            }
            if (isFree || flaw == Flaw.REPLACES || flaw == Flaw.REPLACES_SILENTLY) {
                objects.put(key, bytes);
            }
            return CompletableFuture.completedFuture(flaw != Flaw.REFUSES && (isFree || flaw == Flaw.REPLACES));
        }

        @Override
        public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
            settle();
            final byte[] bytes = objects.get(key);
            if (bytes == null) {
                return flaw == Flaw.MISSING_IS_EMPTY
                        ? CompletableFuture.completedFuture(0)
                        : CompletableFuture.failedFuture(new NoSuchObjectException(key));
            }
            final int start = flaw == Flaw.WHOLE_READS ? 0 : (int) Math.min(offset, bytes.length);
            final byte[] range =
                    Arrays.copyOfRange(bytes, start, (int) Math.min(bytes.length, start + target.byteSize()));
            MemorySegment.copy(MemorySegment.ofArray(range), 0, target, 0, range.length);
            return CompletableFuture.completedFuture(range.length);
        }

        @Override
        public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
            if (flaw == Flaw.AWAY) {
                return CompletableFuture.failedFuture(new StoreException("away"));
            }
            settle();
            final boolean isPart = prefix.endsWith("/1");
            final List<StoredObject> found = new ArrayList<>();
            objects.forEach((key, bytes) -> {
                final boolean isMissed = flaw == Flaw.LATE_LISTING && key.equals(last)
                        || flaw == Flaw.SHORT_LISTING && found.size() == 47;
                if ((key.startsWith(prefix) || flaw == Flaw.NO_PREFIX && isPart)
                        && key.compareTo(after) > 0
                        && found.size() < limit
                        && !isMissed) {
                    found.add(new StoredObject(key, bytes.length));
                }
            });
            if (flaw == Flaw.UNORDERED_LISTING) {
                Collections.reverse(found);
            }
            return CompletableFuture.completedFuture(found);
        }

        @Override
        public CompletableFuture<Void> delete(final String key) {
            if (flaw != Flaw.KEEPS_DELETED || !key.contains("deletion")) {
                objects.remove(key);
            }
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public String url() {
            return "map://" + flaw;
        }

        @Override
        public void close() {}

        private void settle() {
            late.forEach(Runnable::run);
            late.clear();
        }
    }
}
