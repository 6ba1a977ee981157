package io.varve.lsvd.simulator;

import io.varve.lsvd.crypto.KeyEncryptionKey;
import io.varve.lsvd.crypto.KeyWrapper;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.history.Checkpoint;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.objects.ObjectMemory;
import io.varve.lsvd.objects.ObjectWriter;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.agrona.LangUtil;

/** A store in memory that several hosts share, each through a {@link Client} that delays, loses and repeats. */
final class SimulatedStore {
    private final TreeMap<String, byte[]> objects = new TreeMap<>();
    private final Random random;
    private final PlantedBug bug;
    private final List<Request> inFlight = new ArrayList<>();

    /** What other programs have left here, which nobody may touch. */
    private final TreeMap<String, byte[]> foreign = new TreeMap<>();

    /** What can be seen and is not durable: nobody was told of it. */
    private final Set<String> unsynced = new TreeSet<>();

    /** What has been deleted and may come back. */
    private final TreeMap<String, byte[]> undead = new TreeMap<>();

    private final Map<String, String> salts = new HashMap<>();
    private final KeyEncryptionKey key;
    private boolean isSettled;
    private UUID volume;
    private boolean isAway;
    private boolean isUnwritable;
    private TreeMap<String, byte[]> copy = new TreeMap<>();
    private int troubleOneIn;

    SimulatedStore(final Random random, final PlantedBug bug) {
        this.random = random;
        this.bug = bug;
        final byte[] bytes = new byte[KeyEncryptionKey.LENGTH];
        random.nextBytes(bytes);
        key = random.nextInt(3) == 0 ? new KeyEncryptionKey("file", "the operator's", bytes) : null;
    }

    /** What the data keys of the volumes here are wrapped by; null where they are not encrypted. */
    KeyEncryptionKey key() {
        return key;
    }

    /** Forgets the key. */
    void close() {
        if (key != null) {
            key.close();
        }
    }

    /** Of an encrypted volume, nothing but seals is plain, and no key serves two objects. */
    private void judgeEncryption(final String name, final byte[] body) {
        if (key == null || !name.contains("/log/") || body.length < ObjectHeader.FIXED_LENGTH) {
            return;
        }
        final ObjectHeader header = new ObjectHeader(MemorySegment.ofArray(body));
        if (header.isEncrypted()) {
            final String salt = Arrays.toString(header.salt());
            final String other = salts.put(salt, name);
            if (other != null && !other.equals(name)) {
                throw new SimulationFailure(name + " has the salt of " + other);
            }
        } else if (header.type() != ObjectType.SEAL) {
            throw new SimulationFailure(name + " is not encrypted");
        }
    }

    /** From now on, one in so many requests meets trouble; 0 for none. */
    void trouble(final int oneIn) {
        troubleOneIn = oneIn;
    }

    /** Whether every request fails. */
    void away(final boolean value) {
        isAway = value;
    }

    /** Whether every creation and deletion fails, while reads and listings do not. */
    void unwritable(final boolean value) {
        isUnwritable = value;
    }

    /** Another program leaves something under a volume's prefix. */
    void strew() {
        final String prefix = Keys.volume(volume());
        final List<String> log = keys(prefix + "log/");
        final String newest = log.isEmpty() ? "log/" : directory(log.getLast()).substring(prefix.length());
        final String[] places = {"", "pins/", "children/", "epochs/", "settings/", "hot/", "log/", newest};
        final String[] names = {"desktop.ini", "readme", "000000000000000g", "lost_found/0000000000000001", "0"};
        final String key = prefix + places[random.nextInt(places.length)] + names[random.nextInt(names.length)];
        foreign.put(key, new byte[random.nextInt(3000)]);
        objects.putAll(foreign);
    }

    /** Whether all that other programs have left is still there. */
    boolean hasForeign() {
        return objects.keySet().containsAll(foreign.keySet());
    }

    /**
     * Loses power, with all that use it, as a directory on the host's own disk does: what nobody was told of is gone, and deletions may
     * be.
     */
    void losePower() {
        inFlight.clear();
        unsynced.forEach(objects::remove);
        undead.forEach((key, body) -> {
            if (random.nextBoolean()) {
                objects.putIfAbsent(key, body);
            }
        });
        unsynced.clear();
        undead.clear();
    }

    /** From now on, what has been deleted does not come back. */
    void settle() {
        isSettled = true;
        undead.clear();
    }

    /** Whether something is there that a loss of power would take. */
    boolean isUnsynced() {
        return !unsynced.isEmpty();
    }

    private static String directory(final String key) {
        return key.substring(0, key.lastIndexOf('/') + 1);
    }

