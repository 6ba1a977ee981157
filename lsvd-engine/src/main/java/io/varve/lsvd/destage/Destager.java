package io.varve.lsvd.destage;

import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.gc.GarbageCollector;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.gc.ObjectRemover;
import io.varve.lsvd.gc.OrphanSweep;
import io.varve.lsvd.gc.SpaceStats;
import io.varve.lsvd.history.Checkpoint;
import io.varve.lsvd.history.CheckpointChain;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.MapChanges;
import io.varve.lsvd.history.ObjectTable;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.hot.HotSetFollower;
import io.varve.lsvd.hot.HotSetPublisher;
import io.varve.lsvd.log.LogSource;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.BufferPool;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.objects.ObjectWriter;
import io.varve.lsvd.runtime.AgentGuard;
import io.varve.lsvd.runtime.PunctualAgent;
import io.varve.lsvd.runtime.UnexpectedErrors;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.stored.BuiltObject;
import io.varve.lsvd.stored.ObjectLayout;
import io.varve.lsvd.stored.StoredMap;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;

/**
 * Uploads a volume's objects. An agent with a thread of its own, advanced by {@link #doWork()}; the reactor hands it
 * batches and takes back the layouts of objects once they and all before them are in the store. Garbage collection and
 * deletion are done by the same thread, which alone decides what comes next in the sequence.
 *
 * <p>At most {@value #MAX_UPLOADS} uploads are in flight. A failed one is tried again, for ever, under the same key with
 * the same bytes. A key that is taken holds either these very bytes, from an answer that was lost, or another writer's
 * object or seal: then this epoch has ended, and nothing more is uploaded.
 */
public final class Destager implements PunctualAgent {
    /** Greatest number of uploads in flight. */
    public static final int MAX_UPLOADS = HistoryReader.MAX_AHEAD;

    /** Greatest number of batches handed over and not yet begun. */
    public static final int MAX_WAITING = 4;

    /** In haste a checkpoint is due behind so many objects at the latest. */
    private static final int MAX_HASTY_OBJECTS = 1024;

    private static final System.Logger LOG = System.getLogger(Destager.class.getName());
    private static final String UNEXPECTED = "an unexpected error while objects were counted; what is not in the store"
            + " yet stays in the local log, and is shipped when the volume is opened again";
    private static final String FENCED =
            ", so another daemon has taken this volume; what is not in the store yet stays in the local log";

    /** Leaves numbers for the seals and checkpoints of those who open the volume after it has failed. */
    private static final long LAST_SEQUENCE = Location.MAX_SEQUENCE - (1 << 20);

    private static final String FULL = "the volume has as many objects in its history as one can have: export it, and"
            + " import that as a new volume";

    private final OneToOneConcurrentArrayQueue<Batch> incoming = new OneToOneConcurrentArrayQueue<>(MAX_WAITING);
    private final OneToOneConcurrentArrayQueue<ObjectLayout> outgoing = new OneToOneConcurrentArrayQueue<>(64);
    private final UploadEvents uploadEvents = new UploadEvents();
    private final ArrayDeque<Upload> uploads = new ArrayDeque<>();
    private final BufferPool buffers;
    private final ObjectReader reader;
    private final ObjectWriter writer;
    private final ObjectStore store;
    private final LogSource source;
    private final ObjectBuilder builder;
    private final UUID volume;
    private final String name;
    private final long epoch;
    private final UUID nonce;
    private final StoredMap stored;
    private final LongSupplier clockNs;
    private final Random jitter;
    private final Runnable onProgress;
    private final EpochProof proof;
    private final LastCheckpoint lastCheckpoint = new LastCheckpoint();
    private final GarbageCollector collector;
    private final ObjectRemover remover;
    private final OrphanSweep sweep;
    private final HotSetPublisher hot;
    private final HotSetFollower arriving;

    /** What goes on for itself: an error in there is in the way of nothing else. */
    private final AgentGuard collection;

    private final AgentGuard publication;
    private final AgentGuard arrival;

    private long nextSequence;
    private Covered covered;
    private long pendingCheckpoint = ObjectHeader.NO_CHECKPOINT;
    private Batch undelivered;
    private PinUpload pin;
    private boolean sealRequested;
    private boolean sealPut;

