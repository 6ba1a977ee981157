package io.varve.lsvd.log;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.Superblock;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * The tail of the local log: gathers blocks and trims into records, writes them, and tells in log order which are written
 * and which are durable. Belongs to the reactor thread; allocates nothing.
 *
 * <p>One record is open at a time. It is written when nothing else is in flight or when it has grown to
 * {@value #EAGER_BLOCKS} blocks, so that requests which arrive while the device is busy share a record. At most
 * {@value #MAX_IN_FLIGHT} records are in flight, and never more bytes than the window holds.
 *
 * <p>After a write or sync has failed the log is unsure: nothing more is appended or acknowledged, since nobody knows what the
 * device holds, and a second sync may lie. What waits goes on waiting until {@link #resume()} says that everything is safe
 * elsewhere, or fails with {@link #fail(int)}.
 */
public final class LogWriter {
    /** Receives what becomes of appended data, on the reactor thread. */
    public interface Listener {
        /** What was to be acknowledged under this token is written, or durable if that was asked for. */
        void onAcknowledged(long token);

        /** What was to be acknowledged under this token is unsure: the log has failed. */
        void onFailed(long token);

        /**
         * A record is complete, and about to be written.
         *
         * @param end       where the next record begins.
         * @param sequence  of the record that was sealed.
         * @param crc       of its header.
         * @param isNews    whether it changes the volume or its write cache.
         * @param isNote    whether it is a note, on its own.
         * @param blocks    number of its data blocks.
         */
        void onSealed(long end, long sequence, int crc, boolean isNews, boolean isNote, int blocks);
    }

    private static final int EIO = 5;
    private static final int EAGER_BLOCKS = 32;
    private static final int MAX_IN_FLIGHT = 64;
    private static final int RESERVE = 16 * Blocks.SIZE;
    private static final long SYNC_TOKEN = MAX_IN_FLIGHT;

    private final LogGeometry geometry;
    private final LogDevice device;
    private final LogWindow window;
    private final LogChecksums checksums;
    private final UUID volume;
    private final long epoch;
    private final long generation;
    private final Listener listener;
    private final LogRecord record;
    private final Checksum checksum;
    private final int deviceListener;

    private final long[] flightSequence = new long[MAX_IN_FLIGHT];
    private final long[] flightEnd = new long[MAX_IN_FLIGHT];
    private final int[] flightLength = new int[MAX_IN_FLIGHT];
    private final boolean[] flightDone = new boolean[MAX_IN_FLIGHT];
    private final boolean[] flightSpeaks = new boolean[MAX_IN_FLIGHT];
    private long flightHead;
    private long flightTail;

    private final TokenQueue waitingForWrite = new TokenQueue();
    private final TokenQueue waitingForSync = new TokenQueue();

    private long head;
    private long nextSequence;
    private int previousCrc;
    private boolean isOpen;
    private long writtenEnd;
    private long writtenSequence;
    private long writtenDataSequence;
    private long durableSequence;
    private long syncTarget = -1;
    private long lastDataSequence;
    private long statedDurable;
    private long reusableEnd;
    private long heldAt = Long.MAX_VALUE;
    private int trouble;
    private boolean failed;
    private int failure;

    /**
     * Makes a writer that continues a log.
     *
     * @param end         where the next record goes; everything before is durable.
     * @param lastData    sequence of the last record before that is news, if that is not in the store.
     * @param oldestInUse position of the oldest byte of the log that may not be overwritten.
     */
    public LogWriter(
            final LogGeometry geometry,
            final LogDevice device,
            final LogWindow window,
            final LogChecksums checksums,
            final UUID volume,
            final long epoch,
            final long generation,
            final Superblock.Tail end,
            final long lastData,
            final long oldestInUse,
            final Listener listener) {
        this.geometry = geometry;
        this.device = device;
        this.window = window;
        this.checksums = checksums;
        this.volume = volume;
        this.epoch = epoch;
        this.generation = generation;
        this.listener = listener;
        this.record = new LogRecord(window.memory());
        this.checksum = new Checksum(window.memory());
        this.deviceListener = device.register(this::onCompletion);
        head = end.position();
        nextSequence = end.sequence();
        previousCrc = end.previousCrc();
        writtenEnd = head;
        writtenSequence = nextSequence - 1;
        writtenDataSequence = lastData;
        durableSequence = writtenSequence;
        statedDurable = durableSequence;
        lastDataSequence = lastData;
        reusable(oldestInUse);
    }

    /** Says that everything before a position may be overwritten. */
    public void reusable(final long oldestInUse) {
        reusableEnd = oldestInUse + geometry.areaLength();
    }

    /** Nothing is to be appended beyond a position for now; {@link Long#MAX_VALUE} lifts that. */
    void holdAt(final long position) {
        heldAt = position;
    }

    /** How many data blocks could be appended now: below 1 when the log or the window is full, or the log is unsure or has failed. */
    public long room() {
        if (failed || isUnsure() || flightHead - flightTail >= MAX_IN_FLIGHT - 2) {
            return 0;
        }
        final long end = isOpen ? head + record.length() : head;
        final long bytes = Math.min(Math.min(reusableEnd, heldAt), writtenEnd + geometry.windowLength())
                - end
                - RESERVE
                - Blocks.SIZE;
        return bytes >> Blocks.SHIFT;
    }

    /**
     * Makes room for data in the log. The caller copies it to {@link #reservedAddress()} and then calls
     * {@link #commit(long, int)}.
     *
     * @param blocks wanted: at most {@link #room()}.
     * @return number of blocks to copy now: at least 1.
     */
    public int reserve(final int blocks) {
        if (isOpen && (record.blocksLeft() < 1 || openLeftInWindow() < 1)) {
            sealOpen(0);
        }
        open();
        final int count = Math.min(blocks, Math.min(record.blocksLeft(), openLeftInWindow()));
        window.reserve(head + record.length() + (long) count * Blocks.SIZE);
        return count;
    }

    /** Native address of what {@link #reserve(int)} made room for. */
    public long reservedAddress() {
        return window.address(head + record.length());
    }

    /**
     * Appends what was copied.
     *
     * @param block of the volume.
     * @param count number of blocks: at most what was reserved.
     * @return the data's position in the log, in blocks.
     */
    public long commit(final long block, final int count) {
        final long position = head + record.length();
        final long positionBlocks = position >>> Blocks.SHIFT;
        final int offset = geometry.windowOffset(position);
        for (int i = 0; i < count; i++) {
            checksums.set(positionBlocks + i, checksum.of(offset + i * Blocks.SIZE, Blocks.SIZE));
        }
        record.addData(block, count);
        lastDataSequence = nextSequence;
        return positionBlocks;
    }

    /** Appends a trim; needs {@link #room()} for one block. */
    public void appendTrim(final long block, final int length) {
        if (isOpen && !record.fits(0)) {
            sealOpen(0);
        }
        open();
        record.addTrim(block, length);
        lastDataSequence = nextSequence;
    }

    /** Appends a change of the write cache; needs {@link #room()} for one block. */
    public void appendWriteCache(final boolean isOn) {
        if (isOpen) {
            sealOpen(0);
        }
        open();
        lastDataSequence = nextSequence;
        sealOpen(isOn ? LogRecord.FLAG_WRITE_CACHE_ON : LogRecord.FLAG_WRITE_CACHE_OFF);
    }

    /** Appends a note, of at most a block, as a record of its own; needs {@link #room()} for two blocks. */
    public void appendNote(final MemorySegment note) {
        if (isOpen) {
            sealOpen(0);
        }
        reserve(1);
        final long position = head + record.length();
        final int offset = geometry.windowOffset(position);
        window.memory().asSlice(offset, Blocks.SIZE).fill((byte) 0).copyFrom(note);
        checksums.set(position >>> Blocks.SHIFT, checksum.of(offset, Blocks.SIZE));
        record.addNote();
        lastDataSequence = nextSequence;
        sealOpen(0);
    }

    /**
     * Asks for an answer when everything appended so far is written.
     *
     * @param durable whether to wait until it is durable too.
     */
    public void acknowledge(final long token, final boolean durable) {
        if (failed) {
            listener.onFailed(token);
            return;
        }
        waitingForWrite.add(isOpen ? nextSequence : nextSequence - 1, token, durable);
        acknowledgeWritten();
    }

    /** Asks for an answer when everything that has been acknowledged so far is durable. */
    public void flush(final long token) {
        if (failed) {
            listener.onFailed(token);
        } else if (durableSequence >= writtenSequence && !isUnsure()) {
            listener.onAcknowledged(token);
        } else {
            waitingForSync.add(writtenSequence, token, true);
        }
    }

    /** Hands what has gathered to the device; returns an amount of work. */
    public int doWork() {
        int work = 0;
        if (isOpen && (flightHead == flightTail || record.blockCount() >= EAGER_BLOCKS)) {
            sealOpen(0);
            work++;
        }
        if (syncTarget < 0 && !waitingForSync.isEmpty() && !failed && !isUnsure()) {
            syncTarget = writtenSequence;
            device.sync(deviceListener, SYNC_TOKEN);
            work++;
        }
        return work;
    }

    /** Whether a record should be written which says only how far the log is durable: see {@link #stateDurable()}. */
    public boolean hasDurableNews() {
        return !failed
                && !isUnsure()
                && !isOpen
                && durableSequence >= lastDataSequence
                && statedDurable < lastDataSequence;
    }

    /** Writes an empty record that carries the news of a sync with nothing behind it. */
    public void stateDurable() {
        if (hasDurableNews() && room() > 0) {
            open();
            sealOpen(0);
        }
    }

    /** Whether everything appended is written, and nothing waits for an answer. */
    public boolean isQuiet() {
        return !isOpen
                && flightHead == flightTail
                && syncTarget < 0
                && (failed || waitingForWrite.isEmpty() && waitingForSync.isEmpty());
    }

    /** Sequence of the newest record that has been handed to the device. */
    public long sealedSequence() {
        return nextSequence - 1;
    }

    /** Sequence of the newest record that is written, with all before it. */
    public long writtenSequence() {
        return writtenSequence;
    }

    /** Sequence of the newest record that is news and written, with all before it. */
    public long writtenDataSequence() {
        return writtenDataSequence;
    }

    /** Where the newest written record, with all before it written too, ends. */
    public long writtenEnd() {
        return writtenEnd;
    }

    /** Sequence of the newest record that is durable, with all before it. */
    public long durableSequence() {
        return durableSequence;
    }

    /** Sequence of the newest record that is news. */
    public long lastDataSequence() {
        return lastDataSequence;
    }

    /** Where the next record will begin. */
    public Superblock.Tail end() {
        return new Superblock.Tail(head, nextSequence, previousCrc);
    }

    /** Where the log ends, in bytes. */
    public long endPosition() {
        return isOpen ? head + record.length() : head;
    }

    /** 0, or the errno with which the log has failed. */
    public int failure() {
        return failure;
    }

    private int openLeftInWindow() {
        return (geometry.leftInWindow(head) - record.length()) >> Blocks.SHIFT;
    }

    private void open() {
        if (isOpen) {
            return;
        }
        if (geometry.leftInWindow(head) == LogRecord.HEADER_LENGTH) {
            begin();
            sealOpen(LogRecord.FLAG_PAD);
        }
        begin();
    }

    private void begin() {
        window.reserve(head + LogRecord.HEADER_LENGTH);
        record.wrap(geometry.windowOffset(head)).begin(volume, epoch, generation, nextSequence, head);
        isOpen = true;
    }

    private void sealOpen(final int flags) {
        final int length = record.length();
        final long firstBlock = (head + LogRecord.HEADER_LENGTH) >>> Blocks.SHIFT;
        statedDurable = durableSequence;
        previousCrc = record.seal(flags, previousCrc, durableSequence, checksums, firstBlock);
        final int slot = (int) flightHead & MAX_IN_FLIGHT - 1;
        flightSequence[slot] = nextSequence;
        flightLength[slot] = length;
        flightDone[slot] = false;
        flightSpeaks[slot] = record.isNews();
        final long position = head;
        head += length;
        flightEnd[slot] = head;
        isOpen = false;
        device.write(geometry.fileOffset(position), window.address(position), length, deviceListener, slot);
        flightHead++;
        listener.onSealed(head, nextSequence, previousCrc, record.isNews(), record.isNote(), record.blockCount());
        nextSequence++;
    }

    private void onCompletion(final long token, final int result) {
        if (token == SYNC_TOKEN) {
            onSynced(result);
            return;
        }
        final int slot = (int) token;
        if (result != flightLength[slot]) {
            doubt(result < 0 ? -result : EIO);
        }
        flightDone[slot] = true;
        while (flightTail < flightHead && flightDone[(int) flightTail & MAX_IN_FLIGHT - 1]) {
            final int done = (int) flightTail & MAX_IN_FLIGHT - 1;
            flightTail++;
            if (!failed && !isUnsure()) {
                writtenSequence = flightSequence[done];
                writtenEnd = flightEnd[done];
                if (flightSpeaks[done]) {
                    writtenDataSequence = writtenSequence;
                }
            }
        }
        acknowledgeWritten();
    }

    private void onSynced(final int result) {
        if (result < 0) {
            doubt(-result);
        } else if (!failed && !isUnsure()) {
            durableSequence = syncTarget;
            acknowledgeDurable();
        }
        syncTarget = -1;
    }

    private void acknowledgeDurable() {
        while (!waitingForSync.isEmpty() && waitingForSync.sequence() <= durableSequence) {
            listener.onAcknowledged(waitingForSync.remove());
        }
    }

    private void acknowledgeWritten() {
        while (!failed && !isUnsure() && !waitingForWrite.isEmpty() && waitingForWrite.sequence() <= writtenSequence) {
            final long sequence = waitingForWrite.sequence();
            final boolean durable = waitingForWrite.flag();
            final long token = waitingForWrite.remove();
            if (durable && sequence > durableSequence) {
                waitingForSync.add(sequence, token, true);
            } else {
                listener.onAcknowledged(token);
            }
        }
    }

    /** The device has failed to write or sync something that belongs to the log: the log is unsure from now on. */
    public void doubt(final int errno) {
        if (trouble == 0) {
            trouble = errno;
        }
    }

    /** Whether nobody knows what the device holds. */
    public boolean isUnsure() {
        return trouble != 0;
    }

    /** 0, or the errno for which the log is unsure. */
    public int trouble() {
        return trouble;
    }

    /** Whether nothing of an unsure log is on its way to the device any more. */
    public boolean isSettled() {
        return !isOpen && flightHead == flightTail && syncTarget < 0;
    }

    /** Ends the doubt: everything before {@link #end()} is durable elsewhere, and a recovery begins there. */
    public void resume() {
        trouble = 0;
        writtenSequence = nextSequence - 1;
        writtenEnd = head;
        writtenDataSequence = lastDataSequence;
        durableSequence = writtenSequence;
        statedDurable = durableSequence;
        acknowledgeWritten();
        acknowledgeDurable();
    }

    /** Ends acknowledgements for good: the device cannot be relied on any more. */
    public void fail(final int errno) {
        if (failed) {
            return;
        }
        failed = true;
        failure = errno;
        while (!waitingForWrite.isEmpty()) {
            listener.onFailed(waitingForWrite.remove());
        }
        while (!waitingForSync.isEmpty()) {
            listener.onFailed(waitingForSync.remove());
        }
    }
}
