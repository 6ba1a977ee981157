package io.varve.lsvd.history;

import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.objects.ObjectIndex;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoreClient.Part;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.UUID;

/**
 * Reads the newest checkpoint and all that it builds on, several at a time, lays the deltas over each other, newest last, and all of
 * them over the whole one into a map.
 */
final class CheckpointReader {
    /** Longest body in bytes that memory is taken for before it is known that the object is as long as it says. */
    private static final long MAX_UNCHECKED = 16 << 20;

    private final StoreClient store;
    private final HeaderReader headers;
    private final ObjectReader reader;

    CheckpointReader(final StoreClient store, final HeaderReader headers) {
        this.store = store;
        this.headers = headers;
        reader = new ObjectReader(store.keys());
    }

    /**
     * What was read: the newest checkpoint's header, the epochs and objects that it lists, the snapshot that it is, or null, and the
     * chain that it ends.
     */
    record Loaded(
            ObjectHeader newest, Epochs epochs, ObjectTable objects, SnapshotRecord snapshot, CheckpointChain chain) {}

    /**
     * Reads a checkpoint into an empty map.
     *
     * @throws FormatException when one is damaged, or none.
     */
    Loaded read(final UUID volume, final long epoch, final long sequence, final ExtentMap map) throws IOException {
        final ObjectHeader newest = header(volume, epoch, sequence);
        final MemorySegment newestBody = bodies(List.of(newest)).getFirst();
        final Checkpoint.Content content = Checkpoint.decode(key(newest), newest, newestBody);
        final List<ObjectHeader> chain = baseHeaders(content);
        final List<MemorySegment> bodies = bodies(chain);
        chain.add(newest);
        final List<Checkpoint.Content> contents = new ArrayList<>();
        for (int i = 0; i < bodies.size(); i++) {
            contents.add(Checkpoint.decode(key(chain.get(i)), chain.get(i), bodies.get(i)));
        }
        contents.add(content);
        for (int i = 0; i < contents.size(); i++) {
            if (firstSequence(contents.get(i)) < firstSequence(content)) {
                throw new FormatException(
                        key(newest) + " is damaged: it lacks epochs of " + key(chain.get(i)) + ", which it builds on");
            }
            if (!contents.get(i).bases().equals(content.bases().subList(0, i))) {
                throw new FormatException(key(chain.get(i)) + " does not build on what " + key(newest) + " builds on");
            }
        }
        load(contents, map);
        CheckpointChain sequences = CheckpointChain.whole(chain.getFirst().sequence());
        for (final ObjectHeader delta : chain.subList(1, chain.size())) {
            sequences = sequences.with(delta.sequence(), plainLength(delta));
        }
        final ObjectTable objects = new ObjectTable();
        for (final Checkpoint.Content one : contents) {
            Checkpoint.loadObjects(one, objects);
        }
        leaveAncestors(objects, content.epochs(), volume);
        return new Loaded(newest, content.epochs(), objects, content.snapshot(), sequences);
    }

    /**
     * The first checkpoints of a clone build on its origin's, whose table is not the clone's: what is in there belongs to others, who
     * alone may delete it. A whole checkpoint may name it too, since builds before took it over.
     */
    private static void leaveAncestors(final ObjectTable objects, final Epochs epochs, final UUID volume) {
        for (int i = objects.count() - 1; i >= 0; i--) {
            final long sequence = objects.sequence(i);
            if (sequence < epochs.get(0).firstSequence()
                    || !epochs.of(sequence).volume().equals(volume)) {
                objects.remove(sequence);
            }
        }
    }

    /** What one more checkpoint says beyond the map, to somebody who knows all before it. */
    record Step(Epochs epochs, ObjectTable objects, SnapshotRecord snapshot, CheckpointChain chain) {}

    /**
     * Reads a checkpoint of a map that is known up to it.
     *
     * @param header  of the checkpoint.
     * @param chain   the newest checkpoint before.
     * @param objects the table before; belongs to what is given back from then on.
     * @return null when it does not follow from what is known.
     */
    Step step(final ObjectHeader header, final CheckpointChain chain, final ObjectTable objects) throws IOException {
        final Checkpoint.Content content =
                Checkpoint.decode(key(header), header, bodies(List.of(header)).getFirst());
        final boolean isWhole = content.bases().isEmpty();
        if (!isWhole && !content.bases().equals(chain.sequences())) {
            return null;
        }
        final ObjectTable table = isWhole ? new ObjectTable() : objects;
        table.clearChanges();
        Checkpoint.loadObjects(content, table);
        table.clearChanges();
        table.add(header.sequence(), header.objectLength(), 0, ObjectTable.CHECKPOINT);
        return new Step(
                content.epochs(),
                table,
                content.snapshot(),
                isWhole
                        ? CheckpointChain.whole(header.sequence())
                        : chain.with(header.sequence(), plainLength(header)));
    }