    /** Whether something has been begun that holds together only when it is done. */
    private boolean isInTheMiddle;

    private volatile boolean finishing;
    private volatile boolean isHandOver;
    private volatile boolean isHasty;
    private volatile boolean sealed;
    private volatile boolean fenced;
    private volatile String failure;
    private volatile String trouble;
    private volatile long relocatedThrough;
    private volatile long notedThrough = -1;
    private volatile long objectsPut;
    private volatile long bytesPut;
    private volatile SpaceStats space;
    private volatile Superblock.Seen seen;
    private long checkpointBytesPut;

    /**
     * What a destager is made of.
     *
     * @param store        where objects go.
     * @param source       reads the log.
     * @param volume       whose objects these are.
     * @param name         of the volume, for messages.
     * @param epoch        the epoch to write in.
     * @param nonce        of the epoch.
     * @param epochs       all epochs of the map, this one included.
     * @param stored       the map of what is in the store; the destager's own from now on.
     * @param nextSequence of the first object to write.
     * @param covered      what is in the store covers.
     * @param checkpoints  the newest checkpoint.
     * @param changes      what has changed since; the destager's own from now on.
     * @param objects      the volume's objects; the destager's own from now on.
     * @param cache        the read cache, or null.
     * @param gcPolicy     how much garbage there may be.
     * @param compression  of what is written.
     * @param keys         that it is encrypted with.
     * @param sizeBytes    the volume's size.
     * @param checkpointInterval number of objects behind which a checkpoint is due.
     * @param clockNs      a monotonic clock in nanoseconds.
     * @param seed         of the jitter between tries.
     * @param proof        is kept fresh.
     * @param arriving     what was hot where the volume comes from; the destager's own from now on.
     * @param onProgress   called on the agent's thread when the reactor should look.
     */
    public record Context(
            ObjectStore store,
            LogSource source,
            UUID volume,
            String name,
            long epoch,
            UUID nonce,
            Epochs epochs,
            ExtentMap stored,
            long nextSequence,
            Covered covered,
            CheckpointChain checkpoints,
            MapChanges changes,
            ObjectTable objects,
            VolumeCache cache,
            GcPolicy gcPolicy,
            Compression compression,
            VolumeKeys keys,
            LongSupplier sizeBytes,
            int checkpointInterval,
            LongSupplier clockNs,
            long seed,
            EpochProof proof,
            HotSetFollower arriving,
            Runnable onProgress) {}

    /** Makes a destager. */
    public Destager(final Context context) {
        store = context.store;
        source = context.source;
        volume = context.volume;
        name = context.name;
        epoch = context.epoch;
        nonce = context.nonce;
        stored = new StoredMap(
                new Checkpoint.Author(context.volume, context.epoch, context.nonce, context.epochs),
                context.stored,
                context.changes,
                context.objects,
                context.checkpoints,
                context.checkpointInterval);
        nextSequence = context.nextSequence;
        covered = context.covered;
        clockNs = context.clockNs;
        buffers = new BufferPool(clockNs);
        writer = new ObjectWriter(buffers, context.compression, context.keys.own());
        reader = new ObjectReader(context.keys);
        builder = new ObjectBuilder(
                source, buffers, writer, context.volume, context.epoch, context.nonce, context.covered.isWriteCache());
        jitter = new Random(context.seed);
        proof = context.proof;
        onProgress = context.onProgress;
        relocatedThrough = nextSequence - 1;
        collector = new GarbageCollector(
                store,
                context.cache,
                buffers,
                reader,
                writer,
                volume,
                name,
                stored,
                context.gcPolicy,
                context.sizeBytes,
                clockNs);
        remover = new ObjectRemover(store, volume, stored, clockNs);
        sweep = new OrphanSweep(store, volume, name, epoch, stored, clockNs);
        arriving = context.arriving;
        hot = new HotSetPublisher(store, context.keys, volume, epoch, context.cache);
        collection = new AgentGuard(new Duty("garbage collection", this::collectGarbage), clockNs);
        publication = new AgentGuard(
                new Duty("telling what is hot", () -> hot.doWork(stored.objects(), firstUnstored(), finishing)),
                clockNs);
        arrival = new AgentGuard(
                new Duty(
                        "reading what was hot", () -> arriving.doWork(stored.map(), stored.objects(), stored.epochs())),
                clockNs);
        account();
    }

