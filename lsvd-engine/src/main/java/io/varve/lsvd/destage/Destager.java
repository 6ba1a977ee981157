package io.varve.lsvd.destage;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.history.Checkpoint;
import io.varve.lsvd.history.CheckpointChain;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.MapChanges;
import io.varve.lsvd.history.Sealer;
import io.varve.lsvd.log.LogSource;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;

/**
 * Uploads a volume's objects. An agent with a thread of its own, advanced by {@link #doWork()}; the reactor hands it
 * batches and takes back the layouts of objects once they and all before them are in the store.
 *
 * <p>At most {@value #MAX_UPLOADS} uploads are in flight. A failed one is tried again, for ever, under the same key with
 * the same bytes. A key that is taken holds either these very bytes, from an answer that was lost, or another writer's
 * object or seal: then this epoch has ended, and nothing more is uploaded.
 */
public final class Destager implements Agent {
    /** Greatest number of uploads in flight. */
    public static final int MAX_UPLOADS = 4;

    /** Greatest number of batches handed over and not yet begun. */
    public static final int MAX_WAITING = 4;

    private static final System.Logger LOG = System.getLogger(Destager.class.getName());
    private static final String FENCED =
            ", so another daemon has taken this volume; what is not in the store yet stays in the local log";
    private static final long RETRY_MIN_NS = 50_000_000L;
    private static final long RETRY_MAX_NS = 5_000_000_000L;

    private final OneToOneConcurrentArrayQueue<Batch> incoming = new OneToOneConcurrentArrayQueue<>(MAX_WAITING);
    private final OneToOneConcurrentArrayQueue<ObjectLayout> outgoing = new OneToOneConcurrentArrayQueue<>(64);
    private final ArrayDeque<Upload> uploads = new ArrayDeque<>();
    private final BufferPool buffers = new BufferPool();
    private final ObjectStore store;
    private final ObjectBuilder builder;
    private final UUID volume;
    private final long epoch;
    private final UUID nonce;
    private final StoredMap stored;
    private final LongSupplier clockNs;
    private final Random jitter;
    private final Runnable onProgress;
    private final EpochProof proof;

    private long nextSequence;
    private Covered covered;
    private long pendingCheckpoint = ObjectHeader.NO_CHECKPOINT;
    private Batch undelivered;
    private boolean sealRequested;
    private boolean sealPut;
    private volatile boolean finishing;
    private volatile boolean sealed;
    private volatile boolean fenced;
    private volatile String failure;
    private volatile String trouble;
    private volatile long objectsPut;
    private volatile long bytesPut;
    private volatile long checkpointBytesPut;

    /**
     * What a destager is made of.
     *
     * @param store        where objects go.
     * @param source       reads the log.
     * @param volume       whose objects these are.
     * @param epoch        the epoch to write in.
     * @param nonce        of the epoch.
     * @param epochs       all epochs of the map, this one included.
     * @param stored       the map of what is in the store; the destager's own from now on.
     * @param nextSequence of the first object to write.
     * @param covered      what is in the store covers.
     * @param checkpoints  the newest checkpoint.
     * @param changes      what has changed since; the destager's own from now on.
     * @param checkpointInterval number of objects behind which a checkpoint is due.
     * @param clockNs      a monotonic clock in nanoseconds.
     * @param seed         of the jitter between tries.
     * @param proof        is kept fresh.
     * @param onProgress   called on the agent's thread when the reactor should look.
     */
    public record Context(
            ObjectStore store,
            LogSource source,
            UUID volume,
            long epoch,
            UUID nonce,
            Epochs epochs,
            ExtentMap stored,
            long nextSequence,
            Covered covered,
            CheckpointChain checkpoints,
            MapChanges changes,
            int checkpointInterval,
            LongSupplier clockNs,
            long seed,
            EpochProof proof,
            Runnable onProgress) {}

