package io.varve.lsvd.fuzz;

import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectIdentity;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.history.Checkpoint;
import io.varve.lsvd.history.CheckpointChain;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.MapChanges;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectMemory;
import io.varve.lsvd.objects.ObjectWriter;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/**
 * A volume's history in a store: epoch records, and objects with headers and, of checkpoints, bodies. Each part of an input is one of
 * them; of an object stand the length of what is given of its header (u16), that, and its body, so that an input is short.
 * What is read as a history has to be one, and has to come out the same through a checkpoint of it.
 */
final class HistoryTarget implements FuzzTarget {
    private static final int OBJECT = 1;
    private static final int UNSEALED = 2;
    private static final int CLAIMED_LENGTH = 4;
    /** What stands before an object's extents. */
    private static final int HEADER_START = 184;

    private static final int MAX_HEADER = 16 << 10;
    private static final UUID NONCE = new UUID(3, 4);
    private static final byte[] EPOCH_EXAMPLE = new EpochRecord(
                    0, NONCE, 0, 0, -1, VolumeSettings.ofSize(1 << 30), 1, 1, "host", null)
            .encode()
            .toArray(ValueLayout.JAVA_BYTE);

    @Override
    public String name() {
        return "history";
    }

    @Override
    public long mostAllocated(final int length) {
        // A reader asks for 64 KiB at a time, but outside the heap.
        return 16L << 20;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(Inputs.ofParts(epoch(0, -1), data(0, 0), data(0, 1)), whole(), delta());
    }

    private static byte[] whole() {
        return Inputs.ofParts(epoch(0, -1), data(0, 0), checkpoint(1, List.of()), data(0, 2), seal(0, 3), epoch(1, 1));
    }

    private static byte[] delta() {
        return Inputs.ofParts(
                epoch(0, -1), data(0, 0), checkpoint(1, List.of()), data(0, 2), checkpoint(3, List.of(1L)), data(0, 4));
    }

    private static Inputs.Part epoch(final long epoch, final long checkpoint) {
        final EpochRecord record = new EpochRecord(
                epoch, NONCE, epoch * 4, 9, checkpoint, VolumeSettings.ofSize(1 << 30), 1, 1, "host", null);
        return new Inputs.Part(0, (int) epoch << 4, record.encode().toArray(ValueLayout.JAVA_BYTE));
    }

