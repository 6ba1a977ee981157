package io.varve.lsvd.read;

import io.varve.linux.IoRing;
import io.varve.linux.IoVec;
import io.varve.lsvd.cache.VolumeCache;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.log.LogChecksums;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogWindow;
import io.varve.lsvd.map.ExtentMapReader;
import io.varve.lsvd.map.Location;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Reads of a volume on another thread than its reactor, a lane: those that lie in one extent, or in none, and in the log's window, the
 * log's file or the read cache. Whatever else a read needs, and whatever is in doubt, is refused, to be given to the reactor,
 * which knows what to do. The lane waits for nobody, and the reactor does not notice.
 *
 * <p><b>Why an answer is true.</b> A read looks the map up once, and what it brings is what the volume held at that moment, which lies
 * between the request's arrival and its answer. What was acknowledged before the request arrived is seen: the reactor had changed the map
 * before it let the guest know, the guest made the request after that, and the lane looks after it has the request; each step is ordered
 * behind the one before, through the rings. What the map named is then either read as it was, or the read is refused, although nobody holds
 * the place for it:
 * <ul>
 *   <li>in the window, bytes are copied first, and then it is asked whether the position still stands there;
 *   <li>in the log's file, the checksum says whether the bytes belong to what {@link LogChecksums} says of the place, but the log may
 *       have gone round meanwhile and have replaced both. The reactor says where the log begins before it lets anything be overwritten,
 *       and the lane asks for that last: a position that is not behind it has not been replaced;
 *   <li>in the cache, checksums and the slot's version say so; what an object holds never changes.
 * </ul>
 *
 * <p>The thread of the ring only, which made it. Map, log and cache must be open while there are reads. At most {@value #PIECES} reads go through private memory at a time; one more is refused. Allocates nothing in steady state.
 */
public final class LaneReads implements AutoCloseable {
    /** Number of pieces. */
    static final int PIECES = 64;

    /** Receives the outcome of reads, on the lane's thread. */
    @FunctionalInterface
    public interface Listener {
        /**
         * A read is done.
         *
         * @param length   in bytes.
         * @param isServed false when it has to be done by the reactor: nothing may be assumed of the buffers.
         */
        void onRead(long token, long length, boolean isServed);
    }

    /** A read that goes through private memory. Made once. */
    private static final class Piece {
        final int index;
        MemorySegment memory;
        Checksum checksum;
        IoVec buffers;
        long token;
        long location;
        int skip;
        int blocks;
        int slot;
        long version;

        Piece(final int index) {
            this.index = index;
        }
    }

    private final ExtentMapReader map;
    private final LogGeometry geometry;
    private final LogWindow window;
    private final LogDevice.Reader logReader;
    private final LogChecksums checksums;
    private final VolumeCache cache;
    private final LongSupplier oldestReadable;
    private final BooleanSupplier mayAnswer;
    private final Listener listener;
    private final Arena arena = Arena.ofShared();
    private final Piece[] pieces = new Piece[PIECES];
    private final int[] freePieces = new int[PIECES];
    private int freePieceCount;

    /** Makes it; {@code device} is null when there is no log, and {@code cache}, owned by this, when there is no cache. */
    LaneReads(
            final ExtentMapReader map,
            final LogGeometry geometry,
            final LogWindow window,
            final LogDevice device,
            final LogChecksums checksums,
            final VolumeCache cache,
            final IoRing ring,
            final LongSupplier oldestReadable,
            final BooleanSupplier mayAnswer,
            final Listener listener) {
        this.map = map;
        this.geometry = geometry;
        this.window = window;
        this.checksums = checksums;
        this.cache = cache;
        this.oldestReadable = oldestReadable;
        this.mayAnswer = mayAnswer;
        this.listener = listener;
        logReader = device == null ? null : device.reader(ring, this::onLogRead);
        if (cache != null) {
            cache.listener(this::onCacheRead);
        }
        for (int i = 0; i < PIECES; i++) {
            pieces[i] = new Piece(i);
            freePieces[i] = i;
        }
        freePieceCount = PIECES;
    }

    /**
     * Reads into buffers, whose list is read until the outcome is told, which may be at once; offset and length are multiples of 512,
     * within the volume.
     *
     * @return false when it is refused: the reactor has to do it, and the listener is not told.
     */
    public boolean read(final long offset, final IoVec buffers, final long token) {
        final int skip = (int) offset & Blocks.SIZE - 1;
        final long length = buffers.totalLength();
        final long blocks = Blocks.count(skip + length);
        if (!map.find(offset >>> Blocks.SHIFT) || map.run() < blocks) {
            return false;
        }
        final long location = map.location();
        if (!map.isMapped()) {
            return GuestBuffers.zero(buffers, 0, length) && isTold(token, length);
        }
        if (!Location.isLog(location)) {
            return beginCacheRead(location, skip, blocks, buffers, token);
        }
        final long position = Location.logPosition(location) << Blocks.SHIFT;
        if (!window.contains(position)) {
            return beginLogRead(location, skip, blocks, buffers, token);
        }
        return GuestBuffers.copyTo(buffers, 0, window.address(position) + skip, length)
                && window.stillContains(position)
                && isTold(token, length);
    }

    /** Whether no read is being served. */
    public boolean isQuiet() {
        return freePieceCount == PIECES;
    }

    /** Frees memory and registrations; nothing is in flight, or the ring has been closed. */
    @Override
    public void close() {
        if (logReader != null) {
            logReader.close();
        }
        if (cache != null) {
            cache.close();
        }
        arena.close();
    }

    private boolean isTold(final long token, final long length) {
        if (!mayAnswer.getAsBoolean()) {
            return false;
        }
        listener.onRead(token, length, true);
        return true;
    }

    private boolean beginLogRead(
            final long location, final int skip, final long blocks, final IoVec buffers, final long token) {
        if (logReader == null || freePieceCount == 0 || blocks > ReadPiece.MAX_BLOCKS) {
            return false;
        }
        final Piece piece = takePiece(location, skip, (int) blocks, buffers, token);
        logReader.read(
                geometry.fileOffset(Location.logPosition(location) << Blocks.SHIFT),
                piece.memory.address(),
                piece.blocks * Blocks.SIZE,
                piece.index);
        return true;
    }

    private boolean beginCacheRead(
            final long location, final int skip, final long blocks, final IoVec buffers, final long token) {
        if (cache == null || freePieceCount == 0 || !cache.find(location) || cache.run(location) < blocks) {
            return false;
        }
        final Piece piece = takePiece(location, skip, (int) blocks, buffers, token);
        piece.slot = cache.slot();
        piece.version = cache.version();
        cache.read(piece.slot, location, piece.blocks, piece.memory.address(), piece.index);
        return true;
    }

    private Piece takePiece(
            final long location, final int skip, final int blocks, final IoVec buffers, final long token) {
        final Piece piece = pieces[freePieces[--freePieceCount]];
        if (piece.memory == null) {
            piece.memory = arena.allocate(ReadPiece.LENGTH, Blocks.SIZE);
            piece.checksum = new Checksum(piece.memory);
        }
        piece.location = location;
        piece.skip = skip;
        piece.blocks = blocks;
        piece.buffers = buffers;
        piece.token = token;
        return piece;
    }

    private void onLogRead(final long token, final int result) {
        final Piece piece = pieces[(int) token];
        finish(piece, result == piece.blocks * Blocks.SIZE && isTrue(piece));
    }

    private boolean isTrue(final Piece piece) {
        final long first = Location.logPosition(piece.location);
        for (int i = 0; i < piece.blocks; i++) {
            if (piece.checksum.of(i * Blocks.SIZE, Blocks.SIZE) != checksums.get(first + i)) {
                return false;
            }
        }
        VarHandle.loadLoadFence();
        return first << Blocks.SHIFT >= oldestReadable.getAsLong();
    }

    private void onCacheRead(final long token, final int result) {
        final Piece piece = pieces[(int) token];
        finish(
                piece,
                cache.accept(
                        piece.slot,
                        piece.version,
                        piece.location,
                        piece.blocks,
                        result,
                        piece.memory.address(),
                        piece.checksum));
    }

    private void finish(final Piece piece, final boolean isGood) {
        final IoVec buffers = piece.buffers;
        final long length = buffers.totalLength();
        final boolean isServed = isGood
                && GuestBuffers.copyTo(buffers, 0, piece.memory.address() + piece.skip, length)
                && mayAnswer.getAsBoolean();
        piece.buffers = null;
        freePieces[freePieceCount++] = piece.index;
        listener.onRead(piece.token, length, isServed);
    }
}