    /** Hands over a batch; false when {@value #MAX_WAITING} wait already. Reactor only. */
    public boolean offer(final Batch batch) {
        return incoming.offer(batch);
    }

    /** The layout of the next object that is in the store with all before it, or null. Reactor only. */
    public ObjectLayout pollStored() {
        return outgoing.poll();
    }

    /** The reactor's map names nothing any more that an object up to this sequence has moved. Reactor only. */
    public void relocatedThrough(final long sequence) {
        relocatedThrough = sequence;
    }

    /** The log's superblock has durably noted that the store holds all up to an object. Reactor only. */
    public void notedThrough(final long sequence) {
        notedThrough = sequence;
    }

    /** Sequence up to which the superblock should note soon what is stored, or a negative number. Any thread. */
    public long awaitedNote() {
        return remover.awaitedNote();
    }

    /** The collector of garbage; of which other threads may use what it says. */
    public GarbageCollector collector() {
        return collector;
    }

    /** What the volume takes of the store. Any thread. */
    public SpaceStats space() {
        return space.withPaused(collector.isPaused());
    }

    /**
     * Asks for everything that {@link #finish()} would have to put but the seal, or takes that back. Until the epoch is finished it
     * goes on as ever, without the collection of garbage. Reactor only.
     */
    public void prepareFinish(final boolean value) {
        lastCheckpoint.want(value);
    }

    /** Whether the store has taken, since it was asked for, all but the seal. Reactor only. */
    public boolean isFinishPrepared() {
        return lastCheckpoint.isStored();
    }

    /** Asks to end the epoch once everything handed over is in the store: with a checkpoint and a seal. Any thread. */
    public void finish() {
        finishing = true;
    }

    /**
     * As {@link #finish()}, at once: without a checkpoint, which whoever follows the volume does not need, and with the seal beside the
     * last objects instead of behind them. Should one of those never arrive, the seal stands behind a gap, and does not count.
     * Any thread.
     */
    public void handOver() {
        isHandOver = true;
        finishing = true;
    }

    /**
     * The volume is about to go to another host, or not any more: while it is, garbage collection and most checkpoints wait, so
     * that nothing is in the way of what clients write. Any thread.
     */
    public void haste(final boolean value) {
        isHasty = value;
    }

    /**
     * Tells the store what is hot here, for the host that follows. Any thread.
     *
     * @param recentFrom sequence of the oldest object of which the log holds the data as well; {@link Long#MAX_VALUE} for none.
     */
    public void publishHotSet(final long recentFrom) {
        hot.publish(recentFrom);
    }

    /** Whether a batch that was handed over has not been begun. Reactor only. */
    public boolean isBehind() {
        return !incoming.isEmpty();
    }

    /** Whether the epoch has been ended by {@link #finish()}. Any thread. */
    public boolean isSealed() {
        return sealed;
    }

    /** Whether that is because another writer has ended the epoch. Any thread. */
    public boolean isFenced() {
        return fenced;
    }

    /** Why nothing will be uploaded any more, in one line, or null. Any thread. */
    public String failure() {
        return failure;
    }

    /** Why the store did not take the last upload, in one line, or null when it did. Any thread. */
    public String trouble() {
        return trouble;
    }

    /** Number of objects put. Any thread. */
    public long objectsPut() {
        return objectsPut;
    }

    /** What the store is known to hold since the first object was put, or null before that. Any thread. */
    public Superblock.Seen seen() {
        return seen;
    }

    /** Bytes put. Any thread. */
    public long bytesPut() {
        return bytesPut;
    }

    @Override
    public String roleName() {
        return "varve-" + name + "-destage";
    }

    @Override
    public boolean isPunctual() {
        return proof.isWanted();
    }

