package io.varve.nbd;

import io.varve.block.BlockDevice;
import io.varve.block.SessionListener;
import io.varve.linux.ErrnoException;
import io.varve.linux.Mapping;

/** Makes requests of the device out of a client's commands, and replies out of their outcome. */
final class Transmission implements BlockDevice.Completion, Outbound.Listener, AutoCloseable {
    /** Longest read or write, in bytes. */
    static final int MAX_LENGTH = BlockDevice.MAX_TRANSFER_LENGTH;

    /** Most commands in flight, from header to the last byte of the reply; further ones stay in the socket. */
    static final int MAX_IN_FLIGHT = 128;

    /** Data of writes up to so many bytes stays in the buffer in which it was received. */
    static final int MAX_INLINE = 32 << 10;

    /** Longest data of a write that is refused and left out, in bytes; a longer one ends the connection. */
    private static final long MAX_LEFT_OUT = 0xffff_ffffL;

    /** So much is read at a time for CACHE, in bytes. */
    private static final int CACHE_PIECE = 1 << 20;

    private static final int REQUEST_LENGTH = 28;
    private static final int EXTENDED_REQUEST_LENGTH = 32;
    private static final int SECTOR_MASK = BlockDevice.SECTOR_SIZE - 1;

    private static final String NOT_ALIGNED = "offset and length have to be multiples of 512";
    private static final String NOT_INSIDE = "the range is not inside of the export";
    private static final String TOO_LONG = "a command has at most 64 MiB of data";

    private final BlockDevice device;
    private final SessionListener session;
    private final boolean isWriter;
    private final Replies replies;
    private final BlockStatus blockStatus;
    private final Inbound in;
    private final Outbound out;
    private final BufferPool pool;
    private final BufferPool.Share share;

    private final Mapping headers;
    private final Slot[] slots = new Slot[MAX_IN_FLIGHT];
    private final int[] free = new int[MAX_IN_FLIGHT];
    private boolean isAskingStatus;
    private int freeCount;
    private int inFlight;
    private boolean hasStarted;
    private boolean hasToldWait;

    /** The write whose data comes next. */
    private Slot writing;

    /** The command whose data comes next, and is of no use. */
    private Slot refused;

    private long leftOut;

    /** The BLOCK_STATUS that waits until it is known what has changed. */
    private Slot waiting;

    /** Commands whose last request is done, and which need another. */
    private Slot continuing;

    Transmission(
            final BlockDevice device,
            final SessionListener session,
            final boolean isWriter,
            final Handshake.Agreed agreed,
            final Inbound in,
            final Outbound out,
            final BufferPool pool,
            final BufferPool.Share share)
            throws ErrnoException {
        this.device = device;
        this.session = session;
        this.isWriter = isWriter;
        replies = new Replies(agreed);
        blockStatus = new BlockStatus(agreed, replies);
        this.in = in;
        this.out = out;
        this.pool = pool;
        this.share = share;
        headers = Mapping.anonymous((long) MAX_IN_FLIGHT * Slot.HEADER_LENGTH);
        for (int i = MAX_IN_FLIGHT - 1; i >= 0; i--) {
            slots[i] = new Slot(i, headers.address() + (long) i * Slot.HEADER_LENGTH);
            free[freeCount++] = i;
        }
    }

    /** Whether no command is on its way to a reply. */
    boolean isQuiet() {
        return inFlight == 0 && continuing == null && waiting == null;
    }

    /** Reads a command, or some of its data. */
    Step step() throws ProtocolException {
        if (refused != null) {
            return leaveOut();
        }
        return writing == null ? command() : data();
    }

