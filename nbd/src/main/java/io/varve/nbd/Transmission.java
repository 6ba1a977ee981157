package io.varve.nbd;

import io.varve.block.BlockDevice;
import io.varve.block.Extents;
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

    /** Most parts in the answer of one BLOCK_STATUS. */
    private static final int MAX_EXTENTS = 1024;

    /** So much is read at a time for CACHE, in bytes. */
    private static final int CACHE_PIECE = 1 << 20;

    private static final int REQUEST_LENGTH = 28;
    private static final int EXTENDED_REQUEST_LENGTH = 32;
    private static final int SIMPLE_REPLY_LENGTH = 16;
    private static final int CHUNK_LENGTH = 20;
    private static final int EXTENDED_CHUNK_LENGTH = 32;
    private static final int SECTOR_MASK = BlockDevice.SECTOR_SIZE - 1;

    private static final String NOT_ALIGNED = "offset and length have to be multiples of 512";
    private static final String NOT_INSIDE = "the range is not inside of the export";
    private static final String TOO_LONG = "a command has at most 64 MiB of data";

    private final BlockDevice device;
    private final SessionListener session;
    private final boolean isWriter;
    private final boolean isStructured;
    private final boolean isExtended;
    private final boolean hasAllocation;
    private final Inbound in;
    private final Outbound out;
    private final BufferPool pool;
    private final BufferPool.Share share;

    private final Mapping headers;
    private final Slot[] slots = new Slot[MAX_IN_FLIGHT];
    private final int[] free = new int[MAX_IN_FLIGHT];
    private final Extents extents = new Extents(MAX_EXTENTS);
    private boolean isAskingExtents;
    private int freeCount;
    private int inFlight;
    private boolean hasStarted;
    private boolean hasToldWait;

    /** The write whose data comes next. */
    private Slot writing;

    /** The command whose data comes next, and is of no use. */
    private Slot refused;

    private long leftOut;

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
        isStructured = agreed.structured;
        isExtended = agreed.extended;
        hasAllocation = agreed.allocation;
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
        return inFlight == 0 && continuing == null;
    }

    /** Reads a command, or some of its data. */
    Step step() throws ProtocolException {
        if (refused != null) {
            return leaveOut();
        }
        return writing == null ? command() : data();
    }

    private Step command() throws ProtocolException {
        if (!in.require(isExtended ? EXTENDED_REQUEST_LENGTH : REQUEST_LENGTH)) {
            return Step.NEEDS_BYTES;
        }
        final long header = in.address();
        if (Wire.getInt(header) != (isExtended ? Nbd.EXTENDED_REQUEST_MAGIC : Nbd.REQUEST_MAGIC)) {
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
        slot.length = isExtended ? Wire.getLong(header + 24) : Integer.toUnsignedLong(Wire.getInt(header + 24));
        slot.error = 0;
        slot.message = null;
        slot.dataLength = 0;
        check(slot);
        if (slot.error == 0 && !takeBuffer(slot)) {
            return Step.STALLED;
        }
        freeCount--;
        in.consume(isExtended ? EXTENDED_REQUEST_LENGTH : REQUEST_LENGTH);
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
                    case Nbd.CMD_READ -> isStructured ? Nbd.CMD_FLAG_DF : 0;
                    case Nbd.CMD_WRITE -> isExtended ? Nbd.CMD_FLAG_PAYLOAD_LEN : 0;
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
                if (slot.error == 0 && alignedLength(slot) > MAX_LENGTH) {
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
                if (!hasAllocation) {
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

    private static long alignedOffset(final Slot slot) {
        return slot.offset & ~SECTOR_MASK;
    }

    private static long alignedLength(final Slot slot) {
        return (slot.offset + slot.length + SECTOR_MASK & ~SECTOR_MASK) - alignedOffset(slot);
    }

    /** Takes what memory the command needs before its header counts as read. */
    private boolean takeBuffer(final Slot slot) {
        final int length;
        switch (slot.type) {
            case Nbd.CMD_READ -> length = (int) alignedLength(slot);
            case Nbd.CMD_WRITE -> length = slot.length > MAX_INLINE ? (int) slot.length : 0;
            case Nbd.CMD_CACHE -> length = (int) Math.min(CACHE_PIECE, alignedLength(slot));
            case Nbd.CMD_BLOCK_STATUS -> {
                if (isAskingExtents) {
                    return false;
                }
                length = 8 + 16 * MAX_EXTENTS;
            }
            default -> length = 0;
        }
        slot.buffer = length == 0 ? null : pool.take(length, share);
        return length == 0 || slot.buffer != null;
    }

    private void begin(final Slot slot) throws ProtocolException {
        final boolean hasData = slot.type == Nbd.CMD_WRITE || isExtended && slot.has(Nbd.CMD_FLAG_PAYLOAD_LEN);
        if (slot.error != 0 && hasData) {
            if (slot.length < 0 || slot.length > MAX_LEFT_OUT) {
                throw new ProtocolException("a command with " + Long.toUnsignedString(slot.length) + " bytes of data");
            }
            refused = slot;
            leftOut = slot.length;
            return;
        }
        slot.position = slot.type == Nbd.CMD_CACHE ? alignedOffset(slot) : slot.offset;
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
                slot.vec.add(slot.buffer.address(), (int) alignedLength(slot));
                device.read(alignedOffset(slot), slot.vec, this, slot.index);
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
                final long end = alignedOffset(slot) + alignedLength(slot);
                final int length = (int) Math.min(slot.buffer.length(), end - at);
                slot.position += length;
                slot.remaining = end - slot.position;
                slot.vec.clear();
                slot.vec.add(slot.buffer.address(), length);
                device.read(at, slot.vec, this, slot.index);
            }
            case Nbd.CMD_BLOCK_STATUS -> {
                slot.remaining = 0;
                isAskingExtents = true;
                device.extents(alignedOffset(slot), alignedLength(slot), extents, this, slot.index);
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
        while (continuing != null && device.hasRoom(1)) {
            final Slot slot = continuing;
            continuing = slot.next;
            proceed(slot);
            work++;
        }
        return work;
    }

    /** Makes the reply. */
    private void finish(final Slot slot) {
        slot.dataLength = 0;
        if (slot.type == Nbd.CMD_BLOCK_STATUS && slot.buffer != null) {
            isAskingExtents = false;
        }
        if (slot.error != 0) {
            error(slot);
        } else if (slot.type == Nbd.CMD_READ) {
            read(slot);
        } else if (slot.type == Nbd.CMD_BLOCK_STATUS) {
            blockStatus(slot);
        } else {
            done(slot);
        }
        if (slot.dataLength == 0) {
            release(slot);
        }
        out.add(slot);
    }

    private void done(final Slot slot) {
        if (isExtended) {
            chunk(slot, Nbd.REPLY_TYPE_NONE, 0);
        } else {
            simple(slot);
        }
    }

    private void read(final Slot slot) {
        final int length = (int) slot.length;
        if (!isStructured) {
            simple(slot);
        } else if (length == 0) {
            chunk(slot, Nbd.REPLY_TYPE_NONE, 0);
            return;
        } else {
            chunk(slot, Nbd.REPLY_TYPE_OFFSET_DATA, 8L + length);
            Wire.putLong(slot.header + slot.headerLength, slot.offset);
            slot.headerLength += 8;
        }
        if (length > 0) {
            slot.data = slot.buffer.address() + (slot.offset - alignedOffset(slot));
            slot.dataLength = length;
        }
    }

    private void blockStatus(final Slot slot) {
        final int most = slot.has(Nbd.CMD_FLAG_REQ_ONE) ? 1 : MAX_EXTENTS;
        final long mostLength = isExtended ? Long.MAX_VALUE : 0xffff_fe00L;
        final int descriptor = isExtended ? 16 : 8;
        final long begin = slot.buffer.address() + (isExtended ? 8 : 4);
        long head = slot.offset - alignedOffset(slot);
        long remaining = slot.length;
        int count = 0;
        for (int i = 0; i < Math.min(most, extents.count()) && remaining > 0; i++) {
            final long whole = Math.min(extents.length(i) - head, remaining);
            final long length = Math.min(whole, mostLength);
            final int state = extents.isAllocated(i) ? 0 : Nbd.STATE_HOLE | Nbd.STATE_ZERO;
            final long at = begin + (long) descriptor * count++;
            if (isExtended) {
                Wire.putLong(at, length);
                Wire.putLong(at + 8, state);
            } else {
                Wire.putInt(at, (int) length);
                Wire.putInt(at + 4, state);
            }
            head = 0;
            remaining -= length;
            if (length < whole) {
                break;
            }
        }
        Wire.putInt(slot.buffer.address(), Handshake.ALLOCATION_ID);
        if (isExtended) {
            Wire.putInt(slot.buffer.address() + 4, count);
        }
        slot.data = slot.buffer.address();
        slot.dataLength = (int) (begin - slot.data) + descriptor * count;
        chunk(slot, isExtended ? Nbd.REPLY_TYPE_BLOCK_STATUS_EXT : Nbd.REPLY_TYPE_BLOCK_STATUS, slot.dataLength);
    }

    private void error(final Slot slot) {
        if (!isStructured) {
            simple(slot);
            return;
        }
        final int textLength = slot.message == null ? 0 : slot.message.length();
        chunk(slot, Nbd.REPLY_TYPE_ERROR, 6L + textLength);
        final long payload = slot.header + slot.headerLength;
        Wire.putInt(payload, slot.error);
        Wire.putShort(payload + 4, textLength);
        for (int i = 0; i < textLength; i++) {
            io.varve.linux.Memory.putByte(payload + 6 + i, (byte) slot.message.charAt(i));
        }
        slot.headerLength += 6 + textLength;
    }

    private static void simple(final Slot slot) {
        Wire.putInt(slot.header, Nbd.SIMPLE_REPLY_MAGIC);
        Wire.putInt(slot.header + 4, slot.error);
        Wire.putLong(slot.header + 8, slot.cookie);
        slot.headerLength = SIMPLE_REPLY_LENGTH;
    }

    private void chunk(final Slot slot, final int type, final long length) {
        final long header = slot.header;
        Wire.putInt(header, isExtended ? Nbd.EXTENDED_REPLY_MAGIC : Nbd.STRUCTURED_REPLY_MAGIC);
        Wire.putShort(header + 4, Nbd.REPLY_FLAG_DONE);
        Wire.putShort(header + 6, type);
        Wire.putLong(header + 8, slot.cookie);
        if (isExtended) {
            Wire.putLong(header + 16, slot.offset);
            Wire.putLong(header + 24, length);
            slot.headerLength = EXTENDED_CHUNK_LENGTH;
        } else {
            Wire.putInt(header + 16, (int) length);
            slot.headerLength = CHUNK_LENGTH;
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
        for (final Slot slot : slots) {
            release(slot);
        }
        headers.close();
    }
}