    /** Keeps a copy of what is there and durable, for {@link #lose} to go back to. */
    void copy() {
        copy = new TreeMap<>(objects);
        copy.keySet().removeAll(unsynced);
    }

    /**
     * Loses some of what it has confirmed of the newest epoch, or goes back to its copy, but nothing that a snapshot needs.
     *
     * @return what was lost.
     */
    TreeMap<String, byte[]> lose() {
        final String prefix = Keys.volume(volume());
        final long epoch = Keys.lastNumber(keys(prefix + "epochs/").getLast());
        final long pinned =
                keys(prefix + "pins/").stream().mapToLong(Keys::pinned).max().orElse(-1);
        final List<String> newest = new ArrayList<>(keys(prefix + "log/"));
        newest.removeIf(key -> Keys.lastNumber(key) <= pinned || Keys.epochOf(key) != epoch);
        final TreeMap<String, byte[]> before = new TreeMap<>(objects);
        switch (random.nextInt(4)) {
            case 0 -> {
                if (!newest.isEmpty()) {
                    objects.remove(newest.get(random.nextInt(newest.size())));
                }
            }
            case 1 -> {
                if (epoch > 1
                        && newest.size()
                                == keys(prefix + "log/").stream()
                                        .filter(key -> Keys.epochOf(key) == epoch)
                                        .count()) {
                    newest.forEach(objects::remove);
                    objects.remove(Keys.epoch(volume(), epoch));
                }
            }
            case 2 -> {
                // Settings that go back are not noticed.
                if (!copy.isEmpty()
                        && copy.keySet().containsAll(keys(prefix + "pins/"))
                        && copy.keySet().containsAll(keys(prefix + "settings/"))) {
                    objects.clear();
                    objects.putAll(copy);
                    objects.putAll(foreign);
                }
            }
            default -> {
                if (!newest.isEmpty()) {
                    newest.subList(random.nextInt(newest.size()), newest.size()).forEach(objects::remove);
                }
            }
        }
        unsynced.retainAll(objects.keySet());
        before.keySet().removeAll(objects.keySet());
        return before;
    }

    /** What was lost is there again, but where another object has its place by now. */
    void bringBack(final TreeMap<String, byte[]> lost) {
        lost.forEach(objects::putIfAbsent);
    }

    /** Carries out one request; false when none is in flight. */
    boolean step() {
        if (inFlight.isEmpty()) {
            return false;
        }
        inFlight.remove(random.nextInt(inFlight.size())).carryOut();
        return true;
    }

    Client client() {
        return new Client();
    }

    private boolean create(final String key, final byte[] body) {
        judgeEncryption(key, body);
        if (bug == PlantedBug.DROPPED_SEAL && isSeal(body) && random.nextInt(2) == 0) {
            return true;
        }
        if (bug == PlantedBug.OVERWRITING_STORE) {
            objects.put(key, body);
            return true;
        }
        if (bug == PlantedBug.NARROW_SEQUENCE && key.contains("/log/")) {
            final int low = key.length() - 8;
            return objects.putIfAbsent(key.substring(0, low - 8) + "00000000" + key.substring(low), body) == null;
        }
        final boolean isCreated = objects.putIfAbsent(key, body) == null;
        if (isCreated) {
            unsynced.add(key);
        }
        return isCreated;
    }

