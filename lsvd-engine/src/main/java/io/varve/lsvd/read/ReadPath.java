package io.varve.lsvd.read;

import io.varve.linux.IoRing;
import io.varve.linux.IoVec;
import io.varve.lsvd.cache.CacheLine;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.log.LogChecksums;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogWindow;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.ExtentMapReader;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.runtime.SeldomLines;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.function.BooleanSupplier;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;

/**
 * Serves reads, on the reactor. What the log's window holds is copied at once; the rest, from the log's file, the read cache
 * or the store, goes through at most {@value #PIECES} pieces of private memory, of which at most {@value #STORE_PIECES} wait for
 * the store: so reads of the disk go on while the store is away. Requests that find no piece free wait, in order, with those that need the same.
 * Allocates nothing in steady state.
 *
 * <p>What turns out to be damaged in the log's file is read from the store, if it is there already; what is damaged in the
 * cache always. An object that is gone when it is asked for was deleted because nothing names it any more: then the map is
 * asked again.
 */
public final class ReadPath {
    /** Number of pieces. */
    public static final int PIECES = 64;

    /** Greatest number of pieces that wait for the store. */
    public static final int STORE_PIECES = 48;

    private static final int MAX_TRIES = 3;

    /** Turns the map, where it names a run of the log, to the objects that hold the same data. */
    @FunctionalInterface
    public interface Copies {
        /**
         * A run of the log cannot be read.
         *
         * @param positionBlocks its first block.
         * @param blocks         its length in blocks.
         * @return whether the map names the store instead now, for some of it at least.
         */
        boolean turnToStore(long positionBlocks, int blocks);
    }

    /** Receives the outcome of reads, on the reactor thread. */
    @FunctionalInterface
    public interface Listener {
        /** A read is done. */
        void onRead(long token, boolean isFailed);
    }

    private static final System.Logger LOG = System.getLogger(ReadPath.class.getName());

    private final SeldomLines failures = new SeldomLines(LOG);
    private final ExtentMap map;
    private final LogGeometry geometry;
    private final LogWindow window;
    private final LogDevice device;
    private final LogChecksums checksums;
    private final Fetcher fetcher;
    private final Arena arena;
    private final Listener listener;
    private final int deviceListener;
    private final VolumeCache cache;
    private final ReadPiece[] pieces = new ReadPiece[PIECES];
    private final Checksum[] pieceChecksums = new Checksum[PIECES];
    private final int[] freePieces = new int[PIECES];
    private int freePieceCount;
    private final ArrayDeque<ReadRequest> freeRequests = new ArrayDeque<>();
    private final ArrayDeque<ReadRequest> waitingForDisk = new ArrayDeque<>();
    private final ArrayDeque<ReadRequest> waitingForStore = new ArrayDeque<>();
    private int storePieces;
    private Copies copies = (positionBlocks, blocks) -> false;
    private final int[] guarded = new int[2];
    private int guard;

    /**
     * Makes a read path.
     *
     * @param device    null when there is no log: a volume opened read-only.
     * @param cache     null when there is none.
     * @param arena     frees the pieces' memory.
     */
    public ReadPath(
            final ExtentMap map,
            final LogGeometry geometry,
            final LogWindow window,
            final LogDevice device,
            final LogChecksums checksums,
            final VolumeCache cache,
            final Fetcher fetcher,
            final Arena arena,
            final Listener listener) {
        this.map = map;
        this.geometry = geometry;
        this.window = window;
        this.device = device;
        this.checksums = checksums;
        this.cache = cache;
        this.fetcher = fetcher;
        this.arena = arena;
        this.listener = listener;
        this.deviceListener = device == null ? -1 : device.register(this::onLogRead);
        if (cache != null) {
            cache.listener(this::onCacheRead);
        }
        for (int i = 0; i < PIECES; i++) {
            pieces[i] = new ReadPiece(i);
            freePieces[i] = i;
        }
        freePieceCount = PIECES;
    }

    /** Sets who knows where else the log's data is. */
    public void copies(final Copies newCopies) {
        copies = newCopies;
    }

