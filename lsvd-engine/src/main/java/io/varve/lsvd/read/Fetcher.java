package io.varve.lsvd.read;

import io.varve.lsvd.cache.CacheLine;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectIndex;
import io.varve.lsvd.objects.ObjectReader;
import io.varve.lsvd.runtime.SeldomLines;
import io.varve.lsvd.runtime.UnexpectedErrors;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;

/**
 * Fetches blocks from objects. An agent with a thread of its own; the reactor hands it pieces and takes them back filled and
 * verified, or failed. What is being fetched is fetched once, however many pieces want it. A store that does not answer is asked
 * again, for ever: the guest waits. An object that is missing or damaged fails the read, and so does, after {@value #MAX_ERRORS} tries, an
 * error that nobody foresaw.
 *
 * <p>With a read cache, whole lines are fetched, and more of them ahead of one who reads on; they are handed to the cache once
 * the pieces have been answered. While the cache has room, one that it does not take waits for {@value #CACHING_NS} ns, so that a
 * working set is all in the cache when it has been read once; then it is dropped, and so is, at once, what follows, until the cache
 * takes something again. Once the cache is full, what it does not take at once is dropped.
 */
public final class Fetcher implements Agent {
    private static final System.Logger LOG = System.getLogger(Fetcher.class.getName());
    private static final long RETRY_NS = 200_000_000L;
    private static final int MAX_ERRORS = 5;
    private static final long CACHING_NS = 1_000_000_000L;

    private final OneToOneConcurrentArrayQueue<ReadPiece> wanted;
    private final OneToOneConcurrentArrayQueue<ReadPiece> fetched;
    private final ArrayDeque<ReadPiece> waiting = new ArrayDeque<>();
    private final List<Span> spans = new ArrayList<>();
    private final SpanPool pool = new SpanPool(spans);
    private final ReadAhead readAhead = new ReadAhead();
    private final ObjectIndexes indexes;
    private final ObjectReader reader;
    private final SeldomLines failures = new SeldomLines(LOG);
    private final ObjectStore store;
    private final String name;
    private final UnexpectedErrors errors;
    private final VolumeCache cache;
    private final LongSupplier clockNs;
    private final Runnable onFetched;
    private Runnable wakeAgent = () -> {};
    private boolean isCacheStuck;
    private volatile boolean isGivenUp;
    private volatile String trouble;
    private volatile long bytesFetched;
    private volatile long fetches;