    /**
     * The volume, which was made just now, has a long history behind it: of it there are the epoch before the next one, and a checkpoint
     * that says that all has been discarded.
     */
    void age(final long epoch, final long sequence) throws FormatException {
        final UUID volume = volume();
        final String first = Keys.epoch(volume, 0);
        final EpochRecord creation = EpochRecord.decode(first, MemorySegment.ofArray(objects.get(first)));
        final EpochRecord last = new EpochRecord(
                epoch,
                creation.nonce(),
                sequence,
                0,
                ObjectHeader.NO_CHECKPOINT,
                creation.settings(),
                creation.createdMs(),
                creation.openedMs(),
                creation.openedBy(),
                null);
        final Covered covered = Covered.through(0, creation.settings().writeCache());
        final Epochs epochs = Epochs.NONE.with(new Epochs.Entry(volume, epoch, sequence, last.nonce()));
        try (ExtentMap nothing = new ExtentMap()) {
            put(Keys.epoch(volume, epoch), last.encode());
            put(
                    Keys.object(volume, epoch, sequence),
                    Checkpoint.whole(
                            new Checkpoint.Author(volume, epoch, last.nonce(), epochs),
                            new Checkpoint.Statement(sequence, covered, null),
                            new ObjectTable(),
                            nothing,
                            new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE)));
            put(
                    Keys.object(volume, epoch, sequence + 1),
                    Sealer.encode(volume, epoch, sequence + 1, last.nonce(), covered, sequence));
        }
    }

    private void put(final String key, final MemorySegment body) {
        objects.put(key, body.toArray(ValueLayout.JAVA_BYTE));
    }

    /** All keys that begin like this. */
    List<String> keys(final String prefix) {
        return objects.keySet().stream()
                .filter(key -> key.startsWith(prefix) && !foreign.containsKey(key))
                .toList();
    }

    /** The volume that is served. */
    UUID volume() {
        return volume;
    }

    /** Another volume is served from now on. */
    void volume(final UUID value) {
        volume = value;
        copy.clear();
    }

    boolean isSeal(final String key) {
        return isSeal(objects.get(key));
    }

    private static boolean isSeal(final byte[] body) {
        final MemorySegment bytes = MemorySegment.ofArray(body);
        return body.length >= ObjectHeader.FIXED_LENGTH
                && new ObjectHeader(bytes).isRecognizable()
                && new ObjectHeader(bytes).type() == ObjectType.SEAL;
    }

    private static boolean isCollected(final byte[] body) {
        final MemorySegment bytes = MemorySegment.ofArray(body);
        return body.length >= ObjectHeader.FIXED_LENGTH
                && new ObjectHeader(bytes).isRecognizable()
                && new ObjectHeader(bytes).type() == ObjectType.DATA
                && new ObjectHeader(bytes).generation() > 0;
    }

    /** Something to be done at a later step. */
    @FunctionalInterface
    private interface Work {
        void run() throws StoreException;
    }

    /** A request in flight. */
    private record Request(Client client, CompletableFuture<?> future, Work work) {
        void carryOut() {
            try {
                work.run();
            } catch (final StoreException e) {
                future.completeExceptionally(e);
            }
        }
    }

    /** One host's way to the store. */
    final class Client implements ObjectStore {
        private boolean isDead;
        private boolean isWriter;
        private Throwable surprise;

        @Override
        public KeyWrapper keyWrapper() {
            return key;
        }

        /** The host has the volume open for writing. */
        Client writer() {
            isWriter = true;
            return this;
        }

        /** The host ends: what it has asked for may still be carried out, but it is not told, and its memory is free. */
        void kill() {
            isDead = true;
            final List<CompletableFuture<?>> unanswered = new ArrayList<>();
            for (int i = inFlight.size() - 1; i >= 0; i--) {
                final Request request = inFlight.get(i);
                if (request.client == this) {
                    unanswered.add(request.future);
                    if (!(request.future instanceof Change && random.nextBoolean())) {
                        inFlight.remove(i);
                    }
                }
            }
            unanswered.forEach(Client::abandon);
        }

        private static void abandon(final CompletableFuture<?> future) {
            future.completeExceptionally(new StoreException("the host has ended"));
        }

        @Override
        public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
            final byte[] bytes = body.toArray(ValueLayout.JAVA_BYTE);
            final Change<Boolean> future = new Change<>();
            if (bug == PlantedBug.BROKEN_ORDER && key.contains("/log/") && random.nextInt(3) == 0
                    || bug == PlantedBug.EARLY_COLLECTION && isCollected(bytes)) {
                submit(future, () -> create(key, bytes));
                future.complete(true);
                return future;
            }
            final int trouble = trouble();
            submit(future, () -> {
                if (isUnwritable && bug == PlantedBug.UNWRITTEN_CREATION) {
                    future.complete(true);
                    return;
                }
                if (isAway || isUnwritable || trouble == 1) {
                    throw new StoreException("simulated trouble");
                }
                final boolean isCreated = create(key, bytes);
                if (trouble == 2) {
                    throw new StoreException("simulated loss of an answer");
                }
                final boolean isHeard = !isDead && !future.isDone();
                if (isHeard || random.nextBoolean()) {
                    makeDurable(key, isCreated);
                }
                future.complete(isCreated);
            });
            if (trouble == 3) {
                // The answer is an error, and the request goes on by itself.
                future.completeExceptionally(new StoreException("simulated time-out"));
            }
            return future;
        }

        @Override
        public CompletableFuture<Integer> get(final String key, final long offset, final MemorySegment target) {
            final CompletableFuture<Integer> future = new CompletableFuture<>();
            final int trouble = trouble();
            submit(future, () -> {
                if (isAway || trouble > 0) {
                    throw new StoreException("simulated trouble");
                }
                final byte[] bytes = objects.get(key);
                if (bytes == null) {
                    throw new NoSuchObjectException(key);
                }
                final int length = (int) Math.max(0, Math.min(target.byteSize(), bytes.length - offset));
                MemorySegment.copy(MemorySegment.ofArray(bytes), offset, target, 0, length);
                future.complete(length);
            });
            return future;
        }

        @Override
        public CompletableFuture<List<StoredObject>> list(final String prefix, final String after, final int limit) {
            final CompletableFuture<List<StoredObject>> future = new CompletableFuture<>();
            final int trouble = trouble();
            submit(future, () -> {
                if (isAway || trouble > 0) {
                    throw new StoreException("simulated trouble");
                }
                final List<StoredObject> found = new ArrayList<>();
                if (isWriter
                        && bug == PlantedBug.FORGOTTEN_PINS
                        && (prefix.endsWith("/pins/") || prefix.endsWith("/children/"))
                        && random.nextInt(4) == 0) {
                    future.complete(found);
                    return;
                }
                objects.tailMap(prefix).forEach((key, bytes) -> {
                    if (key.startsWith(prefix) && key.compareTo(after) > 0 && found.size() < limit) {
                        found.add(new StoredObject(shown(key), bytes.length));
                    }
                });
                if (bug == PlantedBug.STRICT_LISTING
                        && found.stream().anyMatch(object -> foreign.containsKey(object.key()))) {
                    throw new StoreException("simulated confusion");
                }
                future.complete(found);
            });
            return future;
        }

        @Override
        public CompletableFuture<Void> delete(final String key) {
            final Change<Void> future = new Change<>();
            final int trouble = trouble();
            submit(future, () -> {
                if (isAway || isUnwritable || trouble == 1) {
                    throw new StoreException("simulated trouble");
                }
                if (trouble == 3 && bug == PlantedBug.WIDE_DELETION && objects.higherKey(key) != null) {
                    objects.remove(objects.higherKey(key));
                }
                if (bug == PlantedBug.DELETED_NEIGHBOURS) {
                    objects.keySet()
                            .removeIf(other -> foreign.containsKey(other)
                                    && directory(other).equals(directory(key)));
                }
                if (bug != PlantedBug.LOST_DELETION || random.nextInt(4) > 0) {
                    final byte[] body = objects.remove(key);
                    if (body != null && !unsynced.remove(key) && !isSettled) {
                        undead.put(key, body);
                    }
                }
                if (trouble == 2) {
                    throw new StoreException("simulated loss of an answer");
                }
                future.complete(null);
            });
            if (trouble == 3) {
                // As with creations: it comes late, when it has been tried again.
                future.completeExceptionally(new StoreException("simulated time-out"));
            }
            return future;
        }

        @Override
        public CompletableFuture<Void> confirm(final String prefix) {
            final CompletableFuture<Void> future = new CompletableFuture<>();
            final int trouble = trouble();
            submit(future, () -> {
                if (isAway || trouble > 0) {
                    throw new StoreException("simulated trouble");
                }
                if (bug != PlantedBug.UNCONFIRMED) {
                    unsynced.removeIf(key -> directory(key).equals(prefix));
                    undead.keySet().removeIf(key -> directory(key).equals(prefix));
                }
                future.complete(null);
            });
            return future;
        }

        private String shown(final String key) {
            return bug == PlantedBug.ADOPTED_KEYS && foreign.containsKey(key)
                    ? directory(key) + "00000000000003e8"
                    : key;
        }

        private void makeDurable(final String key, final boolean isCreated) {
            if (bug != (isCreated ? PlantedBug.UNSYNCED_CREATION : PlantedBug.UNSYNCED_TAKEN)) {
                unsynced.remove(key);
            }
        }

        @Override
        public String url() {
            return "simulated:";
        }

        @Override
        public void close() {
            kill();
        }

        private int trouble() {
            return troubleOneIn > 0 && random.nextInt(troubleOneIn) == 0 ? 1 + random.nextInt(3) : 0;
        }

        /** The next request, if there is one before this is taken back with null, throws this instead of being answered. Tells whether the last one has. */
        boolean surprise(final Throwable value) {
            final boolean isThrown = surprise == null;
            surprise = value;
            return isThrown;
        }

        private void submit(final CompletableFuture<?> future, final Work work) {
            if (surprise != null) {
                final Throwable thrown = surprise;
                surprise = null;
                if (random.nextBoolean()) {
                    inFlight.add(new Request(this, future, work));
                }
                LangUtil.rethrowUnchecked(thrown);
            }
            if (isDead) {
                abandon(future);
            } else {
                inFlight.add(new Request(this, future, work));
            }
        }
    }

    /** The future of a creation or deletion: one that may be carried out after its host has ended. */
    private static final class Change<T> extends CompletableFuture<T> {}
}