    /**
     * Makes a second way to read, for the thread of another ring, on which this is called. What this path reads through must stay open while
     * it is used.
     *
     * @param oldestReadable where the log begins, on any thread; see {@link LaneReads}.
     * @param mayAnswer      whether an answer may be given now, on any thread.
     */
    public LaneReads lane(
            final IoRing ring,
            final LongSupplier oldestReadable,
            final BooleanSupplier mayAnswer,
            final LaneReads.Listener laneListener) {
        return new LaneReads(
                new ExtentMapReader(map),
                geometry,
                window,
                device,
                checksums,
                cache == null ? null : cache.view(ring),
                ring,
                oldestReadable,
                mayAnswer,
                laneListener);
    }

    /** Reads into guest or private buffers; their list is read until the outcome is told, which may be at once. */
    public void read(final long offset, final IoVec buffers, final long token) {
        final ReadRequest request = takeRequest();
        request.set(offset, buffers, token);
        begin(request);
    }

    /** Takes what has been fetched from the store, and goes on with requests that waited; returns an amount of work. */
    public int doWork() {
        int work = 0;
        ReadPiece piece;
        while ((piece = fetcher.pollFetched()) != null) {
            if (piece.isMissing && piece.request.tries < MAX_TRIES && isElsewhereNow(piece)) {
                readAgain(piece, false);
            } else {
                if (piece.isMissing) {
                    failures.log(Level.ERROR, piece.failure + ": a read fails");
                }
                finish(piece, piece.failure != null);
            }
            work++;
        }
        return work;
    }

    /**
     * Begins a new guard.
     *
     * @return the one before, to ask {@link #isGuardFree(int)} about.
     */
    public int nextGuard() {
        final int previous = guard;
        guard ^= 1;
        return previous;
    }

    /** Whether no read of the log's file that began under a guard is in flight any more. */
    public boolean isGuardFree(final int which) {
        return guarded[which] == 0;
    }

    /** Whether reads wait for the store. */
    public boolean waitsForStore() {
        return storePieces > 0;
    }

    /**
     * Gives up reads: they fail, and their buffers are not touched any more. What of them is on its way from a disk or the store keeps
     * its piece until it is there.
     *
     * @param which tells them by their token.
     */
    public void cancel(final LongPredicate which) {
        for (final ReadPiece piece : pieces) {
            if (piece.request != null && which.test(piece.request.wholeToken())) {
                piece.request.cancel();
            }
        }
        cancel(waitingForDisk, which);
        cancel(waitingForStore, which);
    }

    private void cancel(final ArrayDeque<ReadRequest> queue, final LongPredicate which) {
        for (final Iterator<ReadRequest> each = queue.iterator(); each.hasNext(); ) {
            final ReadRequest request = each.next();
            if (which.test(request.wholeToken())) {
                each.remove();
                request.cancel();
                request.length = request.done;
                if (request.pieces == 0) {
                    complete(request);
                }
            }
        }
    }

    /** Whether no read is being served. */
    public boolean isQuiet() {
        return freePieceCount == PIECES && waitingForDisk.isEmpty() && waitingForStore.isEmpty();
    }

    private ReadRequest takeRequest() {
        final ReadRequest request = freeRequests.poll();
        return request == null ? new ReadRequest() : request;
    }

    private void begin(final ReadRequest request) {
        final ArrayDeque<ReadRequest> queue = advance(request);
        if (queue != null) {
            queue.add(request);
        }
    }