    @Override
    public int doWork() {
        buffers.freeUnneeded();
        if (failure != null || sealed) {
            return 0;
        }
        if (nextSequence > LAST_SEQUENCE) {
            fail(FULL);
            return 1;
        }
        int work = source.prepareMemory() ? 1 : 0;
        try {
            countStored();
            work += checkUploads();
            work += publishStored();
            work += pinSnapshot();
            work += collection.doWork();
            work += beginUpload();
            work += finishEpoch();
            work += proveEpoch();
            work += publication.doWork();
            work += arrival.doWork();
        } catch (final FormatException e) {
            fail(e.getMessage());
        } catch (final IOException e) {
            fail("cannot read the local log: " + e.getMessage());
        } catch (final RuntimeException | Error e) {
            failInTheMiddle(e);
            throw e;
        }
        return work;
    }

    /**
     * What was begun and not finished can't be begun again, and what follows would build on it: the map of what is stored, which
     * checkpoints are made of. Whoever opens the volume next makes it anew. Anything else is tried again, by whoever runs the agent.
     */
    private void failInTheMiddle(final Throwable e) {
        if (isInTheMiddle) {
            // First, since there may be no memory for more.
            failure = UNEXPECTED;
            fail(UNEXPECTED + ": " + UnexpectedErrors.describe(e));
        }
    }

    /** What beside the store's answers is wrong, in one line, or null; see {@link AgentGuard#trouble()}. Any thread. */
    public String unexpectedTrouble() {
        if (collection.trouble() != null) {
            return collection.trouble();
        }
        if (publication.trouble() != null) {
            return publication.trouble();
        }
        return arrival.trouble() != null ? arrival.trouble() : arriving.unexpectedTrouble();
    }

    @Override
    public void onClose() {
        builder.close();
        collector.close();
        stored.close();
        for (final Upload upload : uploads) {
            if (upload.layout() != null || upload.sequence() == pendingCheckpoint) {
                buffers.giveBehind(upload.answer(), upload.bytes());
            }
        }
        uploads.clear();
        reader.close();
        writer.close();
        buffers.close();
    }

    private int proveEpoch() {
        final int work = proof.doWork(firstUnstored());
        if (work > 0) {
            onProgress.run();
        }
        if (failure == null && proof.hasFound(nextSequence)) {
            fence(Keys.object(volume, epoch, nextSequence) + " was written by someone else");
        }
        if (failure == null && proof.hasSuccessor()) {
            fence(Keys.epoch(volume, epoch + 1) + " was written by someone else");
        }
        return work;
    }

    private void countStored() {
        isInTheMiddle = true;
        if (stored.count(nextSequence - 1)) {
            account();
        }
        isInTheMiddle = false;
    }

    private long firstUnstored() {
        return uploads.isEmpty() ? nextSequence : uploads.peek().sequence();
    }

    private int checkUploads() {
        int work = 0;
        for (final Upload upload : uploads) {
            work += upload.advance();
        }
        return work;
    }

    private void account() {
        final ObjectTable objects = stored.objects();
        space = new SpaceStats(
                objects.count(),
                objects.storedBytes(),
                objects.deadBytes(),
                objects.liveBlocks() << Blocks.SHIFT,
                stored.inheritedBlocks() << Blocks.SHIFT,
                stored.isFlat(),
                collector.limit(),
                collector.bytesCollected(),
                collector.bytesRead(),
                collector.bytesReadFromCache(),
                checkpointBytesPut,
                remover.deleted() + sweep.swept(),
                false,
                sweep.isDone());
    }

    private int collectGarbage() {
        if (!mayCollect()) {
            return 0;
        }
        final long awaited = remover.awaitedNote();
        final int work = remover.doWork(relocatedThrough, notedThrough) + sweep.doWork(remover.checkpoint());
        if (remover.awaitedNote() > awaited) {
            onProgress.run();
        }
        if (remover.pins() == null) {
            return work;
        }
        collector.pinned(remover.pins().newest(), remover.heldBytes());
        if (work > 0) {
            account();
        }
        return work + collector.doWork();
    }

    private boolean mayCollect() {
        return !finishing && !isHasty && !lastCheckpoint.isWanted();
    }

    private int publishStored() {
        int work = 0;
        while (!uploads.isEmpty() && uploads.peek().isStored() && publish(uploads.peek())) {
            work++;
        }
        return work;
    }