    private List<ObjectHeader> baseHeaders(final Checkpoint.Content content) throws IOException {
        final List<Long> bases = content.bases();
        final Epochs epochs = content.epochs();
        final List<ObjectHeader> chain = new ArrayList<>();
        int ahead = 0;
        for (final long base : bases) {
            while (ahead < bases.size() && isAhead(epochs.of(bases.get(ahead)), bases.get(ahead))) {
                ahead++;
            }
            final Epochs.Entry epoch = epochs.of(base);
            chain.add(header(epoch.volume(), epoch.epoch(), base));
        }
        return chain;
    }

    private List<MemorySegment> bodies(final List<ObjectHeader> chain) throws IOException {
        final List<ObjectIndex> indexes = new ArrayList<>();
        final List<MemorySegment> stored = new ArrayList<>();
        final List<Part> parts = new ArrayList<>();
        for (final ObjectHeader header : chain) {
            final ObjectIndex index = ObjectIndex.of(key(header), header);
            final long length = header.objectLength() - header.headerLength();
            if (length > MAX_UNCHECKED
                    && store.get(
                                    key(header),
                                    header.objectLength() - 1,
                                    Arena.ofAuto().allocate(1))
                            != 1) {
                throw new FormatException(key(header) + " is damaged: it is too short");
            }
            final MemorySegment bytes = Arena.ofAuto().allocate(length, Long.BYTES);
            indexes.add(index);
            stored.add(bytes);
            Part.split(key(header), header.headerLength(), bytes, parts);
        }
        store.getAll(parts);
        final List<MemorySegment> bodies = new ArrayList<>();
        for (int i = 0; i < indexes.size(); i++) {
            bodies.add(body(indexes.get(i), stored.get(i)));
        }
        return bodies;
    }

    private MemorySegment body(final ObjectIndex index, final MemorySegment stored) throws FormatException {
        final MemorySegment body = Arena.ofAuto().allocate(index.payloadLength(), Long.BYTES);
        reader.decodeFrames(index, 0, index.frameCount(), stored, body);
        return body;
    }

    private static void load(final List<Checkpoint.Content> contents, final ExtentMap map) {
        Deque<Runs> deltas = new ArrayDeque<>();
        for (final Checkpoint.Content delta : contents.subList(1, contents.size())) {
            deltas.add(Runs.overlay(delta.written(), delta.removed()));
        }
        while (deltas.size() > 1) {
            deltas = overlayPairs(deltas);
        }
        final Runs whole = contents.getFirst().written();
        if (deltas.isEmpty()) {
            deltas.add(contents.getFirst().removed());
        }
        try (Runs changed = deltas.remove()) {
            Runs.overlay(changed, whole, (block, length, location) -> {
                if (location != Runs.REMOVED) {
                    map.append(block, (int) length, location);
                }
            });
        }
    }

    /** Lays each second list over the one before it: half as many stay, in the same order. */
    private static Deque<Runs> overlayPairs(final Deque<Runs> lists) {
        final Deque<Runs> halved = new ArrayDeque<>();
        while (lists.size() > 1) {
            try (Runs older = lists.remove();
                    Runs newer = lists.remove()) {
                halved.add(Runs.overlay(newer, older));
            }
        }
        halved.addAll(lists);
        return halved;
    }

    private boolean isAhead(final Epochs.Entry epoch, final long sequence) {
        return headers.ahead(epoch.volume(), epoch.epoch(), sequence);
    }

    private ObjectHeader header(final UUID volume, final long epoch, final long sequence) throws IOException {
        final ObjectHeader header = headers.read(volume, epoch, sequence);
        if (header.type() != ObjectType.CHECKPOINT || header.checkpoint() > sequence || header.checkpoint() < 0) {
            throw new FormatException(key(header) + " should be a checkpoint and is not");
        }
        return header;
    }

    private static long firstSequence(final Checkpoint.Content content) {
        return content.epochs().get(0).firstSequence();
    }

    private static long plainLength(final ObjectHeader header) {
        return header.headerLength() + header.payloadLength();
    }

    private static String key(final ObjectHeader header) {
        return Keys.object(header.volume(), header.epoch(), header.sequence());
    }
}