    /** Brings a request forward as far as pieces are free; returns the queue where it has to wait for one, or null. */
    private ArrayDeque<ReadRequest> advance(final ReadRequest request) {
        while (request.done < request.length) {
            final long position = request.offset + request.done;
            final long left = request.length - request.done;
            final long block = position >>> Blocks.SHIFT;
            final int skip = (int) position & Blocks.SIZE - 1;
            final boolean isMapped = map.find(block);
            if (!isMapped || map.foundBlock() > block) {
                final long gap = isMapped ? (map.foundBlock() << Blocks.SHIFT) - position : left;
                zero(request, Math.min(gap, left));
                continue;
            }
            final long location = map.foundLocation() + (block - map.foundBlock());
            final long run = (map.foundBlock() + map.foundLength() << Blocks.SHIFT) - position;
            if (Location.isLog(location) && window.contains(Location.logPosition(location) << Blocks.SHIFT)) {
                copyFromWindow(request, location, skip, Math.min(run, left));
            } else {
                final ReadPiece.Source source = sourceOf(request, location);
                if (source == ReadPiece.Source.STORE && (freePieceCount == 0 || storePieces == STORE_PIECES)) {
                    return waitingForStore;
                }
                if (freePieceCount == 0) {
                    return waitingForDisk;
                }
                begin(request, source, location, skip, Math.min(run, left));
            }
        }
        if (request.pieces == 0) {
            complete(request);
        }
        return null;
    }

    private void zero(final ReadRequest request, final long length) {
        if (!GuestBuffers.zero(request.buffers, request.base + request.done, length)) {
            request.isFailed = true;
        }
        request.done += length;
    }

    private void copyFromWindow(final ReadRequest request, final long location, final int skip, final long length) {
        final long source = window.address(Location.logPosition(location) << Blocks.SHIFT) + skip;
        if (!GuestBuffers.copyTo(request.buffers, request.base + request.done, source, length)) {
            request.isFailed = true;
        }
        request.done += length;
    }

    private ReadPiece.Source sourceOf(final ReadRequest request, final long location) {
        if (Location.isLog(location)) {
            return ReadPiece.Source.LOG;
        }
        return cache != null && !request.passesCache && cache.find(location)
                ? ReadPiece.Source.CACHE
                : ReadPiece.Source.STORE;
    }

    /** Begins a piece of at most {@code most} bytes. What the cache has been found to hold is as it was found. */
    private void begin(
            final ReadRequest request,
            final ReadPiece.Source source,
            final long location,
            final int skip,
            final long most) {
        final ReadPiece piece = pieces[freePieces[--freePieceCount]];
        if (piece.memory == null) {
            piece.memory = arena.allocate(ReadPiece.LENGTH, Blocks.SIZE);
            pieceChecksums[piece.index] = new Checksum(piece.memory);
        }
        piece.source = source;
        piece.request = request;
        piece.location = location;
        piece.requestOffset = request.done;
        piece.skip = skip;
        piece.guard = guard;
        switch (source) {
            case LOG -> {
                piece.length(Math.min(most, ReadPiece.LENGTH - skip));
                guarded[guard]++;
                device.read(
                        geometry.fileOffset(Location.logPosition(location) << Blocks.SHIFT),
                        piece.memory.address(),
                        piece.blocks * Blocks.SIZE,
                        deviceListener,
                        piece.index);
            }
            case CACHE -> {
                piece.slot = cache.slot();
                piece.version = cache.version();
                piece.length(Math.min(most, ((long) cache.run(location) << Blocks.SHIFT) - skip));
                cache.read(piece.slot, location, piece.blocks, piece.memory.address(), piece.index);
            }
            default -> {
                piece.length(Math.min(most, ((long) missing(request, location) << Blocks.SHIFT) - skip));
                storePieces++;
                fetcher.fetch(piece);
            }
        }
        request.pieces++;
        request.done += piece.length;
    }

    /** How many blocks from one on have to be fetched together: up to what the cache has, and no more than a piece. */
    private int missing(final ReadRequest request, final long location) {
        if (cache == null) {
            return ReadPiece.MAX_BLOCKS;
        }
        cache.onMiss();
        int blocks = CacheLine.BLOCKS - CacheLine.place(location);
        while (blocks < ReadPiece.MAX_BLOCKS && (request.passesCache || !cache.find(location + blocks))) {
            blocks += CacheLine.BLOCKS;
        }
        return Math.min(blocks, ReadPiece.MAX_BLOCKS);
    }

    private void onCacheRead(final long token, final int result) {
        final ReadPiece piece = pieces[(int) token];
        if (cache.accept(
                piece.slot,
                piece.version,
                piece.location,
                piece.blocks,
                result,
                piece.memory.address(),
                pieceChecksums[piece.index])) {
            finish(piece, false);
        } else {
            readAgain(piece, true);
        }
    }