    private Step command() throws ProtocolException {
        if (!in.require(replies.isExtended() ? EXTENDED_REQUEST_LENGTH : REQUEST_LENGTH)) {
            return Step.NEEDS_BYTES;
        }
        final long header = in.address();
        if (Wire.getInt(header) != (replies.isExtended() ? Nbd.EXTENDED_REQUEST_MAGIC : Nbd.REQUEST_MAGIC)) {
            throw new ProtocolException("a command without its magic number");
        }
        if (Wire.getShort(header + 6) == Nbd.CMD_DISC) {
            return Step.ENDED;
        }
        if (freeCount == 0 || !mayRequest()) {
            return Step.STALLED;
        }
        final Slot slot = slots[free[freeCount - 1]];
        slot.flags = Wire.getShort(header + 4);
        slot.type = Wire.getShort(header + 6);
        slot.cookie = Wire.getLong(header + 8);
        slot.offset = Wire.getLong(header + 16);
        slot.length =
                replies.isExtended() ? Wire.getLong(header + 24) : Integer.toUnsignedLong(Wire.getInt(header + 24));
        slot.error = 0;
        slot.message = null;
        slot.dataLength = 0;
        check(slot);
        if (slot.error == 0 && !takeBuffer(slot)) {
            return Step.STALLED;
        }
        freeCount--;
        in.consume(replies.isExtended() ? EXTENDED_REQUEST_LENGTH : REQUEST_LENGTH);
        begin(slot);
        return Step.ADVANCED;
    }

    private boolean mayRequest() {
        if (!hasStarted) {
            hasStarted = true;
            session.onStarted();
        }
        if (!device.isReady()) {
            if (!hasToldWait) {
                hasToldWait = true;
                session.onRequestWaits();
            }
            return false;
        }
        hasToldWait = false;
        return device.hasRoom(1);
    }

    private void check(final Slot slot) {
        final int allowed = Nbd.CMD_FLAG_FUA
                | switch (slot.type) {
                    case Nbd.CMD_READ -> replies.isStructured() ? Nbd.CMD_FLAG_DF : 0;
                    case Nbd.CMD_WRITE -> replies.isExtended() ? Nbd.CMD_FLAG_PAYLOAD_LEN : 0;
                    case Nbd.CMD_WRITE_ZEROES -> Nbd.CMD_FLAG_NO_HOLE | Nbd.CMD_FLAG_FAST_ZERO;
                    case Nbd.CMD_BLOCK_STATUS -> Nbd.CMD_FLAG_REQ_ONE;
                    default -> 0;
                };
        if ((slot.flags & ~allowed) != 0) {
            fail(slot, Nbd.EINVAL, "unknown flag");
            return;
        }
        switch (slot.type) {
            case Nbd.CMD_READ -> {
                checkRange(slot, Nbd.EINVAL);
                if (slot.error == 0 && slot.alignedLength() > MAX_LENGTH) {
                    fail(slot, Nbd.EINVAL, TOO_LONG);
                }
            }
            case Nbd.CMD_WRITE -> {
                checkChange(slot);
                if (slot.error == 0 && slot.length > MAX_LENGTH) {
                    fail(slot, Nbd.EINVAL, TOO_LONG);
                }
            }
            case Nbd.CMD_TRIM, Nbd.CMD_WRITE_ZEROES -> checkChange(slot);
            case Nbd.CMD_CACHE -> checkRange(slot, Nbd.EINVAL);
            case Nbd.CMD_BLOCK_STATUS -> {
                checkRange(slot, Nbd.EINVAL);
                if (!blockStatus.isAgreed()) {
                    fail(slot, Nbd.EINVAL, "no context was agreed on");
                } else if (slot.length == 0) {
                    fail(slot, Nbd.EINVAL, "a range of no length");
                }
            }
            case Nbd.CMD_FLUSH -> {}
            default -> fail(slot, Nbd.EINVAL, "unknown command");
        }
    }

    private void checkChange(final Slot slot) {
        if (!isWriter) {
            fail(slot, Nbd.EPERM, "the export is read-only");
            return;
        }
        checkRange(slot, slot.type == Nbd.CMD_TRIM ? Nbd.EINVAL : Nbd.ENOSPC);
        if (slot.error == 0 && ((slot.offset | slot.length) & SECTOR_MASK) != 0) {
            fail(slot, Nbd.EINVAL, NOT_ALIGNED);
        }
    }

    private void checkRange(final Slot slot, final int error) {
        final long capacity = device.capacity();
        if (slot.offset < 0 || slot.length < 0 || slot.offset > capacity || slot.length > capacity - slot.offset) {
            fail(slot, error, NOT_INSIDE);
        }
    }

    private static void fail(final Slot slot, final int error, final String message) {
        slot.error = error;
        slot.message = message;
    }