    private boolean publish(final Upload upload) {
        final ObjectLayout layout = upload.layout();
        if (layout != null) {
            // Before the reactor hears of it: the log's tail never stands behind what its superblock knows to be
            // stored.
            seen = new Superblock.Seen(
                    epoch, nonce, upload.sequence(), layout.covered().lastRecord());
            if (!outgoing.offer(layout)) {
                return false;
            }
        }
        isInTheMiddle = true;
        count(upload);
        uploads.remove();
        isInTheMiddle = false;
        onProgress.run();
        return true;
    }

    private void count(final Upload upload) {
        final ObjectLayout layout = upload.layout();
        final boolean isCheckpoint = layout == null && upload.sequence() == pendingCheckpoint;
        if (layout != null) {
            covered = layout.covered();
            stored.onStored(layout);
            collector.onStored(layout, upload.bytes());
        } else if (isCheckpoint) {
            seen = new Superblock.Seen(epoch, nonce, upload.sequence(), covered.lastRecord());
            stored.onCheckpointStored(upload.sequence(), upload.bytes().byteSize());
            remover.onCheckpointStored(upload.sequence());
            checkpointBytesPut += upload.bytes().byteSize();
            lastCheckpoint.onStored();
            if (pin == null) {
                pendingCheckpoint = ObjectHeader.NO_CHECKPOINT;
            } else {
                pin.onCheckpointStored();
            }
        } else {
            seen = new Superblock.Seen(epoch, nonce, upload.sequence(), covered.lastRecord());
            sealed = true;
        }
        proof.onPublished(upload.createdNs());
        account();
        objectsPut++;
        bytesPut += upload.bytes().byteSize();
        if (layout != null || isCheckpoint) {
            // Last, since another may fill it from now on.
            buffers.give(upload.bytes());
        }
    }

    private int beginUpload() throws IOException {
        // Nothing is sequenced behind a checkpoint that is not in the store: so the last object always knows the newest
        // one.
        if (sealRequested || uploads.size() >= MAX_UPLOADS || pendingCheckpoint != ObjectHeader.NO_CHECKPOINT) {
            return 0;
        }
        if (stored.isCheckpointDue() && !mayCheckpointWait()) {
            return uploads.isEmpty() ? beginCheckpoint() : 0;
        }
        if (mayCollect() && collector.isReady()) {
            return beginCollected();
        }
        if (undelivered == null) {
            undelivered = incoming.poll();
        }
        if (undelivered == null && lastCheckpoint.isDue() && !finishing) {
            return uploads.isEmpty() ? beginCheckpoint() : 0;
        }
        if (undelivered != null && undelivered.isNote()) {
            return uploads.isEmpty() ? beginSnapshot() : 0;
        }
        if (undelivered == null || mayCollect() && isCollectionWell() && collector.isOverdue(bytesInFlight())) {
            return 0;
        }
        final BuiltObject built = builder.build(undelivered, nextSequence, stored.checkpoint());
        isInTheMiddle = true;
        undelivered = null;
        begin(built);
        collector.onClientObject();
        isInTheMiddle = false;
        onProgress.run();
        return 1;
    }

    /** Nothing waits for what collection gives back while that meets errors. */
    private boolean isCollectionWell() {
        return collection.trouble() == null;
    }

    private boolean mayCheckpointWait() {
        return isHandOver || isHasty && stored.changedObjects() < MAX_HASTY_OBJECTS;
    }

    private int beginCollected() {
        final List<ObjectLayout> inFlight =
                uploads.stream().map(Upload::layout).filter(Objects::nonNull).toList();
        final BuiltObject built = collector.build(epoch, nonce, nextSequence, lastCovered(), inFlight);
        if (built != null) {
            isInTheMiddle = true;
            begin(built);
            isInTheMiddle = false;
        }
        return 1;
    }

    private long bytesInFlight() {
        long bytes = 0;
        for (final Upload upload : uploads) {
            bytes += upload.bytes().byteSize();
        }
        return bytes;
    }

    /** What the last object covers that has been sequenced. */
    private Covered lastCovered() {
        final Upload last = uploads.peekLast();
        return last == null || last.layout() == null ? covered : last.layout().covered();
    }

