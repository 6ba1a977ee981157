package io.varve.lsvd.store;

import io.varve.lsvd.format.NameRecord;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Finds out whether a store keeps what {@link ObjectStore} promises, by trying it: objects are made where volumes have theirs,
 * under {@code volumes/<uuid>/} of a volume that does not exist, and as the release of a name that nobody has, and removed again
 * by {@link #cleanUp()}. That all went well proves nothing, but a server that doesn't know
 * conditional creation, or knows it only for one request at a time, is found out.
 *
 * <p>For one thread, which waits.
 */
public final class StoreProbe {
    private static final String CONDITIONAL_CREATION = "conditional creation";
    private static final String REPLACED = "an object was created although its key was taken (no If-None-Match?)";
    private static final int RACERS = 16;
    private static final int QUICK_RACES = 2;
    private static final int RACES = 10;
    private static final int LISTED = 48;
    private static final int SMALL = 4 << 10;
    private static final int LARGE = 8 << 20;
    private static final int SMALL_SAMPLES = 21;
    private static final int LARGE_SAMPLES = 5;

    /**
     * What a check found.
     *
     * @param check  its name.
     * @param isKept whether the store did as promised.
     * @param detail what was tried, or what went wrong: one line.
     */
    public record Finding(String check, boolean isKept, String detail) {}

    /**
     * How long an operation took.
     *
     * @param operation its name.
     * @param medianNs  half of the samples took at most this, in nanoseconds.
     * @param maxNs     none took more.
     * @param samples   their number.
     */
    public record Latency(String operation, long medianNs, long maxNs, int samples) {}

    private final StoreClient client;
    private final ObjectStore store;
    private final UUID volume = UUID.randomUUID();
    private final String prefix = Keys.volume(volume);
    private final String name = "probe-" + volume;
    private final Random random = new Random();

    /** A probe of a store, with a client that says how long to wait. */
    public StoreProbe(final StoreClient client) {
        this.client = client;
        this.store = client.store();
    }

    /**
     * The least that must hold before volumes are opened: that of several creations of a key, one after the other and at
     * the same time, one succeeds. A handful of small objects, which are gone afterwards.
     *
     * @throws StoreException when the store can't be reached.
     */
    public static Finding quickCheck(final StoreClient client) throws StoreException {
        final StoreProbe probe = new StoreProbe(client);
        try {
            client.listAll(probe.prefix);
            return probe.check(CONDITIONAL_CREATION, () -> probe.creation(QUICK_RACES));
        } finally {
            probe.cleanUp();
        }
    }

    /**
     * Checks a store that is in use again, without leaving anything behind even if it is killed: an object is created that is
     * there, of the bytes that it has. So a store that does not keep its promise replaces it with the same. This finds servers that
     * don't know conditional creation, but not those that know it only for one request at a time.
     *
     * @param key       of an object of at most {@code maxLength} bytes.
     * @throws StoreException when the store can't be reached, or the object is not there.
     */
    public static Finding checkAgain(final StoreClient client, final String key, final int maxLength)
            throws StoreException {
        final boolean isCreated = client.putIfAbsent(key, client.getWhole(key, maxLength));
        return new Finding(CONDITIONAL_CREATION, !isCreated, isCreated ? REPLACED : "an object that is there stayed");
    }

    /**
     * All checks, each told to the listener when it is done.
     *
     * @return whether the store did all as promised.
     * @throws StoreException when it can't be reached.
     */
    public boolean checkAll(final Consumer<Finding> listener) throws StoreException {
        client.listAll(prefix);
        boolean isFit = true;
        for (final Supplier<Finding> check : List.<Supplier<Finding>>of(
                () -> check(CONDITIONAL_CREATION, () -> creation(RACES)),
                () -> check("ranged reads", this::rangedReads),
                () -> check("listing", this::listing),
                () -> check("deletion", this::deletion))) {
            final Finding finding = check.get();
            listener.accept(finding);
            isFit &= finding.isKept();
        }
        return isFit;
    }

    /**
     * Measures single operations, one after the other.
     *
     * @throws StoreException when one fails.
     */
    public List<Latency> latencies() throws StoreException {
        final MemorySegment small = MemorySegment.ofArray(bytes(SMALL));
        final MemorySegment target = MemorySegment.ofArray(new byte[SMALL]);
        final String key = prefix + "latency/";
        final List<Latency> latencies = new ArrayList<>();
        latencies.add(measure("put 4 KiB", SMALL_SAMPLES, i -> client.putIfAbsent(key + "small/" + i, small)));
        try (Arena arena = Arena.ofShared()) {
            final MemorySegment large = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes(LARGE));
            latencies.add(measure("put 8 MiB", LARGE_SAMPLES, i -> client.putIfAbsent(key + "large/" + i, large)));
        }
        latencies.add(measure("get 4 KiB", SMALL_SAMPLES, i -> client.get(key + "small/" + i, 0, target)));
        return latencies;
    }

    /**
     * Removes what the probe made.
     *
     * @throws StoreException when something is left.
     */
    public void cleanUp() throws StoreException {
        for (final String place : List.of(prefix, Keys.name(name))) {
            for (final StoredObject object : client.listAll(place)) {
                client.delete(object.key());
            }
        }
    }

    /** Where the objects of this probe are, for people. */
    public String places() {
        return prefix + " and " + Keys.name(name);
    }

    private String creation(final int races) throws StoreException, Broken {
        final byte[] first = bytes(100);
        final String key = prefix + "creation";
        require(client.putIfAbsent(key, MemorySegment.ofArray(first)), "a free key is called taken");
        require(!client.putIfAbsent(key, MemorySegment.ofArray(bytes(100))), REPLACED);
        require(Arrays.equals(read(key, 0, 200), first), "an object was replaced although its key was taken");
        for (int race = 0; race < races; race++) {
            race(prefix + "race/" + race);
        }
        final String claim = Keys.nameVersion(name, 1);
        final MemorySegment release = NameRecord.release(volume).encode();
        require(client.putIfAbsent(claim, release), "a free key is called taken");
        require(!client.putIfAbsent(claim, release), REPLACED);
        return "one of " + RACERS + " at a time, " + races + " times";
    }

    private void race(final String key) throws StoreException, Broken {
        final List<byte[]> bodies = new ArrayList<>();
        final List<CompletableFuture<Boolean>> puts = new ArrayList<>();
        for (int racer = 0; racer < RACERS; racer++) {
            bodies.add(bytes(1000 + racer));
            puts.add(store.putIfAbsent(key, MemorySegment.ofArray(bodies.get(racer))));
        }
        byte[] winner = null;
        int winners = 0;
        for (int racer = 0; racer < RACERS; racer++) {
            if (client.await(puts.get(racer), "creating " + key)) {
                winner = bodies.get(racer);
                winners++;
            }
        }
        require(winners == 1, winners + " of " + RACERS + " creations of one key at the same time succeeded, not 1");
        require(Arrays.equals(read(key, 0, 2000), winner), "the object is not that of the creation that succeeded");
    }

    private String rangedReads() throws StoreException, Broken {
        final byte[] body = bytes(100_000);
        final String key = prefix + "ranges";
        require(client.putIfAbsent(key, MemorySegment.ofArray(body)), "a free key is called taken");
        final int[][] ranges = {{0, 100_000}, {0, 1}, {99_999, 1}, {4096, 4096}, {12_345, 54_321}, {99_000, 4096}};
        for (final int[] range : ranges) {
            final int end = Math.min(body.length, range[0] + range[1]);
            require(
                    Arrays.equals(read(key, range[0], range[1]), Arrays.copyOfRange(body, range[0], end)),
                    range[1] + " bytes at " + range[0] + " are not those that were put there");
        }
        require(read(key, body.length, 10).length == 0, "there are bytes beyond the object's end");
        try {
            read(prefix + "missing", 0, 10);
        } catch (final NoSuchObjectException e) {
            return "within, across and beyond the object's end";
        }
        throw new Broken("an object that does not exist could be read");
    }

    private String listing() throws StoreException, Broken {
        final String place = prefix + "listing/";
        final List<StoredObject> expected = new ArrayList<>();
        for (int i = 0; i < LISTED; i++) {
            // In no order: 29 has no divisor in common with the number of objects.
            final String key = place + "%02d".formatted(i * 29 % LISTED) + (i % 3 == 0 ? "/a" : i % 3 == 1 ? "-" : "0");
            require(client.putIfAbsent(key, MemorySegment.ofArray(bytes(i))), "a free key is called taken");
            expected.add(new StoredObject(key, i));
            if (i % 8 == 0) {
                require(
                        client.listAll(place).contains(expected.getLast()),
                        "an object was not listed right after its creation");
            }
        }
        expected.sort(Comparator.comparing(StoredObject::key));
        final List<StoredObject> listed = client.listAll(place);
        require(
                listed.size() == expected.size() && listed.containsAll(expected),
                listed.size() + " objects are listed, or other ones, where there are " + expected.size());
        require(listed.equals(expected), "objects are not listed in the order of their keys");
        final List<StoredObject> some = expected.stream()
                .filter(object -> object.key().startsWith(place + "1"))
                .toList();
        require(client.listAll(place + "1").equals(some), "a listing by prefix has other objects than those");
        return LISTED + " objects, seen at once, in order";
    }

    private String deletion() throws StoreException, Broken {
        final String key = prefix + "deletion";
        require(client.putIfAbsent(key, MemorySegment.ofArray(bytes(10))), "a free key is called taken");
        client.delete(key);
        client.delete(key);
        require(client.listAll(key).isEmpty(), "a deleted object is listed");
        try {
            read(key, 0, 10);
        } catch (final NoSuchObjectException e) {
            require(client.putIfAbsent(key, MemorySegment.ofArray(bytes(10))), "the key of a deleted object is taken");
            final String kept = client.await(store.keptAfterDeletion(), "asking what is kept");
            return kept == null ? "seen at once" : "seen at once; but " + kept;
        }
        throw new Broken("a deleted object could be read");
    }

    private Finding check(final String name, final Trial trial) {
        try {
            return new Finding(name, true, trial.run());
        } catch (final Broken | StoreException e) {
            return new Finding(name, false, e.getMessage());
        }
    }

    private static Latency measure(final String operation, final int samples, final Sample sample)
            throws StoreException {
        final long[] times = new long[samples];
        for (int i = 0; i < samples; i++) {
            final long start = System.nanoTime();
            sample.run(i);
            times[i] = System.nanoTime() - start;
        }
        Arrays.sort(times);
        return new Latency(operation, times[samples / 2], times[samples - 1], samples);
    }

    private byte[] read(final String key, final long offset, final int length) throws StoreException {
        final byte[] target = new byte[length];
        return Arrays.copyOf(target, client.get(key, offset, MemorySegment.ofArray(target)));
    }

    private byte[] bytes(final int length) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static void require(final boolean isKept, final String otherwise) throws Broken {
        if (!isKept) {
            throw new Broken(otherwise);
        }
    }

    /** A promise that was not kept. */
    private static final class Broken extends Exception {
        private static final long serialVersionUID = 1L;

        Broken(final String message) {
            super(message);
        }
    }

    /** Tries something and tells what; or throws. */
    @FunctionalInterface
    private interface Trial {
        String run() throws StoreException, Broken;
    }

    /** An operation to be measured. */
    @FunctionalInterface
    private interface Sample {
        void run(int number) throws StoreException;
    }
}