    /** Takes what memory the command needs before its header counts as read. */
    private boolean takeBuffer(final Slot slot) {
        final int length;
        switch (slot.type) {
            case Nbd.CMD_READ -> length = (int) slot.alignedLength();
            case Nbd.CMD_WRITE -> length = slot.length > MAX_INLINE ? (int) slot.length : 0;
            case Nbd.CMD_CACHE -> length = (int) Math.min(CACHE_PIECE, slot.alignedLength());
            case Nbd.CMD_BLOCK_STATUS -> {
                if (isAskingStatus) {
                    return false;
                }
                length = BlockStatus.MAX_LENGTH;
            }
            default -> length = 0;
        }
        slot.buffer = length == 0 ? null : pool.take(length, share);
        return length == 0 || slot.buffer != null;
    }

    private void begin(final Slot slot) throws ProtocolException {
        final boolean hasData =
                slot.type == Nbd.CMD_WRITE || replies.isExtended() && slot.has(Nbd.CMD_FLAG_PAYLOAD_LEN);
        if (slot.error != 0 && hasData) {
            if (slot.length < 0 || slot.length > MAX_LEFT_OUT) {
                throw new ProtocolException("a command with " + Long.toUnsignedString(slot.length) + " bytes of data");
            }
            refused = slot;
            leftOut = slot.length;
            return;
        }
        slot.position = slot.type == Nbd.CMD_CACHE ? slot.alignedOffset() : slot.offset;
        slot.remaining = slot.type == Nbd.CMD_FLUSH ? 1 : slot.length;
        if (slot.type == Nbd.CMD_WRITE && slot.length > 0) {
            writing = slot;
            if (slot.buffer != null) {
                in.divert(slot.buffer, (int) slot.length);
            }
            return;
        }
        proceed(slot);
    }

    private Step leaveOut() {
        final int here = (int) Math.min(leftOut, in.available());
        in.consume(here);
        leftOut -= here;
        if (leftOut > 0) {
            return Step.NEEDS_BYTES;
        }
        final Slot slot = refused;
        refused = null;
        finish(slot);
        return Step.ADVANCED;
    }

    private Step data() {
        final Slot slot = writing;
        final int length = (int) slot.length;
        if (slot.buffer != null) {
            if (!in.takeDiverted()) {
                return Step.NEEDS_BYTES;
            }
            slot.data = slot.buffer.address();
        } else {
            if (!in.require(length)) {
                return Step.NEEDS_BYTES;
            }
            slot.buffer = in.buffer().share();
            slot.data = in.address();
            in.consume(length);
        }
        writing = null;
        slot.vec.clear();
        slot.vec.add(slot.data, length);
        proceed(slot);
        return Step.ADVANCED;
    }

    /** Goes on with a command until the device has it, or it is done. */
    private void proceed(final Slot slot) {
        while (slot.error == 0 && slot.remaining > 0) {
            slot.isSubmitting = true;
            slot.isInFlight = true;
            inFlight++;
            request(slot);
            slot.isSubmitting = false;
            if (slot.isInFlight) {
                return;
            }
        }
        finish(slot);
    }

    private void request(final Slot slot) {
        final boolean isDurable = slot.has(Nbd.CMD_FLAG_FUA);
        switch (slot.type) {
            case Nbd.CMD_READ -> {
                slot.remaining = 0;
                slot.vec.clear();
                slot.vec.add(slot.buffer.address(), (int) slot.alignedLength());
                device.read(slot.alignedOffset(), slot.vec, this, slot.index);
            }
            case Nbd.CMD_WRITE -> {
                slot.remaining = 0;
                device.write(slot.offset, slot.vec, isDurable, this, slot.index);
            }
            case Nbd.CMD_FLUSH -> {
                slot.remaining = 0;
                device.flush(this, slot.index);
            }
            case Nbd.CMD_TRIM -> {
                final long at = slot.position;
                device.discard(at, take(slot, BlockDevice.MAX_RANGE_LENGTH), isDurable, this, slot.index);
            }
            case Nbd.CMD_WRITE_ZEROES -> {
                final long at = slot.position;
                final long length = take(slot, BlockDevice.MAX_RANGE_LENGTH);
                device.writeZeroes(at, length, !slot.has(Nbd.CMD_FLAG_NO_HOLE), isDurable, this, slot.index);
            }
            case Nbd.CMD_CACHE -> {
                final long at = slot.position;
                final long end = slot.alignedOffset() + slot.alignedLength();
                final int length = (int) Math.min(slot.buffer.length(), end - at);
                slot.position += length;
                slot.remaining = end - slot.position;
                slot.vec.clear();
                slot.vec.add(slot.buffer.address(), length);
                device.read(at, slot.vec, this, slot.index);
            }
            case Nbd.CMD_BLOCK_STATUS -> {
                slot.remaining = 0;
                isAskingStatus = true;
                blockStatus.ask(device, slot, this);
            }
            default -> throw new IllegalStateException("command " + slot.type);
        }
    }

