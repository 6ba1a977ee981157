package io.varve.lsvd.read;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.ObjectHeader;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;

/**
 * Fetches blocks from objects. An agent with a thread of its own; the reactor hands it pieces and takes them back filled and
 * verified, or failed. A store that does not answer is asked again, for ever: the guest waits. An object that is missing or
 * damaged fails the read.
 */
public final class Fetcher implements Agent {
    private static final System.Logger LOG = System.getLogger(Fetcher.class.getName());
    private static final int FIRST_READ = 64 << 10;
    private static final int MAX_INDEX_BLOCKS = 4 << 20;
    private static final int OBJECT_COST = 64;
    private static final long RETRY_NS = 200_000_000L;

    private final OneToOneConcurrentArrayQueue<ReadPiece> wanted;
    private final OneToOneConcurrentArrayQueue<ReadPiece> fetched;
    private final List<Fetch> active = new ArrayList<>();
    private final Map<Long, CompletableFuture<ObjectIndex>> indexes = new LinkedHashMap<>(64, 0.75f, true);
    private final ObjectStore store;
    private final UUID volume;
    private final Epochs epochs;
    private final LongSupplier clockNs;
    private final Runnable onFetched;
    private long indexBlocks;
    private Runnable wakeAgent = () -> {};
    private volatile boolean isGivenUp;
    private volatile long bytesFetched;
    private volatile long fetches;

    /**
     * Makes a fetcher.
     *
     * @param epochs    of all objects that can be asked for.
     * @param onFetched called on the agent's thread when the reactor should look.
     */
    public Fetcher(
            final ObjectStore store,
            final UUID volume,
            final Epochs epochs,
            final LongSupplier clockNs,
            final Runnable onFetched) {
        this.store = store;
        this.volume = volume;
        this.epochs = epochs;
        this.clockNs = clockNs;
        this.onFetched = onFetched;
        wanted = new OneToOneConcurrentArrayQueue<>(ReadPath.PIECES);
        fetched = new OneToOneConcurrentArrayQueue<>(ReadPath.PIECES);
    }

    /** Sets how the agent is woken: when a piece is handed over, and when the store answers. Before the agent starts. */
    public void onWake(final Runnable wake) {
        wakeAgent = wake;
    }

    /** Bytes of data read from the store. Any thread. */
    public long bytesFetched() {
        return bytesFetched;
    }

    /** Reads of data from the store. Any thread. */
    public long fetches() {
        return fetches;
    }

    /** Fails what the store has not answered, now and from now on. Any thread. */
    public void giveUp() {
        isGivenUp = true;
        wakeAgent.run();
    }

    void fetch(final ReadPiece piece) {
        wanted.add(piece);
        wakeAgent.run();
    }

    ReadPiece pollFetched() {
        return fetched.poll();
    }

    @Override
    public String roleName() {
        return "varve-fetch";
    }

    @Override
    public int doWork() {
        int work = 0;
        ReadPiece piece;
        while ((piece = wanted.poll()) != null) {
            active.add(new Fetch(piece));
            work++;
        }
        for (int i = active.size() - 1; i >= 0; i--) {
            work += active.get(i).advance() ? 1 : 0;
            if (active.get(i).isDone) {
                fetched.add(active.remove(i).piece);
                onFetched.run();
            }
        }
        return work;
    }

    private CompletableFuture<ObjectIndex> index(final long sequence) {
        CompletableFuture<ObjectIndex> index = indexes.get(sequence);
        if (index == null) {
            index = load(sequence);
            indexes.put(sequence, index);
            trimIndexes();
        }
        return index;
    }

    private void trimIndexes() {
        indexBlocks = 0;
        for (final CompletableFuture<ObjectIndex> index : indexes.values()) {
            indexBlocks += cost(index);
        }
        final var oldest = indexes.values().iterator();
        while (indexBlocks > MAX_INDEX_BLOCKS && indexes.size() > 1) {
            indexBlocks -= cost(oldest.next());
            oldest.remove();
        }
    }

    private static long cost(final CompletableFuture<ObjectIndex> index) {
        return OBJECT_COST
                + (index.isDone() && !index.isCompletedExceptionally()
                        ? index.join().crcs().length
                        : 2048);
    }