    private void begin(final BuiltObject built) {
        begin(built.layout(), built.bytes());
    }

    /** Sequences an object; it is put when uploads are looked at next. */
    private void begin(final ObjectLayout layout, final MemorySegment bytes) {
        uploads.add(new Upload(
                store,
                Keys.object(volume, epoch, nextSequence),
                nextSequence,
                layout,
                bytes,
                clockNs,
                jitter,
                uploadEvents));
        nextSequence++;
    }

    private int beginSnapshot() throws IOException {
        final SnapshotRecord snapshot = builder.readNote(undelivered).withEpoch(epoch);
        final Covered behind = new Covered(undelivered.to(), builder.isWriteCache());
        final ObjectLayout layout =
                ObjectLayout.empty(nextSequence, undelivered.from().sequence(), behind);
        final PinUpload itsPin = new PinUpload(store, volume, snapshot, layout, clockNs);
        final MemorySegment bytes = buildCheckpoint(behind, snapshot);
        isInTheMiddle = true;
        undelivered = null;
        pin = itsPin;
        covered = behind;
        beginCheckpoint(bytes);
        isInTheMiddle = false;
        return 1;
    }

    private int pinSnapshot() {
        if (pin == null || !pin.advance() || !outgoing.offer(pin.layout())) {
            return 0;
        }
        isInTheMiddle = true;
        remover.onPinned(pin.layout().sequence());
        pin = null;
        pendingCheckpoint = ObjectHeader.NO_CHECKPOINT;
        isInTheMiddle = false;
        onProgress.run();
        return 1;
    }

    private int beginCheckpoint() throws FormatException {
        final MemorySegment bytes = buildCheckpoint(covered, null);
        isInTheMiddle = true;
        beginCheckpoint(bytes);
        isInTheMiddle = false;
        return 1;
    }

    private MemorySegment buildCheckpoint(final Covered upTo, final SnapshotRecord snapshot) throws FormatException {
        return stored.buildCheckpoint(new Checkpoint.Statement(nextSequence, upTo, snapshot), writer);
    }

    private void beginCheckpoint(final MemorySegment bytes) {
        pendingCheckpoint = nextSequence;
        lastCheckpoint.onBegun();
        begin(null, bytes);
    }

    private int finishEpoch() throws FormatException {
        if (!finishing || pin != null || undelivered != null || !incoming.isEmpty() || sealPut) {
            return 0;
        }
        if (isHandOver ? pendingCheckpoint != ObjectHeader.NO_CHECKPOINT : !uploads.isEmpty()) {
            return 0;
        }
        sealRequested = true;
        if (!isHandOver && stored.hasChanged()) {
            return beginCheckpoint();
        }
        final MemorySegment seal =
                Sealer.encode(volume, epoch, nextSequence, nonce, lastCovered(), stored.checkpoint());
        isInTheMiddle = true;
        sealPut = true;
        begin(null, seal);
        isInTheMiddle = false;
        return 1;
    }

    private void fence(final String finding) {
        fenced = true;
        fail("fenced: " + finding + FENCED);
    }

    private void fail(final String reason) {
        failure = reason;
        LOG.log(Level.ERROR, "volume ''{0}'': {1}", name, reason);
        onProgress.run();
    }

    /** Something that is done beside uploads. */
    private final class Duty implements Agent {
        private final String what;
        private final IntSupplier work;

        Duty(final String what, final IntSupplier work) {
            this.what = what;
            this.work = work;
        }

        @Override
        public String roleName() {
            return Destager.this.roleName() + ", " + what;
        }

        @Override
        public int doWork() {
            return work.getAsInt();
        }
    }

    /** What uploads tell. */
    private final class UploadEvents implements Upload.Listener {
        @Override
        public void onStored() {
            if (trouble != null) {
                LOG.log(Level.INFO, "volume ''{0}'': the store answers again", name);
                trouble = null;
            }
        }

        @Override
        public void onTrouble(final String what) {
            if (trouble == null) {
                LOG.log(Level.WARNING, "volume ''{0}'': {1}; trying again", name, what);
            }
            trouble = what;
        }

        @Override
        public void onForeign(final String key) {
            fence(key + " in the store was written by someone else");
        }
    }
}
