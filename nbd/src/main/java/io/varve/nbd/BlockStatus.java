package io.varve.nbd;

import io.varve.block.BlockDevice;
import io.varve.block.Changes;
import io.varve.block.Extents;

/**
 * Answers BLOCK_STATUS in the contexts that a session has: which parts of a range hold data, and which have changed since an earlier snapshot.
 * One command at a time.
 */
final class BlockStatus {
    /** Most parts in the answer of one context. */
    static final int MAX_EXTENTS = 1024;

    /** What an answer takes at most, in bytes: for each of two contexts its parts, their number, and a header. */
    static final int MAX_LENGTH = 2 * (16 * MAX_EXTENTS + 8 + 32);

    private static final long MAX_PART = 0xffff_fe00L;

    private final Replies replies;
    private final boolean hasAllocation;
    private final Changes changes;
    private final Extents allocated = new Extents(MAX_EXTENTS);
    private final Extents changed;

    BlockStatus(final Handshake.Agreed agreed, final Replies replies) {
        this.replies = replies;
        hasAllocation = agreed.allocation;
        changes = agreed.changes;
        changed = changes == null ? null : new Extents(MAX_EXTENTS);
    }

    /** Whether there is a context to answer in. */
    boolean isAgreed() {
        return hasAllocation || changes != null;
    }

    /** Asks the device what it alone knows, which completes for the slot. */
    void ask(final BlockDevice device, final Slot slot, final BlockDevice.Completion completion) {
        if (hasAllocation) {
            device.extents(slot.alignedOffset(), slot.alignedLength(), allocated, completion, slot.index);
        } else {
            completion.onComplete(slot.index, BlockDevice.STATUS_OK);
        }
    }

    /** Whether what has changed is still being found out. */
    boolean isToWait() {
        return changes != null && changes.state() == Changes.State.FOUND;
    }

    /** Whether it could not be found out. */
    boolean hasFailed() {
        return changes != null && changes.state() == Changes.State.FAILED;
    }

    /** Makes the reply, in the slot's buffer. */
    void reply(final Slot slot) {
        final int type = replies.isExtended() ? Nbd.REPLY_TYPE_BLOCK_STATUS_EXT : Nbd.REPLY_TYPE_BLOCK_STATUS;
        final long begin = slot.buffer.address();
        long end = begin;
        if (hasAllocation) {
            end = parts(begin, slot, Handshake.ALLOCATION_ID, allocated, 0, Nbd.STATE_HOLE | Nbd.STATE_ZERO);
            replies.chunk(slot, changes == null ? Nbd.REPLY_FLAG_DONE : 0, type, end - begin);
        }
        if (changes != null) {
            changes.extents(slot.alignedOffset(), slot.alignedLength(), changed);
            final long payload = hasAllocation ? end + replies.chunkLength() : begin;
            final long stop = parts(payload, slot, Handshake.CHANGES_ID, changed, Nbd.STATE_DIRTY, 0);
            if (hasAllocation) {
                replies.chunk(end, slot, Nbd.REPLY_FLAG_DONE, type, stop - payload);
            } else {
                replies.chunk(slot, Nbd.REPLY_FLAG_DONE, type, stop - payload);
            }
            end = stop;
        }
        slot.data = begin;
        slot.dataLength = (int) (end - begin);
    }

    /** Writes the payload for a context; answers where it ends. */
    private long parts(
            final long at, final Slot slot, final int context, final Extents parts, final int set, final int clear) {
        final boolean isExtended = replies.isExtended();
        final int most = slot.has(Nbd.CMD_FLAG_REQ_ONE) ? 1 : MAX_EXTENTS;
        final long begin = at + (isExtended ? 8 : 4);
        long end = begin;
        long head = slot.offset - slot.alignedOffset();
        long remaining = slot.length;
        int count = 0;
        while (count < Math.min(most, parts.count()) && remaining > 0) {
            final long whole = Math.min(parts.length(count) - head, remaining);
            final long length = isExtended ? whole : Math.min(whole, MAX_PART);
            final int state = parts.isAllocated(count) ? set : clear;
            if (isExtended) {
                Wire.putLong(end, length);
                Wire.putLong(end + 8, state);
            } else {
                Wire.putInt(end, (int) length);
                Wire.putInt(end + 4, state);
            }
            end += isExtended ? 16 : 8;
            count++;
            head = 0;
            remaining -= length;
            if (length < whole) {
                break;
            }
        }
        Wire.putInt(at, context);
        if (isExtended) {
            Wire.putInt(at + 4, count);
        }
        return end;
    }
}