    /**
     * Makes a fetcher.
     *
     * @param name      of the volume, for messages.
     * @param epochs    of all objects that can be asked for.
     * @param keys      of the volume and its ancestors.
     * @param cache     null when there is none.
     * @param onFetched called on the agent's thread when the reactor should look.
     */
    public Fetcher(
            final ObjectStore store,
            final String name,
            final Epochs epochs,
            final VolumeKeys keys,
            final VolumeCache cache,
            final LongSupplier clockNs,
            final Runnable onFetched) {
        this.store = store;
        this.name = name;
        errors = new UnexpectedErrors(roleName(), clockNs);
        this.indexes = new ObjectIndexes(store, epochs, keys);
        reader = new ObjectReader(keys);
        this.cache = cache;
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

    /** Why the last read of the store has not succeeded, in words, or null. Any thread. */
    public String trouble() {
        return trouble;
    }

    /** Fails what the store has not answered, now and from now on. Any thread. */
    public void giveUp() {
        isGivenUp = true;
        wakeAgent.run();
    }

    /** What it met that nobody foresaw, in one line, or null when there was nothing lately. Any thread. */
    public String unexpectedTrouble() {
        return errors.last();
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
        return "varve-" + name + "-fetch";
    }

    @Override
    public int doWork() {
        int work = 0;
        ReadPiece piece;
        while ((piece = wanted.poll()) != null) {
            piece.begin();
            waiting.add(piece);
            work++;
        }
        while (!waiting.isEmpty() && admit(waiting.peek())) {
            waiting.remove();
            work++;
        }
        for (int i = spans.size() - 1; i >= 0; i--) {
            final Span span = spans.get(i);
            switch (span.state) {
                case FETCHING -> work += fetch(span) ? 1 : 0;
                case CACHING -> work += cache(span) ? 1 : 0;
                default -> {}
            }
        }
        return work;
    }

    /** Has a piece join the spans that hold its blocks; false when no memory is free for a new one. */
    private boolean admit(final ReadPiece piece) {
        final long sequence = Location.sequence(piece.location);
        final int block = Location.block(piece.location);
        while (piece.joined < piece.blocks) {
            final int at = block + piece.joined;
            Span span = find(sequence, at);
            if (span == null) {
                span = begin(sequence, at, block + piece.blocks);
            }
            if (span == null) {
                return false;
            }
            piece.joined = span.join(piece, at) - block;
        }
        answerIfDone(piece);
        return true;
    }

    private Span find(final long sequence, final int block) {
        for (int i = 0; i < spans.size(); i++) {
            if (spans.get(i).holds(sequence, block)) {
                return spans.get(i);
            }
        }
        return null;
    }

    private Span begin(final long sequence, final int block, final int end) {
        SpanMemory memory = pool.take(false);
        if (memory == null) {
            return null;
        }
        int from = block;
        int to = free(sequence, block, end, 1);
        if (cache != null) {
            from = block & -CacheLine.BLOCKS;
            to = free(sequence, from, end + CacheLine.BLOCKS - 1 & -CacheLine.BLOCKS, CacheLine.BLOCKS);
            to = ahead(sequence, from, to);
            if (to - from > SpanMemory.SMALL_BLOCKS) {
                final SpanMemory large = pool.take(true);
                if (large == null) {
                    to = from + SpanMemory.SMALL_BLOCKS;
                } else {
                    pool.give(memory);
                    memory = large;
                }
            }
        }
        final Span span = new Span(sequence, from, to, memory);
        spans.add(span);
        return span;
    }

    /** Where a span has to end that begins at a block, so that it does not reach into another one. */
    private int free(final long sequence, final int from, final int to, final int step) {
        for (int block = from + step; block < to; block += step) {
            if (find(sequence, block) != null) {
                return block;
            }
        }
        return to;
    }

    /** Where a span ends that is lengthened ahead of who reads on: at what is on its way or cached at the latest. */
    private int ahead(final long sequence, final int from, final int to) {
        final int lines = readAhead.lines(sequence, from / CacheLine.BLOCKS, (to - from) / CacheLine.BLOCKS);
        final int most = Math.min(from + lines * CacheLine.BLOCKS, Location.MAX_OBJECT_BLOCKS);
        int end = to;
        while (end < most && find(sequence, end) == null && !cache.contains(Location.inObject(sequence, end))) {
            end += CacheLine.BLOCKS;
        }
        return end;
    }

    private void answerIfDone(final ReadPiece piece) {
        if (piece.spans == 0 && piece.joined == piece.blocks) {
            fetched.add(piece);
            onFetched.run();
        }
    }

    private boolean fetch(final Span span) {
        if (span.isWaiting && isGivenUp) {
            fail(span, "the store does not answer", false);
            return true;
        }
        try {
            if (span.isWaiting && clockNs.getAsLong() - span.dueNs < 0) {
                return false;
            }
            span.isWaiting = false;
            if (span.index == null) {
                span.index = woken(indexes.get(span.sequence));
            }
            if (span.data == null) {
                if (!span.index.isDone()) {
                    return false;
                }
                request(span, span.index.get());
            }
            if (!span.data.isDone()) {
                return false;
            }
            onData(span, span.data.get());
            errors.onSuccess();
        } catch (final ExecutionException e) {
            onError(span, e.getCause() instanceof CompletionException wrapped ? wrapped.getCause() : e.getCause());
        } catch (final FormatException e) {
            onError(span, e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (final AgentTerminationException e) {
            throw e;
        } catch (final RuntimeException | Error e) {
            onUnexpected(span, e);
        }
        return true;
    }

    /** One span's error is in no other's way; its guest must not wait for ever. */
    private void onUnexpected(final Span span, final Throwable e) {
        errors.onError(e);
        if (++span.errors >= MAX_ERRORS) {
            fail(span, errors.last(), false);
            return;
        }
        indexes.forget(span.sequence);
        retry(span);
    }

    private void retry(final Span span) {
        span.index = null;
        span.data = null;
        span.dueNs = clockNs.getAsLong() + RETRY_NS;
        span.isWaiting = true;
    }

    private <T> CompletableFuture<T> woken(final CompletableFuture<T> future) {
        future.whenComplete((done, error) -> wakeAgent.run());
        return future;
    }

    private void request(final Span span, final ObjectIndex index) throws FormatException {
        span.onIndex(index);
        span.data = woken(store.get(indexes.key(span.sequence), span.offset(), span.target()));
    }

    private void onData(final Span span, final int bytes) {
        span.decode(bytes, reader);
        trouble = null;
        bytesFetched += bytes;
        fetches++;
        final int damaged = span.firstDamaged();
        String failure = null;
        if (damaged >= 0) {
            failure = indexes.key(span.sequence) + " is damaged: data block " + damaged
                    + " is missing or does not match its checksum";
            failures.log(Level.ERROR, "volume '" + name + "': " + failure + ": a read fails");
        }
        for (final ReadPiece piece : span.answerAll(failure)) {
            answerIfDone(piece);
        }
        if (damaged >= 0) {
            remove(span);
        } else {
            span.state = cache == null ? Span.State.RESTING : Span.State.CACHING;
            span.dueNs = clockNs.getAsLong() + CACHING_NS;
        }
    }

    private void onError(final Span span, final Throwable cause) {
        if (span.index.isCompletedExceptionally()) {
            indexes.forget(span.sequence);
        }
        if (cause instanceof NoSuchObjectException || cause instanceof FormatException) {
            final boolean isMissing = cause instanceof NoSuchObjectException;
            if (!isMissing) {
                failures.log(Level.ERROR, "volume '" + name + "': " + cause.getMessage() + ": a read fails");
            }
            fail(span, cause.getMessage(), isMissing);
        } else {
            trouble = cause.getMessage();
            retry(span);
        }
    }

    private void fail(final Span span, final String failure, final boolean isMissing) {
        for (final ReadPiece piece : span.failAll(failure, isMissing)) {
            answerIfDone(piece);
        }
        remove(span);
    }

    private void remove(final Span span) {
        spans.remove(span);
        pool.give(span.memory);
    }

    /** Hands on to the cache what it will take without waiting. */
    @Override
    public void onClose() {
        spans.stream().filter(span -> span.state == Span.State.CACHING).forEach(this::cache);
        reader.close();
    }

    /** Hands a span's lines to the cache. */
    private boolean cache(final Span span) {
        final int from = span.cachedTo;
        while (span.cachedTo < span.end) {
            final int block = span.cachedTo;
            final int count = Math.min(CacheLine.BLOCKS, span.end - block);
            if (span.isGood(block, block + count)) {
                final boolean isTaken = offer(span, block, count);
                if (!isTaken && !isCacheStuck && cache.hasRoom() && clockNs.getAsLong() - span.dueNs < 0) {
                    return span.cachedTo != from;
                }
                isCacheStuck = !isTaken;
                if (!isTaken) {
                    cache.onDropped();
                }
            }
            span.cachedTo += count;
        }
        span.state = Span.State.RESTING;
        return true;
    }

    private boolean offer(final Span span, final int block, final int count) {
        final long location = Location.inObject(span.sequence, block);
        return cache.contains(location)
                || cache.offer(
                        location,
                        count,
                        span.demandedOf(block, count),
                        span.address(block),
                        span.known().blockCrcs(),
                        block);
    }
}
