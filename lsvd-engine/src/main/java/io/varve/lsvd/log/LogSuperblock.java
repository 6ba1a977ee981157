package io.varve.lsvd.log;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.Superblock;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The two places where a log's {@link Superblock} is kept. A write goes to the place that does not hold the newest, so that
 * one torn by a crash leaves the other.
 */
public final class LogSuperblock {
    /** Number of places that a state is written to. */
    public static final int PLACES = 2;

    private static final System.Logger LOG = System.getLogger(LogSuperblock.class.getName());

    /** Greatest position in a log, so that the end of what is behind it is one still: a century of 2.9 GB/s. */
    private static final long MAX_POSITION = Long.MAX_VALUE - (1L << 50);

    private final LogDevice device;
    private final MemorySegment block = Arena.ofAuto().allocate(Superblock.LENGTH, Superblock.LENGTH);
    private Superblock current;

    private LogSuperblock(final LogDevice device, final Superblock current) {
        this.device = device;
        this.current = current;
    }

    /** A superblock for a new log; not written yet. */
    public static LogSuperblock create(final LogDevice device, final Superblock first) {
        return new LogSuperblock(device, first);
    }

    /**
     * Reads the newer of the two. Each state is durable in both places before anything rests on it, so one that can't be read
     * takes nothing away from the other.
     *
     * @throws FormatException when neither is valid.
     * @throws IOException     when neither can be read, or one can't and the other is not valid.
     */
    public static LogSuperblock read(final LogDevice device) throws IOException {
        final MemorySegment block = Arena.ofAuto().allocate(Superblock.LENGTH, Superblock.LENGTH);
        Superblock newest = null;
        IOException unreadable = null;
        FormatException invalid = null;
        for (int place = 0; place < PLACES; place++) {
            try {
                device.readFully((long) place * Superblock.LENGTH, block);
                final Superblock candidate = Superblock.decode("superblock of " + device.name(), block);
                check(candidate, device);
                if (newest == null || candidate.counter() > newest.counter()) {
                    newest = candidate;
                }
            } catch (final FormatException e) {
                invalid = e;
            } catch (final IOException e) {
                unreadable = e;
            }
        }
        if (newest == null) {
            throw unreadable != null ? unreadable : invalid;
        }
        if (unreadable != null) {
            LOG.log(
                    Level.WARNING,
                    "one of the two superblocks of {0} can''t be read ({1}); the other one is good",
                    device.name(),
                    unreadable.getMessage());
        }
        return new LogSuperblock(device, newest);
    }

    /** A superblock whose checksum is right can be wrong all the same, and nobody takes memory for what it says on trust. */
    private static void check(final Superblock superblock, final LogDevice device) throws FormatException {
        final long position = superblock.tail().position();
        if (!LogGeometry.isPossible(superblock.areaLength(), superblock.windowLength())
                || position < 0
                || position > MAX_POSITION
                || position % Blocks.SIZE != 0
                || superblock.tail().sequence() < 0) {
            throw new FormatException("superblock of " + device.name() + " is damaged: no log can be what it says");
        }
        final long length = Superblock.AREA_OFFSET + superblock.areaLength();
        if (device.length() < length) {
            throw new FormatException(device.name() + " ends at " + device.length() + " and should have " + length
                    + " bytes: it has been truncated");
        }
    }

    /**
     * Reads the newer of the two that can be read, of a log that somebody may have open.
     *
     * @throws IOException when neither is valid.
     */
    public static Superblock peek(final Path file) throws IOException {
        Superblock newest = null;
        IOException failure = null;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            for (int place = 0; place < PLACES; place++) {
                try {
                    final ByteBuffer block = ByteBuffer.allocate(Superblock.LENGTH);
                    channel.read(block, (long) place * Superblock.LENGTH);
                    final Superblock candidate =
                            Superblock.decode("superblock of " + file, MemorySegment.ofArray(block.array()));
                    if (newest == null || candidate.counter() > newest.counter()) {
                        newest = candidate;
                    }
                } catch (final IOException e) {
                    failure = e;
                }
            }
        }
        if (newest == null) {
            throw failure;
        }
        return newest;
    }

    /** What was last read or written. */
    public Superblock current() {
        return current;
    }

    /**
     * Writes a new state to both places, one after the other, and waits until it is durable: damage to either place changes
     * nothing then. Its counter is set here.
     */
    public void write(final Superblock next) throws IOException {
        for (int place = 0; place < PLACES; place++) {
            prepare(next);
            device.writeFully(offset(), block);
            device.syncFully();
        }
    }

    /**
     * Begins to write a new state to one place from the reactor; the listener hears of the write, has to sync then, and to
     * write it to the other place in the same way.
     */
    public void write(final Superblock next, final int listener, final long token) {
        prepare(next);
        device.write(offset(), block.address(), Superblock.LENGTH, listener, token);
    }

    private void prepare(final Superblock next) {
        current = new Superblock(
                current.counter() + 1,
                next.volume(),
                next.areaLength(),
                next.windowLength(),
                next.generation(),
                next.tail(),
                next.seen(),
                next.epochs(),
                next.salt());
        current.encode(block);
    }

    private long offset() {
        return (current.counter() & 1) * Superblock.LENGTH;
    }
}
