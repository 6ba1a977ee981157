package io.varve.lsvd.gc;

import io.varve.linux.Background;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.ObjectIdentity;
import io.varve.lsvd.format.ObjectType;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.BufferPool;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.objects.ObjectWriter;
import io.varve.lsvd.scan.LiveRuns;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.stored.BuiltObject;
import io.varve.lsvd.stored.ObjectLayout;
import io.varve.lsvd.stored.StoredMap;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.agrona.collections.LongHashSet;

/**
 * Collects garbage: while more is stored than the policy allows, takes the live data of a few objects that hold much garbage and
 * makes it the next object of the sequence. What is live is decided when that object gets its sequence, against everything that
 * has been sequenced before it, on its way or in the store; so its extents count like those of any other object, and no reader of
 * the history has to know where they came from.
 *
 * <p>One round at a time: choose, read, build, and wait until it is in the store. Advanced by the thread that uploads; only
 * {@link #pause}, {@link #isPaused} and the figures are for any thread.
 */
public final class GarbageCollector implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(GarbageCollector.class.getName());
    private static final int MAX_READING = 4;
    private static final int MAX_STEPS = 4096;
    private static final long RETRY_NS = 500_000_000L;

    /** How long clients' data waits at most for collection: so many rounds, and behind each for deletions so long. */
    private static final int MAX_ROUNDS_FIRST = 8;

    private static final long MAX_WAIT_NS = 2_000_000_000L;

    private static final int MAX_OBJECT_BLOCKS = 2048;
    private static final long MAX_OBJECT_BYTES = bytes(MAX_OBJECT_BLOCKS);
    private static final int MIN_ROUND_BLOCKS = 256;

    /** A round makes this part of what may be stored, so that it needs little room. */
    private static final int ROUNDS = 320;

    /** Rounds begin so early that there is room for others, and for clients' objects: between these parts of the limit. */
    private static final int SMALLEST_ROOM = 128;

    private static final int LARGEST_ROOM = 32;

    private final ObjectStore store;
    private final VolumeCache cache;
    private final BufferPool memory;
    private final ObjectWriter writer;
    private final UUID volume;
    private final String name;
    private final StoredMap stored;
    private final ObjectTable objects;
    private final GcPolicy policy;
    private final LongSupplier sizeBytes;
    private final LongSupplier clockNs;
    private final VictimChooser chooser;
    private final ObjectReader reader;
    private final LongHashSet notThese = new LongHashSet();
    private final ExtentMap onTheirWay = new ExtentMap();
    private final List<Victim> victims = new ArrayList<>();
    private final List<Long> chosen = new ArrayList<>();
    private final List<Long> leaving = new ArrayList<>();
    private State state = State.IDLE;
    private long newestPin = -1;
    private long heldBytes;
    private long objectsWhenIdle = -1;
    private boolean hasFoundNothing;
    private long notBeforeNs;
    private long sequence;
    private int roundsSinceClient;
    private long flattenedTo;
    private long flattenAgainNs;
    private boolean isFlatAsked;
    private boolean hasFlattenedAny = true;
    private volatile boolean isFlattening;
    private volatile boolean isFlattenStuck;
    private long endedNs;
    private volatile boolean isPaused;
    private volatile long bytesCollected;
    private volatile long bytesRead;
    private volatile long bytesReadFromCache;

    /** What a round is doing. */
    private enum State {
        IDLE,
        READING,
        READY,
        UPLOADING
    }

    /** A part of the output. */
    private record Part(long block, int length, Victim from, Victim.Run run, int dataBlock) {}

    /**
     * Makes a collector.
     *
     * @param cache     null when there is none.
     * @param memory    for what is read.
     * @param reader    reads what is collected.
     * @param writer    makes the output.
     * @param volume    whose objects these are.
     * @param name      of the volume, for messages.
     * @param stored    the volume as its objects make it.
     * @param sizeBytes the volume's size.
     * @param clockNs   a monotonic clock in nanoseconds.
     */
    public GarbageCollector(
            final ObjectStore store,
            final VolumeCache cache,
            final BufferPool memory,
            final ObjectReader reader,
            final ObjectWriter writer,
            final UUID volume,
            final String name,
            final StoredMap stored,
            final GcPolicy policy,
            final LongSupplier sizeBytes,
            final LongSupplier clockNs) {
        this.store = store;
        this.cache = cache;
        this.memory = memory;
        this.reader = reader;
        this.writer = writer;
        this.volume = volume;
        this.name = name;
        this.stored = stored;
        this.objects = stored.objects();
        this.policy = policy;
        this.sizeBytes = sizeBytes;
        this.clockNs = clockNs;
        chooser = new VictimChooser(objects);
        notBeforeNs = clockNs.getAsLong();
        flattenAgainNs = notBeforeNs;
    }

    /** Stops after the current round, or goes on. Any thread. */
    public void pause(final boolean value) {
        isPaused = value;
    }

    /** Whether it has been stopped. Any thread. */
    public boolean isPaused() {
        return isPaused;
    }

    /** Copies what the volume shares with its ancestors into objects of its own, from now on. Any thread. */
    public void flatten() {
        isFlattening = true;
    }

    /** Whether all that is left to be copied by {@link #flatten()} is in objects that are missing or damaged. Any thread. */
    public boolean isFlattenStuck() {
        return isFlattenStuck;
    }

    /** Bytes of objects that collection has made. Any thread. */
    public long bytesCollected() {
        return bytesCollected;
    }

    /** Bytes of live data read. Any thread. */
    public long bytesRead() {
        return bytesRead;
    }

    /** Bytes that were in the read cache instead, with what lay between live data. Any thread. */
    public long bytesReadFromCache() {
        return bytesReadFromCache;
    }

    /**
     * What snapshots and clones need.
     *
     * @param pin   objects up to this sequence are left alone.
     * @param bytes of them that stay whatever is collected: they don't count for the limit.
     */
    public void pinned(final long pin, final long bytes) {
        newestPin = pin;
        heldBytes = bytes;
    }

    /**
     * Whether an object of clients' data should wait for what collection is about to give back.
     *
     * @param bytesInFlight of objects that are on their way to the store.
     */
    public boolean isOverdue(final long bytesInFlight) {
        if (objects.storedBytes() + bytesInFlight <= threshold() || roundsSinceClient >= MAX_ROUNDS_FIRST) {
            return false;
        }
        return state != State.IDLE
                || leavingBytes() > 0 && !hasWaited()
                || bytesInFlight > 0 && mayChoose() && !hasFoundNothing;
    }

    /** An object of a client's data goes next. */
    public void onClientObject() {
        roundsSinceClient = 0;
    }

    /** Whether an object can be built. */
    public boolean isReady() {
        return state == State.READY;
    }

    /** Goes on; returns an amount of work. */
    public int doWork() {
        try {
            return switch (state) {
                case IDLE -> choose();
                case READING -> read();
                default -> 0;
            };
        } catch (final RuntimeException | Error e) {
            abandon();
            throw e;
        }
    }

    /** A round that has met what nobody foresaw does not go on where it was, and clients' objects don't wait for it. */
    private void abandon() {
        end();
        notBeforeNs = clockNs.getAsLong() + RETRY_NS;
    }

    /**
     * Builds the output.
     *
     * @param nonce      of the epoch.
     * @param next       the object's sequence.
     * @param covered    as of the object before.
     * @param inFlight   data objects that have been sequenced and are not in the map yet.
     * @return null when nothing of it is live any more.
     */
    public BuiltObject build(
            final long epoch,
            final UUID nonce,
            final long next,
            final Covered covered,
            final Iterable<ObjectLayout> inFlight) {
        try {
            return buildLive(epoch, nonce, next, covered, inFlight);
        } catch (final RuntimeException | Error e) {
            abandon();
            throw e;
        }
    }

    private BuiltObject buildLive(
            final long epoch,
            final UUID nonce,
            final long next,
            final Covered covered,
            final Iterable<ObjectLayout> inFlight) {
        onTheirWay.clear();
        for (final ObjectLayout layout : inFlight) {
            for (int i = 0; i < layout.extentCount(); i++) {
                onTheirWay.put(layout.block(i), layout.length(i), layout.block(i));
            }
        }
        final List<Part> parts = liveParts();
        if (parts.isEmpty()) {
            end();
            return null;
        }
        final ObjectLayout layout = layOut(parts, next, covered, generation());
        final BuiltObject built = assemble(parts, layout, new ObjectIdentity(volume, epoch, next, nonce));
        sequence = next;
        state = State.UPLOADING;
        bytesCollected += built.bytes().byteSize();
        return built;
    }

    /** An object is in the store, and so is all before it. */
    public void onStored(final ObjectLayout layout, final MemorySegment bytes) {
        if (state == State.UPLOADING && layout.sequence() == sequence) {
            if (cache != null) {
                CollectedLines.keep(cache, layout, bytes, reader);
            }
            leaving.addAll(chosen);
            end();
            stored.wantCheckpoint();
        }
    }

    @Override
    public void close() {
        victims.forEach(Victim::release);
        onTheirWay.close();
    }

    /** How much may be stored, in bytes, with what stays for snapshots and clones. */
    public long limit() {
        return heldBytes + policy.limit(sizeBytes.getAsLong(), objects.liveBytes());
    }

    /** Bytes of what has been collected and is about to be deleted. */
    private long leavingBytes() {
        long bytes = 0;
        for (int i = leaving.size() - 1; i >= 0; i--) {
            final int index = objects.find(leaving.get(i));
            if (index < 0 || objects.live(index) > 0 || objects.sequence(index) <= newestPin) {
                leaving.remove(i);
            } else {
                bytes += objects.length(index);
            }
        }
        return bytes;
    }

    /** Whether a round should begin: without waiting for deletions if there is room for it meanwhile. */
    private boolean isDue() {
        final long threshold = threshold();
        if (objects.storedBytes() <= threshold) {
            return false;
        }
        final long leaving = leavingBytes();
        return objects.storedBytes() - leaving > threshold
                && (leaving == 0
                        || objects.storedBytes() + roundBytes() + stored.nextCheckpointLength() <= limit()
                        || hasWaited());
    }

    private boolean hasWaited() {
        return clockNs.getAsLong() - endedNs >= MAX_WAIT_NS;
    }

    /** Beyond this a round comes before the next object: so that with both, and the checkpoint, the limit is kept. */
    private long threshold() {
        final long limit = limit() - heldBytes;
        final long room = MAX_OBJECT_BYTES + roundBytes() + stored.nextCheckpointLength();
        return heldBytes + limit - Math.clamp(room, limit / SMALLEST_ROOM, limit / LARGEST_ROOM);
    }

    private int roundBlocks() {
        return Math.clamp(((limit() - heldBytes) / ROUNDS) >> Blocks.SHIFT, MIN_ROUND_BLOCKS, MAX_OBJECT_BLOCKS);
    }

    private long roundBytes() {
        return bytes(roundBlocks());
    }

    /** Length of an object of scattered blocks. */
    private static long bytes(final int blocks) {
        return ObjectHeader.Shape.ofData(blocks, blocks).objectLength();
    }

    private boolean mayChoose() {
        return !isPaused && clockNs.getAsLong() - notBeforeNs >= 0;
    }

    private int choose() {
        if (isFlattening && mayChoose() && chooseInherited()) {
            return 1;
        }
        if (!mayChoose() || !isDue() || changeCount() == objectsWhenIdle) {
            return 0;
        }
        chosen.clear();
        chosen.addAll(chooser.choose(newestPin, notThese, roundBlocks()));
        hasFoundNothing = chosen.isEmpty();
        if (hasFoundNothing) {
            objectsWhenIdle = changeCount();
            return 0;
        }
        state = State.READING;
        return 1;
    }

    /** One object of an ancestor at a time, in the order of the disk. */
    private boolean chooseInherited() {
        if (stored.inheritedBlocks() == 0) {
            if (!isFlatAsked && !stored.isFlat()) {
                isFlatAsked = true;
                stored.wantWholeCheckpoint();
            }
            return false;
        }
        if (clockNs.getAsLong() - flattenAgainNs < 0) {
            return false;
        }
        final ExtentMap map = stored.map();
        for (int i = 0; i < MAX_STEPS; i++) {
            if (!map.find(flattenedTo)) {
                flattenedTo = 0;
                flattenAgainNs = clockNs.getAsLong() + (notThese.isEmpty() ? 0 : RETRY_NS);
                isFlattenStuck = !hasFlattenedAny;
                hasFlattenedAny = false;
                return false;
            }
            final long object = Location.sequence(map.foundLocation());
            if (objects.find(object) < 0 && !notThese.contains(object)) {
                chosen.clear();
                chosen.add(object);
                hasFlattenedAny = true;
                isFlattenStuck = false;
                state = State.READING;
                return true;
            }
            flattenedTo = map.foundBlock() + map.foundLength();
        }
        return true;
    }

    /** Differs whenever another choice may be possible. */
    private long changeCount() {
        return objects.liveBlocks() * 31 + objects.storedBytes() * 17 + newestPin;
    }

    private int read() {
        int work = 0;
        int reading = 0;
        try {
            for (final Victim victim : victims) {
                work += victim.advance(stored.map());
                reading += victim.isRead() ? 0 : 1;
            }
            while (reading < MAX_READING && victims.size() < chosen.size()) {
                final long next = chosen.get(victims.size());
                victims.add(
                        new Victim(store, cache, memory, reader, stored.epochs().of(next), next));
                reading++;
                work++;
            }
        } catch (final ExecutionException e) {
            onTrouble(e.getCause());
            return 1;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        }
        if (reading == 0) {
            state = State.READY;
        }
        return work;
    }

    private void onTrouble(final Throwable cause) {
        if (cause instanceof FormatException || cause instanceof NoSuchObjectException) {
            boolean isNews = false;
            for (final Victim victim : victims) {
                isNews |= !victim.isRead() && notThese.add(victim.sequence());
            }
            if (isNews) {
                LOG.log(
                        Level.ERROR,
                        "volume ''{0}'': {1}; it is left where it is, and its garbage with it",
                        name,
                        cause.getMessage());
            }
        }
        abandon();
    }

    private void end() {
        endedNs = clockNs.getAsLong();
        long bytes = 0;
        while (!victims.isEmpty()) {
            // First, so that none is released twice, whatever happens in between.
            final Victim victim = victims.removeLast();
            for (final Victim.Run run : victim.runs()) {
                bytes += (long) run.length() << Blocks.SHIFT;
            }
            bytesReadFromCache += victim.bytesFromCache();
            victim.release();
        }
        bytesRead += bytes;
        if (policy.rate() > 0) {
            notBeforeNs = endedNs + (long) (2.0 * bytes / policy.rate() * TimeUnit.SECONDS.toNanos(1));
        }
        roundsSinceClient++;
        chosen.clear();
        state = State.IDLE;
    }

    private int generation() {
        int generation = 0;
        for (final Victim victim : victims) {
            final int index = objects.find(victim.sequence());
            generation = Math.max(generation, index < 0 ? 0 : objects.generation(index));
        }
        return Math.min(ObjectTable.MAX_GENERATION, generation + 1);
    }

    private List<Part> liveParts() {
        final List<Part> parts = new ArrayList<>();
        for (final Victim victim : victims) {
            for (final Victim.Run run : victim.runs()) {
                Background.pause();
                LiveRuns.forEach(
                        stored.map(),
                        run.block(),
                        run.length(),
                        Location.inObject(victim.sequence(), run.dataBlock()),
                        (block, length, dataBlock) -> UnmappedRuns.find(
                                onTheirWay,
                                block,
                                length,
                                dataBlock,
                                (first, blocks, from) ->
                                        parts.add(new Part(first, (int) blocks, victim, run, (int) from))));
            }
        }
        parts.sort(Comparator.comparingLong(Part::block));
        return parts;
    }

    private static ObjectLayout layOut(
            final List<Part> parts, final long sequence, final Covered covered, final int generation) {
        final int count = parts.size();
        final long[] blocks = new long[count];
        final int[] lengths = new int[count];
        final int[] dataBlocks = new int[count];
        final long[] sources = new long[count];
        int blockCount = 0;
        for (int i = 0; i < count; i++) {
            final Part part = parts.get(i);
            blocks[i] = part.block;
            lengths[i] = part.length;
            dataBlocks[i] = blockCount;
            sources[i] = Location.inObject(part.from.sequence(), part.dataBlock);
            blockCount += part.length;
        }
        return new ObjectLayout(
                sequence,
                covered.lastRecord(),
                covered,
                blocks,
                lengths,
                dataBlocks,
                sources,
                blockCount,
                0,
                generation);
    }

    private BuiltObject assemble(final List<Part> parts, final ObjectLayout layout, final ObjectIdentity identity) {
        final ObjectWriter.Draft draft = writer.begin(
                ObjectType.DATA, identity, ObjectHeader.Shape.ofData(layout.extentCount(), layout.blockCount()));
        try {
            fill(draft, parts, layout);
            return BuiltObject.of(layout, draft.finish());
        } catch (final RuntimeException | Error e) {
            draft.drop();
            throw e;
        }
    }

    private void fill(final ObjectWriter.Draft draft, final List<Part> parts, final ObjectLayout layout) {
        final ObjectHeader header = draft.header();
        header.covers(layout.firstRecord(), layout.covered());
        header.checkpoint(stored.checkpoint());
        header.generation(layout.generation());
        for (int i = 0; i < parts.size(); i++) {
            Background.pause();
            final Part part = parts.get(i);
            final int first = layout.dataBlock(i);
            header.extent(i, ExtentEntry.DATA, part.block, part.length, first);
            part.from.copy(part.run, part.dataBlock, part.length, draft.payload(), (long) first << Blocks.SHIFT);
            for (int j = 0; j < part.length; j++) {
                header.blockCrc(first + j, part.from.crc(part.dataBlock + j));
            }
        }
    }
}