    private void onLogRead(final long token, final int result) {
        final ReadPiece piece = pieces[(int) token];
        guarded[piece.guard]--;
        final int expected = piece.blocks * Blocks.SIZE;
        final long first = Location.logPosition(piece.location);
        if (result != expected) {
            onDamage(piece, "reading the local log at position " + (first << Blocks.SHIFT) + " failed: " + result);
            return;
        }
        final Checksum checksum = pieceChecksums[piece.index];
        for (int i = 0; i < piece.blocks; i++) {
            if (checksum.of(i * Blocks.SIZE, Blocks.SIZE) != checksums.get(first + i)) {
                onDamage(piece, "the local log is damaged at position " + (first + i << Blocks.SHIFT));
                return;
            }
        }
        finish(piece, false);
    }

    private void onDamage(final ReadPiece piece, final String what) {
        final ReadRequest request = piece.request;
        if (request.tries < MAX_TRIES
                && (copies.turnToStore(Location.logPosition(piece.location), piece.blocks) || isElsewhereNow(piece))) {
            failures.log(Level.WARNING, what + "; what is wanted is elsewhere too, and read from there");
            readAgain(piece, false);
        } else {
            failures.log(Level.ERROR, what + ": a read fails");
            finish(piece, true);
        }
    }

    private void readAgain(final ReadPiece piece, final boolean passesCache) {
        if (piece.request.isCancelled()) {
            finish(piece, true);
            return;
        }
        final ReadRequest part = takeRequest();
        part.setPart(piece.request, piece);
        part.passesCache |= passesCache;
        free(piece);
        begin(part);
        goOn();
    }

    /** Whether the map has named another place for some of a piece since its read began: then nothing here has to be readable. */
    private boolean isElsewhereNow(final ReadPiece piece) {
        final long first = piece.request.offset + piece.requestOffset >>> Blocks.SHIFT;
        for (int i = 0; i < piece.blocks; i++) {
            if (!map.find(first + i)
                    || map.foundBlock() > first + i
                    || map.foundLocation() + (first + i - map.foundBlock()) != piece.location + i) {
                return true;
            }
        }
        return false;
    }

    private void finish(final ReadPiece piece, final boolean isFailed) {
        final ReadRequest request = piece.request;
        if (isFailed
                || request.isCancelled()
                || !GuestBuffers.copyTo(
                        request.buffers,
                        request.base + piece.requestOffset,
                        piece.memory.address() + piece.skip,
                        piece.length)) {
            request.isFailed = true;
        }
        free(piece);
        onPartDone(request);
        goOn();
    }

    private void free(final ReadPiece piece) {
        if (piece.source == ReadPiece.Source.STORE) {
            storePieces--;
        }
        piece.request = null;
        freePieces[freePieceCount++] = piece.index;
    }

    private void onPartDone(final ReadRequest request) {
        if (--request.pieces == 0 && request.done == request.length) {
            complete(request);
        }
    }

    private void goOn() {
        while (freePieceCount > 0 && !waitingForDisk.isEmpty()) {
            goOn(waitingForDisk);
        }
        while (freePieceCount > 0 && storePieces < STORE_PIECES && !waitingForStore.isEmpty()) {
            goOn(waitingForStore);
        }
    }

    private void goOn(final ArrayDeque<ReadRequest> queue) {
        final ReadRequest next = queue.remove();
        final ArrayDeque<ReadRequest> again = advance(next);
        if (again == queue) {
            queue.addFirst(next);
        } else if (again != null) {
            again.add(next);
        }
    }

    private void complete(final ReadRequest request) {
        final long token = request.token;
        final boolean isFailed = request.isFailed;
        final ReadRequest whole = request.whole;
        request.buffers = null;
        request.whole = null;
        freeRequests.push(request);
        if (whole == null) {
            listener.onRead(token, isFailed);
        } else {
            whole.isFailed |= isFailed;
            onPartDone(whole);
        }
    }
}
