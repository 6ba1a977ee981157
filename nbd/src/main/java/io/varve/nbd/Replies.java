package io.varve.nbd;

import io.varve.linux.Memory;

/** The form of replies that a client has agreed on: simple, structured, or with extended headers. */
final class Replies {
    private static final int SIMPLE_LENGTH = 16;
    private static final int CHUNK_LENGTH = 20;
    private static final int EXTENDED_CHUNK_LENGTH = 32;

    private final boolean isStructured;
    private final boolean isExtended;

    Replies(final Handshake.Agreed agreed) {
        isStructured = agreed.structured;
        isExtended = agreed.extended;
    }

    boolean isStructured() {
        return isStructured;
    }

    boolean isExtended() {
        return isExtended;
    }

    /** A command without data in its reply has been carried out. */
    void done(final Slot slot) {
        if (isExtended) {
            chunk(slot, Nbd.REPLY_FLAG_DONE, Nbd.REPLY_TYPE_NONE, 0);
        } else {
            simple(slot);
        }
    }

    /** So many bytes have been read; they follow the header. */
    void read(final Slot slot, final int length) {
        if (!isStructured) {
            simple(slot);
        } else if (length == 0) {
            chunk(slot, Nbd.REPLY_FLAG_DONE, Nbd.REPLY_TYPE_NONE, 0);
        } else {
            chunk(slot, Nbd.REPLY_FLAG_DONE, Nbd.REPLY_TYPE_OFFSET_DATA, 8L + length);
            Wire.putLong(slot.header + slot.headerLength, slot.offset);
            slot.headerLength += 8;
        }
    }

    /** The command has failed, or was refused. */
    void error(final Slot slot) {
        if (!isStructured) {
            simple(slot);
            return;
        }
        final int textLength = slot.message == null ? 0 : slot.message.length();
        chunk(slot, Nbd.REPLY_FLAG_DONE, Nbd.REPLY_TYPE_ERROR, 6L + textLength);
        final long payload = slot.header + slot.headerLength;
        Wire.putInt(payload, slot.error);
        Wire.putShort(payload + 4, textLength);
        for (int i = 0; i < textLength; i++) {
            Memory.putByte(payload + 6 + i, (byte) slot.message.charAt(i));
        }
        slot.headerLength += 6 + textLength;
    }

    private static void simple(final Slot slot) {
        Wire.putInt(slot.header, Nbd.SIMPLE_REPLY_MAGIC);
        Wire.putInt(slot.header + 4, slot.error);
        Wire.putLong(slot.header + 8, slot.cookie);
        slot.headerLength = SIMPLE_LENGTH;
    }

    /** A chunk of a structured reply, whose payload follows the slot's header. */
    void chunk(final Slot slot, final int flags, final int type, final long length) {
        chunk(slot.header, slot, flags, type, length);
        slot.headerLength = chunkLength();
    }

    /** Length of a chunk's header in bytes. */
    int chunkLength() {
        return isExtended ? EXTENDED_CHUNK_LENGTH : CHUNK_LENGTH;
    }

    /** Writes a chunk's header anywhere. */
    void chunk(final long at, final Slot slot, final int flags, final int type, final long length) {
        Wire.putInt(at, isExtended ? Nbd.EXTENDED_REPLY_MAGIC : Nbd.STRUCTURED_REPLY_MAGIC);
        Wire.putShort(at + 4, flags);
        Wire.putShort(at + 6, type);
        Wire.putLong(at + 8, slot.cookie);
        if (isExtended) {
            Wire.putLong(at + 16, slot.offset);
            Wire.putLong(at + 24, length);
        } else {
            Wire.putInt(at + 16, (int) length);
        }
    }
}