    /** Makes a destager. */
    public Destager(final Context context) {
        store = context.store;
        builder = new ObjectBuilder(
                context.source, context.volume, context.epoch, context.nonce, context.covered.isWriteCache());
        volume = context.volume;
        epoch = context.epoch;
        nonce = context.nonce;
        stored = new StoredMap(
                new Checkpoint.Author(context.volume, context.epoch, context.nonce, context.epochs),
                context.stored,
                context.changes,
                context.checkpoints,
                context.checkpointInterval);
        nextSequence = context.nextSequence;
        covered = context.covered;
        clockNs = context.clockNs;
        jitter = new Random(context.seed);
        proof = context.proof;
        onProgress = context.onProgress;
    }

    /** Hands over a batch; false when {@value #MAX_WAITING} wait already. Reactor only. */
    public boolean offer(final Batch batch) {
        return incoming.offer(batch);
    }

    /** The layout of the next object that is in the store with all before it, or null. Reactor only. */
    public ObjectLayout pollStored() {
        return outgoing.poll();
    }

    /** Asks to end the epoch once everything handed over is in the store: with a checkpoint and a seal. Any thread. */
    public void finish() {
        finishing = true;
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

    /** Bytes put. Any thread. */
    public long bytesPut() {
        return bytesPut;
    }

    /** Bytes of checkpoints put. Any thread. */
    public long checkpointBytesPut() {
        return checkpointBytesPut;
    }

    @Override
    public String roleName() {
        return "varve-destage";
    }

    @Override
    public int doWork() {
        if (failure != null || sealed) {
            return 0;
        }
        int work = 0;
        try {
            work += checkUploads();
            work += publishStored();
            work += beginUpload();
            work += finishEpoch();
            work += proveEpoch();
        } catch (final FormatException e) {
            fail(e.getMessage());
        } catch (final IOException e) {
            fail("cannot read the local log: " + e.getMessage());
        }
        return work;
    }

    @Override
    public void onClose() {
        builder.close();
        stored.close();
    }

    private int proveEpoch() {
        final int work = proof.doWork(uploads.isEmpty() ? nextSequence : uploads.peek().sequence);
        if (work > 0) {
            onProgress.run();
        }
        if (failure == null && proof.hasFound(nextSequence)) {
            fence(Keys.object(volume, epoch, nextSequence) + " was written by someone else");
        }
        return work;
    }

    private int checkUploads() {
        int work = 0;
        for (final Upload upload : uploads) {
            work += upload.advance();
        }
        return work;
    }

    private int publishStored() {
        int work = 0;
        while (!uploads.isEmpty() && uploads.peek().isStored() && publish(uploads.peek())) {
            uploads.remove();
            work++;
        }
        return work;
    }

    private boolean publish(final Upload upload) {
        if (upload.layout != null) {
            if (!outgoing.offer(upload.layout)) {
                return false;
            }
            stored.onStored(upload.layout);
            covered = upload.layout.covered();
            buffers.give(upload.bytes);
        } else if (upload.sequence == pendingCheckpoint) {
            stored.onCheckpointStored(upload.sequence, upload.bytes.byteSize());
            checkpointBytesPut += upload.bytes.byteSize();
            pendingCheckpoint = ObjectHeader.NO_CHECKPOINT;
        } else {
            sealed = true;
        }
        proof.onPublished(upload.createdNs);
        objectsPut++;
        bytesPut += upload.bytes.byteSize();
        onProgress.run();
        return true;
    }

    private int beginUpload() throws IOException {
        if (sealRequested || uploads.size() >= MAX_UPLOADS) {
            return 0;
        }
        if (stored.isCheckpointDue()) {
            return uploads.isEmpty() ? beginCheckpoint() : 0;
        }
        if (undelivered == null) {
            undelivered = incoming.poll();
        }
        if (undelivered == null) {
            return 0;
        }
        final ObjectBuilder.BuiltObject built =
                builder.build(undelivered, nextSequence, stored.checkpoint(), buffers::take);
        undelivered = null;
        uploads.add(new Upload(nextSequence++, built.layout(), built.bytes()));
        uploads.peekLast().put();
        onProgress.run();
        return 1;
    }

    private int beginCheckpoint() {
        pendingCheckpoint = nextSequence;
        final MemorySegment bytes = stored.buildCheckpoint(nextSequence, covered);
        uploads.add(new Upload(nextSequence++, null, bytes));
        uploads.peekLast().put();
        return 1;
    }

    private int finishEpoch() {
        if (!finishing || !uploads.isEmpty() || undelivered != null || !incoming.isEmpty() || sealPut) {
            return 0;
        }
        sealRequested = true;
        if (stored.hasChanged()) {
            return beginCheckpoint();
        }
        sealPut = true;
        final MemorySegment seal = Sealer.encode(volume, epoch, nextSequence, nonce, covered, stored.checkpoint());
        uploads.add(new Upload(nextSequence++, null, seal));
        uploads.peekLast().put();
        return 1;
    }

    private void fence(final String finding) {
        fenced = true;
        fail("fenced: " + finding + FENCED);
    }

    private void fail(final String reason) {
        LOG.log(Level.ERROR, "volume {0}: {1}", volume, reason);
        failure = reason;
        onProgress.run();
    }

    /** One object on its way. */
    private final class Upload {
        private final long sequence;
        private final ObjectLayout layout;
        private final MemorySegment bytes;
        private final String key;
        private java.util.concurrent.CompletableFuture<Boolean> put;
        private java.util.concurrent.CompletableFuture<Integer> comparison;
        private MemorySegment found;
        private boolean isStored;
        private long sentNs;
        private long createdNs;
        private long retryAtNs;
        private long backOffNs = RETRY_MIN_NS;

        Upload(final long sequence, final ObjectLayout layout, final MemorySegment bytes) {
            this.sequence = sequence;
            this.layout = layout;
            this.bytes = bytes;
            this.key = Keys.object(volume, epoch, sequence);
            createdNs = clockNs.getAsLong();
        }

        boolean isStored() {
            return isStored;
        }

        void put() {
            comparison = null;
            sentNs = clockNs.getAsLong();
            put = store.putIfAbsent(key, bytes);
        }

        int advance() {
            if (isStored) {
                return 0;
            }
            if (put == null) {
                if (clockNs.getAsLong() - retryAtNs < 0) {
                    return 0;
                }
                put();
                return 1;
            }
            if (comparison != null) {
                return comparison.isDone() ? compare() : 0;
            }
            if (!put.isDone()) {
                return 0;
            }
            try {
                if (put.get()) {
                    createdNs = sentNs;
                    stored();
                } else {
                    final long length = new ObjectHeader(bytes).headerLength();
                    found = java.lang.foreign.Arena.ofAuto().allocate(length, Long.BYTES);
                    comparison = store.get(key, 0, found);
                }
            } catch (final ExecutionException e) {
                retry(e.getCause());
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return 1;
        }

        private int compare() {
            try {
                final int length = comparison.get();
                final MemorySegment own = bytes.asSlice(0, found.byteSize());
                if (length == found.byteSize() && own.mismatch(found) < 0) {
                    stored();
                } else {
                    fence(key + " in the store was written by someone else");
                }
            } catch (final ExecutionException e) {
                retry(e.getCause());
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return 1;
        }

        private void stored() {
            isStored = true;
            if (trouble != null) {
                LOG.log(Level.INFO, "volume {0}: the store answers again", volume);
                trouble = null;
            }
        }

        private void retry(final Throwable cause) {
            if (trouble == null) {
                LOG.log(Level.WARNING, "volume {0}: {1}; trying again", volume, cause.getMessage());
            }
            trouble = cause.getMessage();
            put = null;
            comparison = null;
            retryAtNs = clockNs.getAsLong() + backOffNs + (long) (jitter.nextDouble() * backOffNs);
            backOffNs = Math.min(RETRY_MAX_NS, backOffNs * 2);
        }
    }
}
