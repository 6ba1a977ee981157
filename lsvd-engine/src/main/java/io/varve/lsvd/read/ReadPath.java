package io.varve.lsvd.read;

import io.varve.linux.IoVec;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.log.LogChecksums;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogWindow;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;

/**
 * Serves reads, on the reactor. What the log's window holds is copied at once; the rest goes through at most
 * {@value #PIECES} pieces of private memory, and requests that find none free wait in order. Allocates nothing in steady
 * state.
 */
public final class ReadPath {
    /** Number of pieces. */
    public static final int PIECES = 64;

    /** Receives the outcome of reads, on the reactor thread. */
    @FunctionalInterface
    public interface Listener {
        /** A read is done. */
        void onRead(long token, boolean isFailed);
    }

    private static final System.Logger LOG = System.getLogger(ReadPath.class.getName());

    private final ExtentMap map;
    private final LogGeometry geometry;
    private final LogWindow window;
    private final LogDevice device;
    private final LogChecksums checksums;
    private final Fetcher fetcher;
    private final Arena arena;
    private final Listener listener;
    private final int deviceListener;
    private final ReadPiece[] pieces = new ReadPiece[PIECES];
    private final Checksum[] pieceChecksums = new Checksum[PIECES];
    private final int[] freePieces = new int[PIECES];
    private int freePieceCount;
    private final ArrayDeque<ReadRequest> freeRequests = new ArrayDeque<>();
    private final ArrayDeque<ReadRequest> waiting = new ArrayDeque<>();
    private final int[] guarded = new int[2];
    private int guard;

    /**
     * Makes a read path.
     *
     * @param device    null when there is no log: a volume opened read-only.
     * @param arena     frees the pieces' memory.
     */
    public ReadPath(
            final ExtentMap map,
            final LogGeometry geometry,
            final LogWindow window,
            final LogDevice device,
            final LogChecksums checksums,
            final Fetcher fetcher,
            final Arena arena,
            final Listener listener) {
        this.map = map;
        this.geometry = geometry;
        this.window = window;
        this.device = device;
        this.checksums = checksums;
        this.fetcher = fetcher;
        this.arena = arena;
        this.listener = listener;
        this.deviceListener = device == null ? -1 : device.register(this::onLogRead);
        for (int i = 0; i < PIECES; i++) {
            pieces[i] = new ReadPiece(i);
            freePieces[i] = i;
        }
        freePieceCount = PIECES;
    }

    /** Reads into guest or private buffers; their list is read until the outcome is told, which may be at once. */
    public void read(final long offset, final IoVec buffers, final long token) {
        ReadRequest request = freeRequests.poll();
        if (request == null) {
            request = new ReadRequest();
        }
        request.set(offset, buffers, token);
        if (!waiting.isEmpty() || !advance(request)) {
            waiting.add(request);
        }
    }

    /** Takes what has been fetched from the store, and goes on with requests that waited; returns an amount of work. */
    public int doWork() {
        int work = 0;
        ReadPiece piece;
        while ((piece = fetcher.pollFetched()) != null) {
            finish(piece, piece.failure != null);
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

    /** Whether no read is being served. */
    public boolean isQuiet() {
        return freePieceCount == PIECES && waiting.isEmpty();
    }

    /** Brings a request forward as far as pieces are free; returns false when it has to wait for one. */
    private boolean advance(final ReadRequest request) {
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
            } else if (freePieceCount == 0) {
                return false;
            } else {
                begin(request, location, skip, Math.min(Math.min(run, left), ReadPiece.LENGTH - skip));
            }
        }
        if (request.pieces == 0) {
            complete(request);
        }
        return true;
    }

    private void zero(final ReadRequest request, final long length) {
        if (!GuestBuffers.zero(request.buffers, request.done, length)) {
            request.isFailed = true;
        }
        request.done += length;
    }

    private void copyFromWindow(final ReadRequest request, final long location, final int skip, final long length) {
        final long source = window.address(Location.logPosition(location) << Blocks.SHIFT) + skip;
        if (!GuestBuffers.copyTo(request.buffers, request.done, source, length)) {
            request.isFailed = true;
        }
        request.done += length;
    }

    private void begin(final ReadRequest request, final long location, final int skip, final long length) {
        final ReadPiece piece = pieces[freePieces[--freePieceCount]];
        if (piece.memory == null) {
            piece.memory = arena.allocate(ReadPiece.LENGTH, Blocks.SIZE);
            pieceChecksums[piece.index] = new Checksum(piece.memory);
        }
        piece.request = request;
        piece.location = location;
        piece.requestOffset = request.done;
        piece.skip = skip;
        piece.length = (int) length;
        piece.blocks = (int) Blocks.count(skip + length);
        piece.guard = guard;
        request.pieces++;
        request.done += length;
        if (Location.isLog(location)) {
            guarded[guard]++;
            device.read(
                    geometry.fileOffset(Location.logPosition(location) << Blocks.SHIFT),
                    piece.memory.address(),
                    piece.blocks * Blocks.SIZE,
                    deviceListener,
                    piece.index);
        } else {
            fetcher.fetch(piece);
        }
    }

    private void onLogRead(final long token, final int result) {
        final ReadPiece piece = pieces[(int) token];
        guarded[piece.guard]--;
        final int expected = piece.blocks * Blocks.SIZE;
        boolean isFailed = result != expected;
        if (isFailed) {
            LOG.log(Level.ERROR, "reading the local log failed: {0}", result);
        }
        final long first = Location.logPosition(piece.location);
        final Checksum checksum = pieceChecksums[piece.index];
        for (int i = 0; i < piece.blocks && !isFailed; i++) {
            if (checksum.of(i * Blocks.SIZE, Blocks.SIZE) != checksums.get(first + i)) {
                LOG.log(
                        Level.ERROR,
                        "the local log is damaged at position {0}: a read fails",
                        first + i << Blocks.SHIFT);
                isFailed = true;
            }
        }
        finish(piece, isFailed);
    }

    private void finish(final ReadPiece piece, final boolean isFailed) {
        final ReadRequest request = piece.request;
        if (isFailed
                || !GuestBuffers.copyTo(
                        request.buffers, piece.requestOffset, piece.memory.address() + piece.skip, piece.length)) {
            request.isFailed = true;
        }
        piece.request = null;
        freePieces[freePieceCount++] = piece.index;
        if (--request.pieces == 0 && request.done == request.length) {
            complete(request);
        }
        while (!waiting.isEmpty() && freePieceCount > 0) {
            final ReadRequest next = waiting.poll();
            if (!advance(next)) {
                waiting.addFirst(next);
                break;
            }
        }
    }

    private void complete(final ReadRequest request) {
        final long token = request.token;
        final boolean isFailed = request.isFailed;
        request.buffers = null;
        freeRequests.push(request);
        listener.onRead(token, isFailed);
    }
}
