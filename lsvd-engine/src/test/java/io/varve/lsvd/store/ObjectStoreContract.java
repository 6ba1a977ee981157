package io.varve.lsvd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link ObjectStore} promises, for every store there is. Each test has a place of its own. */
public abstract class ObjectStoreContract {
    private static final long LIMIT_S = 60;
    private static final int RACERS = 16;
    private static final int RACES = 20;

    private final List<ObjectStore> opened = new ArrayList<>();
    private String place;
    private ObjectStore store;

    /**
     * Opens a store.
     *
     * @param place lower-case letters and digits; stores of the same place hold the same objects, others none of them.
     */
    protected abstract ObjectStore open(String place) throws Exception;

    /** Whether a server, one for tests only, lists what is being created under names of its own. */
    protected boolean listsDrafts() {
        return false;
    }

    @BeforeEach
    final void openStore() throws Exception {
        place = "p" + UUID.randomUUID().toString().replace("-", "");
        store = another();
    }

    @AfterEach
    final void closeStores() {
        opened.forEach(ObjectStore::close);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511, 4096, 65_535, 65_536, 65_537, 1_000_003, 32 << 20})
    final void readsBackWhatWasCreated(final int length) throws Exception {
        final byte[] body = bytes(length, length);
        assertThat(put(store, "volumes/a/log/0", body)).isTrue();
        assertThat(get(store, "volumes/a/log/0", 0, length)).isEqualTo(body);
        assertThat(get(store, "volumes/a/log/0", 0, length + 100)).isEqualTo(body);
        assertThat(list(store, "")).containsExactly(new StoredObject("volumes/a/log/0", length));
    }

    @Test
    final void takesAndFillsMemoryOfEitherKind() throws Exception {
        final byte[] body = bytes(7, 10_000);
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment outside = arena.allocateFrom(ValueLayout.JAVA_BYTE, body);
            assertThat(await(store.putIfAbsent("outside", outside.asReadOnly())))
                    .isTrue();
            assertThat(await(store.putIfAbsent("heap", MemorySegment.ofArray(body))))
                    .isTrue();
            final MemorySegment target = arena.allocate(body.length);
            assertThat(await(store.get("heap", 0, target))).isEqualTo(body.length);
            assertThat(target.mismatch(outside)).isEqualTo(-1);
        }
        final byte[] target = new byte[body.length];
        assertThat(await(store.get("outside", 0, MemorySegment.ofArray(target))))
                .isEqualTo(body.length);
        assertThat(target).isEqualTo(body);
    }

    @Test
    final void tellsThatAKeyIsTakenAndKeepsWhatIsThere() throws Exception {
        final byte[] first = bytes(1, 5000);
        assertThat(put(store, "key", first)).isTrue();
        assertThat(put(store, "key", bytes(2, 5000))).isFalse();
        assertThat(put(another(), "key", new byte[0])).isFalse();
        assertThat(put(store, "key", first)).isFalse();
        assertThat(get(store, "key", 0, 6000)).isEqualTo(first);
    }

    @Test
    final void letsOneOfManyConcurrentCreationsWin() throws Exception {
        final List<ObjectStore> stores = List.of(store, another());
        for (int race = 0; race < RACES; race++) {
            final String key = "races/" + race;
            final List<byte[]> bodies = new ArrayList<>();
            final List<CompletableFuture<Boolean>> puts = new ArrayList<>();
            for (int racer = 0; racer < RACERS; racer++) {
                bodies.add(bytes(race * 100L + racer, 1 + racer * 10_000));
            }
            for (int racer = 0; racer < RACERS; racer++) {
                puts.add(stores.get(racer % 2).putIfAbsent(key, MemorySegment.ofArray(bodies.get(racer))));
            }
            final List<Integer> winners = new ArrayList<>();
            for (int racer = 0; racer < RACERS; racer++) {
                if (await(puts.get(racer))) {
                    winners.add(racer);
                }
            }
            assertThat(winners).as("winners of race %d", race).hasSize(1);
            assertThat(get(store, key, 0, RACERS * 10_000))
                    .as("the object of race %d, won by %s", race, winners)
                    .isEqualTo(bodies.get(winners.get(0)));
        }
    }

    @Test
    final void showsAnObjectWholeOrNotAtAll() throws Exception {
        final ObjectStore reader = another();
        final byte[] body = bytes(3, 8 << 20);
        for (int round = 0; round < 4; round++) {
            final String key = "large/" + round;
            final CompletableFuture<Boolean> put = store.putIfAbsent(key, MemorySegment.ofArray(body));
            boolean isLast;
            do {
                isLast = put.isDone();
                final List<StoredObject> listed = new ArrayList<>(list(reader, key));
                if (listsDrafts()) {
                    listed.removeIf(object -> !object.key().equals(key));
                }
                if (!listed.isEmpty()) {
                    assertThat(listed).containsExactly(new StoredObject(key, body.length));
                }
                final byte[] end = new byte[100];
                try {
                    assertThat(await(reader.get(key, body.length - end.length, MemorySegment.ofArray(end))))
                            .isEqualTo(end.length);
                    assertThat(end).isEqualTo(Arrays.copyOfRange(body, body.length - 100, body.length));
                } catch (final NoSuchObjectException e) {
                    assertThat(listed).as("listed before it could be read").isEmpty();
                    assertThat(isLast).as("created, and not there").isFalse();
                }
            } while (!isLast);
            assertThat(await(put)).isTrue();
        }
    }

    @Test
    final void showsToEveryoneAtOnceWhatWasCreatedOrDeleted() throws Exception {
        final ObjectStore other = another();
        for (int round = 0; round < 30; round++) {
            final String key = "sequence/" + (char) ('a' + round % 26) + round;
            final byte[] body = bytes(round, 100);
            assertMissing(other, key);
            assertThat(list(other, key)).isEmpty();
            assertThat(put(store, key, body)).isTrue();
            assertThat(list(other, key)).containsExactly(new StoredObject(key, 100));
            assertThat(get(other, key, 0, 100)).isEqualTo(body);
            if (round % 3 == 0) {
                await(store.delete(key));
                assertThat(list(other, key)).isEmpty();
                assertMissing(other, key);
            }
        }
    }

    @Test
    final void confirmsWhatIsThereAndWhatIsNot() throws Exception {
        put(store, "volumes/a/1", bytes(1, 100));
        await(another().confirm("volumes/a/"));
        assertThat(list(store, "")).containsExactly(new StoredObject("volumes/a/1", 100));
        await(store.delete("volumes/a/1"));
        await(store.confirm("volumes/a/"));
        await(store.confirm("names/"));
        assertThat(list(store, "")).isEmpty();
    }

    @Test
    final void readsAnyRange() throws Exception {
        final Random random = new Random(4);
        final byte[] body = bytes(4, 300_000);
        put(store, "key", body);
        for (int i = 0; i < 60; i++) {
            final int offset = random.nextInt(body.length + 1000);
            final int length = random.nextInt(i % 2 == 0 ? 100 : body.length);
            final int end = Math.min(body.length, offset + length);
            assertThat(get(store, "key", offset, length))
                    .as("%d bytes at %d", length, offset)
                    .isEqualTo(offset >= end ? new byte[0] : Arrays.copyOfRange(body, offset, end));
        }
    }

    @Test
    final void readsNothingBeyondTheEndAndLeavesTheRestOfTheTargetAlone() throws Exception {
        final byte[] body = bytes(5, 1000);
        put(store, "key", body);
        put(store, "empty", new byte[0]);
        assertThat(get(store, "key", 1000, 10)).isEmpty();
        assertThat(get(store, "key", 1L << 40, 10)).isEmpty();
        assertThat(get(store, "key", 0, 0)).isEmpty();
        assertThat(get(store, "key", 5000, 0)).isEmpty();
        assertThat(get(store, "empty", 0, 10)).isEmpty();
        assertThat(get(store, "empty", 0, 0)).isEmpty();
        assertThat(get(store, "empty", 10, 10)).isEmpty();

        final byte[] target = bytes(6, 300);
        final byte[] expected = target.clone();
        assertThat(await(store.get("key", 900, MemorySegment.ofArray(target).asSlice(50, 200))))
                .isEqualTo(100);
        System.arraycopy(body, 900, expected, 50, 100);
        assertThat(target).isEqualTo(expected);
    }

    @Test
    final void tellsOfAMissingObject() throws Exception {
        put(store, "volumes/a/b", bytes(1, 10));
        for (final String key : List.of("missing", "volumes", "volumes/a", "volumes/a/b/c", "volumes/a/bb")) {
            assertMissing(store, key);
            assertThatThrownBy(() -> get(store, key, 0, 0)).isInstanceOf(NoSuchObjectException.class);
            assertThatThrownBy(() -> get(store, key, 1L << 40, 10))
                    .isInstanceOf(NoSuchObjectException.class)
                    .hasMessageContaining(key);
        }
    }

    @Test
    final void listsByPrefixInTheOrderOfKeys() throws Exception {
        final Random random = new Random(8);
        final TreeMap<String, Integer> model = new TreeMap<>();
        final String letters = "ab-_.0z";
        while (model.size() < 80) {
            final StringBuilder key = new StringBuilder();
            for (int part = 0; part <= random.nextInt(3); part++) {
                // Parts at different depths end in different letters, so that no object is also a directory.
                key.append(part == 0 ? "" : "d/").append("a0z_".charAt(random.nextInt(4)));
                for (int i = random.nextInt(3); i > 0; i--) {
                    key.append(letters.charAt(random.nextInt(letters.length())));
                }
            }
            model.put(key.append('f').toString(), random.nextInt(50));
        }
        for (final var object : model.entrySet()) {
            assertThat(put(store, object.getKey(), bytes(1, object.getValue()))).isTrue();
        }
        final List<String> prefixes =
                new ArrayList<>(List.of("", "a", "a0", "z", "0", "_", "b", "missing/", "missing"));
        model.keySet().forEach(key -> {
            prefixes.add(key);
            prefixes.add(key.substring(0, 1 + random.nextInt(key.length())));
            prefixes.add(key.substring(0, key.lastIndexOf('/') + 1));
        });
        for (final String prefix : prefixes) {
            final List<StoredObject> expected = model.entrySet().stream()
                    .filter(object -> object.getKey().startsWith(prefix))
                    .map(object -> new StoredObject(object.getKey(), object.getValue()))
                    .sorted(Comparator.comparing(StoredObject::key))
                    .toList();
            assertThat(list(store, prefix)).as("prefix '%s'", prefix).isEqualTo(expected);
        }
    }

    @Test
    final void listsMoreThanAThousandObjects() throws Exception {
        final List<StoredObject> expected = IntStream.range(0, 2050)
                .mapToObj(i -> new StoredObject("many/%016x".formatted(i), i % 3))
                .toList();
        final List<CompletableFuture<Boolean>> puts = new ArrayList<>();
        for (final StoredObject object : expected) {
            puts.add(store.putIfAbsent(object.key(), MemorySegment.ofArray(new byte[(int) object.length()])));
        }
        for (final CompletableFuture<Boolean> put : puts) {
            assertThat(await(put)).isTrue();
        }
        assertThat(list(store, "many/")).isEqualTo(expected);
        assertThat(list(store, "many/000000000000000")).isEqualTo(expected.subList(0, 16));
        assertThat(list(store, "")).hasSize(expected.size());
    }

    @Test
    final void listsByPages() throws Exception {
        final List<StoredObject> all = new ArrayList<>();
        for (final String key :
                List.of("p/-", "p/0/1", "p/0/2", "p/0a/1", "p/1", "p/a/b/c", "p/a/b0", "p/a0/1", "p_/1")) {
            put(store, key, bytes(1, all.size()));
            all.add(new StoredObject(key, all.size()));
        }
        all.sort(Comparator.comparing(StoredObject::key));
        put(store, "o/1", bytes(1, 3));
        put(store, "q/1", bytes(1, 3));
        for (int limit = 1; limit <= all.size() + 1; limit++) {
            final List<StoredObject> pages = new ArrayList<>();
            List<StoredObject> page = await(store.list("p", "", limit));
            while (!page.isEmpty()) {
                assertThat(page).hasSizeLessThanOrEqualTo(limit);
                pages.addAll(page);
                page = await(store.list("p", page.getLast().key(), limit));
            }
            assertThat(pages).as("by pages of %d", limit).isEqualTo(all);
        }
        // What is listed behind need be no key of an object.
        assertThat(await(store.list("p/", "p/0/1z", 3))).isEqualTo(all.subList(2, 5));
        assertThat(await(store.list("p/", "o", 2))).isEqualTo(all.subList(0, 2));
        assertThat(await(store.list("p/", "p0", 2))).isEmpty();
        assertThat(await(store.list("p/", "p/0~", 1))).isEqualTo(all.subList(4, 5));
    }

    @Test
    final void deletesForGoodAndAnyNumberOfTimes() throws Exception {
        put(store, "a/b/c", bytes(1, 10));
        put(store, "a/b/d", bytes(2, 10));
        await(store.delete("a/b/c"));
        await(store.delete("a/b/c"));
        await(store.delete("never/was"));
        await(store.delete("a"));
        await(store.delete("a/b"));
        await(store.delete("a/b/d/e"));
        assertMissing(store, "a/b/c");
        assertThat(list(store, "")).containsExactly(new StoredObject("a/b/d", 10));
        final byte[] next = bytes(3, 20);
        assertThat(put(store, "a/b/c", next)).isTrue();
        assertThat(get(store, "a/b/c", 0, 100)).isEqualTo(next);
    }

    @Test
    final void takesEveryKeyThatIsOne() throws Exception {
        final String longest = ("a".repeat(127) + "/").repeat(6).substring(0, ObjectStore.MAX_KEY_LENGTH - 1) + "z";
        final List<String> keys = new ArrayList<>(List.of(
                longest, "0", "-", "_", "a.b", "a..b", "a.", "a-_.b/c-_.d", "abcdefghijklmnopqrstuvwxyz/0123456789"));
        for (final String key : keys) {
            assertThat(put(store, key, bytes(key.length(), 10))).as(key).isTrue();
            assertThat(get(store, key, 0, 20)).as(key).isEqualTo(bytes(key.length(), 10));
        }
        keys.sort(null);
        assertThat(list(store, "")).extracting(StoredObject::key).isEqualTo(keys);
        for (final String key : keys) {
            await(store.delete(key));
        }
        assertThat(list(store, "")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", ".tmp/a", "a/.b", "A", "a b", "a\\b",
                "a\nb", "a\0b", "a%2fb", "a?b", "a#b", "\u00e4", "~a"
            })
    final void refusesWhatIsNoKey(final String key) throws Exception {
        final MemorySegment memory = MemorySegment.ofArray(new byte[10]);
        assertFails(store.putIfAbsent(key, memory));
        assertFails(store.get(key, 0, memory));
        assertFails(store.delete(key));
        assertThat(list(store, "")).isEmpty();
    }

    @Test
    final void refusesKeysThatAreTooLong() {
        final String key = "a/".repeat(ObjectStore.MAX_KEY_LENGTH / 2) + "b";
        final MemorySegment memory = MemorySegment.ofArray(new byte[10]);
        assertFails(store.putIfAbsent(key, memory));
        assertFails(store.get(key, 0, memory));
        assertFails(store.delete(key));
        assertFails(store.list(key));
    }

    @Test
    final void refusesPrefixesOfNoKey() {
        for (final String prefix : List.of("/", "..", "../", "a//", ".", "a/.", "A", "%")) {
            assertFails(store.list(prefix));
        }
    }

    @Test
    final void answersImpossibleRangesAndMemoryWithAStoreException() throws Exception {
        put(store, "key", bytes(1, 100));
        assertFails(store.get("key", -1, MemorySegment.ofArray(new byte[10])));
        assertFails(store.get("key", Long.MAX_VALUE, MemorySegment.ofArray(new byte[10])));
        final MemorySegment closed;
        try (Arena arena = Arena.ofShared()) {
            closed = arena.allocate(100);
        }
        assertFails(store.get("key", 0, closed));
        assertFails(store.putIfAbsent("other", closed));
        assertMissing(store, "other");
    }

    @Test
    final void leavesMemoryAloneOnceItHasAnswered() throws Exception {
        final byte[] body = bytes(9, 1 << 20);
        for (int round = 0; round < 4; round++) {
            final byte[] buffer = body.clone();
            assertThat(put(store, "reused/" + round, buffer)).isTrue();
            Arrays.fill(buffer, (byte) 1);
            assertThat(get(another(), "reused/" + round, 0, body.length)).isEqualTo(body);
        }
    }

    @Test
    final void doesManyThingsAtOnce() throws Exception {
        final List<CompletableFuture<Boolean>> puts = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            puts.add(store.putIfAbsent("at-once/" + i, MemorySegment.ofArray(bytes(i, 2000 + i))));
        }
        for (final CompletableFuture<Boolean> put : puts) {
            assertThat(await(put)).isTrue();
        }
        final List<CompletableFuture<Integer>> gets = new ArrayList<>();
        final List<byte[]> targets = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            targets.add(new byte[2000 + i]);
            gets.add(store.get("at-once/" + i, 0, MemorySegment.ofArray(targets.get(i))));
        }
        for (int i = 0; i < 300; i++) {
            assertThat(await(gets.get(i))).isEqualTo(2000 + i);
            assertThat(targets.get(i)).isEqualTo(bytes(i, 2000 + i));
        }
    }

    @Test
    final void failsWhatIsAskedOfAClosedStore() throws Exception {
        put(store, "key", bytes(1, 10));
        store.close();
        store.close();
        final MemorySegment memory = MemorySegment.ofArray(new byte[10]);
        assertFails(store.putIfAbsent("other", memory));
        assertFails(store.get("key", 0, memory));
        assertFails(store.list(""));
        assertFails(store.delete("key"));
        assertThat(list(another(), "")).containsExactly(new StoredObject("key", 10));
    }

    @Test
    final void completesEveryFutureWhenItIsClosed() throws Exception {
        final List<CompletableFuture<?>> futures = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            futures.add(store.putIfAbsent("key/" + i, MemorySegment.ofArray(bytes(i, 200_000))));
            futures.add(store.get("key/" + i, 0, MemorySegment.ofArray(new byte[200_000])));
            futures.add(store.list("key/"));
            futures.add(store.delete("missing"));
        }
        store.close();
        for (final CompletableFuture<?> future : futures) {
            try {
                await(future);
            } catch (final StoreException e) {
                assertThat(e).hasMessageNotContaining("\n");
            }
        }
    }

    @Test
    final void tellsItsAddress() {
        assertThat(store.url()).matches("[a-z0-9]+://\\S+");
    }

    /** Another client of the same objects. */
    private ObjectStore another() throws Exception {
        final ObjectStore another = open(place);
        opened.add(another);
        return another;
    }

    private static boolean put(final ObjectStore store, final String key, final byte[] body) throws Exception {
        return await(store.putIfAbsent(key, MemorySegment.ofArray(body)));
    }

    private static byte[] get(final ObjectStore store, final String key, final long offset, final int length)
            throws Exception {
        final byte[] target = new byte[length];
        final int count = await(store.get(key, offset, MemorySegment.ofArray(target)));
        return Arrays.copyOf(target, count);
    }

    private static List<StoredObject> list(final ObjectStore store, final String prefix) throws Exception {
        return await(store.list(prefix));
    }

    private static void assertMissing(final ObjectStore store, final String key) {
        assertThatThrownBy(() -> get(store, key, 0, 10))
                .isInstanceOf(NoSuchObjectException.class)
                .hasMessageContaining(key);
    }

    private static void assertFails(final CompletableFuture<?> future) {
        assertThatThrownBy(() -> await(future)).isInstanceOf(StoreException.class);
    }

    /** The future's value; its own failure is thrown as it is. */
    private static <T> T await(final CompletableFuture<T> future) throws Exception {
        try {
            return future.get(LIMIT_S, TimeUnit.SECONDS);
        } catch (final ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }

    private static byte[] bytes(final long seed, final int length) {
        final byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