    private static Inputs.Part data(final int epoch, final int sequence) {
        final MemorySegment memory =
                MemorySegment.ofArray(new byte[ObjectHeader.Shape.ofData(3, 4).headerLength()]);
        final ObjectHeader header = new ObjectHeader(memory);
        header.begin(
                ObjectType.DATA,
                new ObjectIdentity(Inputs.VOLUME, epoch, sequence, NONCE),
                ObjectHeader.Shape.ofData(3, 4));
        header.covers(sequence + 1, Covered.through(sequence + 1, true));
        header.checkpoint(sequence > 2 ? 1 : -1);
        header.extent(0, ExtentEntry.DATA, 10 + sequence, 3, 0);
        header.extent(1, ExtentEntry.TRIM, 12, 5, 0);
        header.extent(2, ExtentEntry.DATA, 1 << 20, 1, 3);
        final byte[] bytes = new byte[HEADER_START + 3 * ExtentEntry.LENGTH];
        MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, 0, bytes, 0, bytes.length);
        return object(epoch, sequence, bytes, new byte[0]);
    }

    private static Inputs.Part seal(final int epoch, final int sequence) {
        final byte[] bytes = Sealer.encode(Inputs.VOLUME, epoch, sequence, NONCE, Covered.through(9, true), 1)
                .toArray(ValueLayout.JAVA_BYTE);
        return object(epoch, sequence, Arrays.copyOf(bytes, HEADER_START), new byte[0]);
    }

    private static Inputs.Part checkpoint(final int sequence, final List<Long> bases) {
        final Epochs epochs = Epochs.NONE.with(new Epochs.Entry(Inputs.VOLUME, 0, 0, NONCE));
        final Checkpoint.Author author = new Checkpoint.Author(Inputs.VOLUME, 0, NONCE, epochs);
        final ObjectTable objects = new ObjectTable();
        objects.add(0, 20480, 4, 0);
        final Checkpoint.Statement statement = new Checkpoint.Statement(
                sequence,
                Covered.through(sequence, true),
                bases.isEmpty() ? new SnapshotRecord("before", 0, 1 << 30, 5, false) : null);
        final byte[] bytes;
        try (ExtentMap map = new ExtentMap();
                MapChanges changes = new MapChanges()) {
            map.put(10, 3, Location.inObject(0, 0));
            map.put(1 << 20, 1, Location.inObject(0, 3));
            changes.onWritten(30, 4, Location.inObject(2, 0));
            changes.onRemoved(12, 1);
            bytes = (bases.isEmpty()
                            ? Checkpoint.whole(
                                    author,
                                    statement,
                                    objects,
                                    map,
                                    new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE))
                            : Checkpoint.delta(
                                    author,
                                    statement,
                                    CheckpointChain.whole(bases.getFirst()),
                                    objects,
                                    changes,
                                    new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE)))
                    .toArray(ValueLayout.JAVA_BYTE);
        }
        return object(0, sequence, Arrays.copyOf(bytes, HEADER_START), Arrays.copyOfRange(bytes, 4096, bytes.length));
    }

    private static Inputs.Part object(
            final int epoch, final int sequence, final byte[] headerStart, final byte[] body) {
        final ByteBuffer part = Seal.view(new byte[2 + headerStart.length + body.length]);
        part.putShort((short) headerStart.length).put(headerStart).put(body);
        return new Inputs.Part(OBJECT, epoch << 4 | sequence, part.array());
    }

    @Override
    public void run(final byte[] input) throws IOException {
        try (FuzzedStore store = new FuzzedStore()) {
            for (final Inputs.Part part : Inputs.parts(input)) {
                final int epoch = part.number() >> 4;
                if ((part.kind() & OBJECT) == 0) {
                    if ((part.kind() & UNSEALED) == 0) {
                        Seal.smallRecord(part.bytes(), EPOCH_EXAMPLE);
                    }
                    store.put(Keys.epoch(Inputs.VOLUME, epoch), part.bytes());
                } else if (part.bytes().length > 2) {
                    store.put(Keys.object(Inputs.VOLUME, epoch, part.number() & 15), object(part));
                }
            }
            final StoreClient client = new StoreClient(store, new StillRuntime(), 1);
            try (History history = new HistoryReader(client, Inputs.VOLUME).read()) {
                check(history);
                checkAgain(history, store, client);
            } catch (final IOException e) {
                return;
            }
        }
    }

    private static byte[] object(final Inputs.Part part) {
        final ByteBuffer bytes = Seal.view(part.bytes());
        final int given = Math.min(bytes.getShort() & 0xffff, bytes.remaining());
        final byte[] start = Arrays.copyOfRange(part.bytes(), 2, 2 + given);
        final int claimed = given < 16 ? 0 : Seal.view(start).getInt(12);
        final int headerLength = Math.clamp(claimed, given, Math.max(given, MAX_HEADER));
        final int bodyLength = part.bytes().length - 2 - given;
        final byte[] object = Arrays.copyOf(start, headerLength + bodyLength);
        System.arraycopy(part.bytes(), 2 + given, object, headerLength, bodyLength);
        if (object.length >= HEADER_START && (part.kind() & UNSEALED) == 0) {
            Seal.object(object, (part.kind() & CLAIMED_LENGTH) == 0);
        }
        return object;
    }

    private static void check(final History history) {
        final ExtentMap map = history.map();
        for (long block = 0; map.find(block); block = map.foundBlock() + map.foundLength()) {
            final long location = map.foundLocation();
            if (Location.isLog(location)) {
                throw new AssertionError("block " + map.foundBlock() + " is mapped to no object");
            }
            history.epochs().key(Location.sequence(location));
        }
        for (int i = 0; i < history.objects().count(); i++) {
            if (history.objects().length(i) < 0 || history.objects().blocks(i) < 0) {
                throw new AssertionError("object " + history.objects().sequence(i) + " has a length below 0");
            }
        }
    }

    /** Reads a checkpoint of the history that was found. */
    private static void checkAgain(final History history, final FuzzedStore store, final StoreClient client)
            throws IOException {
        final long sequence = history.nextSequence();
        final MemorySegment whole = Checkpoint.whole(
                new Checkpoint.Author(
                        Inputs.VOLUME,
                        history.newest().epoch(),
                        history.newest().nonce(),
                        history.epochs()),
                new Checkpoint.Statement(sequence, history.covered(), history.snapshot()),
                history.objects(),
                history.map(),
                new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE));
        store.put(Keys.object(Inputs.VOLUME, history.newest().epoch(), sequence), whole.toArray(ValueLayout.JAVA_BYTE));
        try (History again = new HistoryReader(client, Inputs.VOLUME)
                .readSnapshot(history.newest().epoch(), sequence)) {
            if (!runs(again.map()).equals(runs(history.map()))
                    || again.objects().count() != history.objects().count()
                    || again.objects().storedBytes() != history.objects().storedBytes()) {
                throw new AssertionError("a history reads differently from a checkpoint of it");
            }
        } catch (final IOException e) {
            throw new AssertionError("a checkpoint of what was read is refused", e);
        }
    }

    private static List<List<Long>> runs(final ExtentMap map) {
        final List<List<Long>> runs = new ArrayList<>();
        for (long block = 0; map.find(block); block = map.foundBlock() + map.foundLength()) {
            runs.add(List.of(map.foundBlock(), (long) map.foundLength(), map.foundLocation()));
        }
        return runs;
    }
}