    private CompletableFuture<ObjectIndex> load(final long sequence) {
        final Epochs.Entry epoch = epochs.of(sequence);
        final String key = epoch.key(sequence);
        final MemorySegment first = Arena.ofAuto().allocate(FIRST_READ, Long.BYTES);
        return store.get(key, 0, first).thenCompose(length -> {
            final MemorySegment bytes = first.asSlice(0, length);
            final ObjectHeader header = new ObjectHeader(bytes);
            if (!header.isRecognizable() || header.headerLength() <= length) {
                return CompletableFuture.completedFuture(parse(key, bytes, epoch, sequence));
            }
            final MemorySegment whole = Arena.ofAuto().allocate(header.headerLength(), Long.BYTES);
            return store.get(key, 0, whole).thenApply(all -> parse(key, whole.asSlice(0, all), epoch, sequence));
        });
    }

    private ObjectIndex parse(
            final String key, final MemorySegment bytes, final Epochs.Entry epoch, final long sequence) {
        try {
            final ObjectHeader header = new ObjectHeader(bytes);
            header.validate(key, epoch.volume(), epoch.epoch(), sequence);
            return ObjectIndex.of(key, header);
        } catch (final FormatException e) {
            throw new CompletionException(e);
        }
    }

    /** A piece being fetched. */
    private final class Fetch {
        private final ReadPiece piece;
        private final long sequence;
        private CompletableFuture<ObjectIndex> index;
        private CompletableFuture<Integer> data;
        private long retryAtNs;
        private boolean isWaiting;
        private boolean isDone;

        Fetch(final ReadPiece piece) {
            this.piece = piece;
            this.sequence = Location.sequence(piece.location);
            piece.failure = null;
            piece.isMissing = false;
        }

        boolean advance() {
            if (isWaiting && isGivenUp) {
                piece.failure = "the store does not answer";
                isDone = true;
                return true;
            }
            try {
                if (isWaiting && clockNs.getAsLong() - retryAtNs < 0) {
                    return false;
                }
                isWaiting = false;
                if (index == null) {
                    index = index(sequence);
                    index.whenComplete((done, error) -> wakeAgent.run());
                }
                if (data == null) {
                    if (!index.isDone()) {
                        return false;
                    }
                    final long offset =
                            index.get().headerLength() + ((long) Location.block(piece.location) << Blocks.SHIFT);
                    final MemorySegment target = piece.memory.asSlice(0, (long) piece.blocks * Blocks.SIZE);
                    data = store.get(key(), offset, target);
                    data.whenComplete((done, error) -> wakeAgent.run());
                }
                if (!data.isDone()) {
                    return false;
                }
                verify(data.get());
            } catch (final ExecutionException e) {
                onError(e.getCause() instanceof CompletionException wrapped ? wrapped.getCause() : e.getCause());
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return true;
        }

        private String key() {
            return epochs.key(sequence);
        }

        private void verify(final int length) throws ExecutionException {
            final int expected = piece.blocks * Blocks.SIZE;
            if (length != expected) {
                throw new ExecutionException(new FormatException(key() + " is damaged: it is too short"));
            }
            final Checksum checksum = new Checksum(piece.memory);
            final int[] crcs = index.join().crcs();
            final int first = Location.block(piece.location);
            for (int i = 0; i < piece.blocks; i++) {
                if (checksum.of(i * Blocks.SIZE, Blocks.SIZE) != crcs[first + i]) {
                    throw new ExecutionException(new FormatException(
                            key() + " is damaged: data block " + (first + i) + " does not match its checksum"));
                }
            }
            bytesFetched += expected;
            fetches++;
            isDone = true;
        }

        private void onError(final Throwable cause) {
            if (index.isCompletedExceptionally()) {
                indexes.remove(sequence);
            }
            index = null;
            data = null;
            if (cause instanceof NoSuchObjectException || cause instanceof FormatException) {
                piece.isMissing = cause instanceof NoSuchObjectException;
                LOG.log(
                        piece.isMissing ? Level.DEBUG : Level.ERROR,
                        "volume {0}: {1}: a read fails",
                        volume,
                        cause.getMessage());
                piece.failure = cause.getMessage();
                isDone = true;
            } else {
                retryAtNs = clockNs.getAsLong() + RETRY_NS;
                isWaiting = true;
            }
        }
    }
}