    private static long take(final Slot slot, final long most) {
        final long length = Math.min(slot.remaining, most);
        slot.position += length;
        slot.remaining -= length;
        return length;
    }

    @Override
    public void onComplete(final long token, final int status) {
        final Slot slot = slots[(int) token];
        slot.isInFlight = false;
        inFlight--;
        if (status != BlockDevice.STATUS_OK) {
            slot.error = switch (status) {
                case BlockDevice.STATUS_NO_SPACE -> Nbd.ENOSPC;
                case BlockDevice.STATUS_NOT_PERMITTED -> Nbd.EPERM;
                case BlockDevice.STATUS_GONE -> Nbd.ESHUTDOWN;
                default -> Nbd.EIO;
            };
        }
        if (slot.isSubmitting) {
            return;
        }
        if (slot.error != 0 || slot.remaining == 0) {
            finish(slot);
        } else {
            slot.next = continuing;
            continuing = slot;
        }
    }

    /** Makes the next requests of commands that take several: no completion may do that itself. Returns how many. */
    int doWork() {
        int work = 0;
        if (waiting != null && !blockStatus.isToWait()) {
            final Slot slot = waiting;
            waiting = null;
            finish(slot);
            work++;
        }
        while (continuing != null && device.hasRoom(1)) {
            final Slot slot = continuing;
            continuing = slot.next;
            proceed(slot);
            work++;
        }
        return work;
    }

    /** Takes back what waits for something other than the device: the connection is to end. */
    void giveUpWaiting() {
        if (waiting != null) {
            final Slot slot = waiting;
            waiting = null;
            slot.error = Nbd.ESHUTDOWN;
            finish(slot);
        }
    }

    /** Makes the reply. */
    private void finish(final Slot slot) {
        slot.dataLength = 0;
        if (slot.type == Nbd.CMD_BLOCK_STATUS && slot.buffer != null) {
            if (slot.error == 0 && blockStatus.isToWait()) {
                waiting = slot;
                return;
            }
            if (slot.error == 0 && blockStatus.hasFailed()) {
                fail(slot, Nbd.EIO, "what has changed could not be found out");
            }
            isAskingStatus = false;
        }
        if (slot.error != 0) {
            replies.error(slot);
        } else if (slot.type == Nbd.CMD_READ) {
            read(slot);
        } else if (slot.type == Nbd.CMD_BLOCK_STATUS) {
            blockStatus.reply(slot);
        } else {
            replies.done(slot);
        }
        if (slot.dataLength == 0) {
            release(slot);
        }
        out.add(slot);
    }

    private void read(final Slot slot) {
        final int length = (int) slot.length;
        replies.read(slot, length);
        if (length > 0) {
            slot.data = slot.buffer.address() + (slot.offset - slot.alignedOffset());
            slot.dataLength = length;
        }
    }

    private void release(final Slot slot) {
        if (slot.buffer != null) {
            pool.release(slot.buffer);
            slot.buffer = null;
        }
    }

    @Override
    public void onSent(final Slot slot) {
        release(slot);
        free[freeCount++] = slot.index;
    }

    /** Gives up what is in flight, and gives the memory back. */
    @Override
    public void close() {
        device.cancel(this);
        inFlight = 0;
        waiting = null;
        for (final Slot slot : slots) {
            release(slot);
        }
        headers.close();
    }
}
