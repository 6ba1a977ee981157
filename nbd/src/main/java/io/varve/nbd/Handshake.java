package io.varve.nbd;

import io.varve.block.BlockDevice;
import io.varve.block.Changes;
import io.varve.linux.Memory;
import java.nio.charset.StandardCharsets;

/**
 * Answers a client's options until it asks for the export. An option is read when the answer to the one before has been sent, so that a
 * client that does not read is not read from.
 */
final class Handshake {
    /** Longest option that is read, in bytes; what is longer is refused, and left out. */
    static final int MAX_OPTION = 16 << 10;

    /** Longest option that is left out, in bytes; a longer one ends the connection. */
    static final int MAX_LEFT_OUT = 1 << 20;

    /** Most options of one client. */
    static final int MAX_OPTIONS = 256;

    static final String ALLOCATION = "base:allocation";

    /** Number of the context {@link #ALLOCATION}; one session has no other. */
    static final int ALLOCATION_ID = 1;

    /** What stands before an earlier snapshot's name in the context of what has changed since. */
    static final String CHANGES = "qemu:dirty-bitmap:";

    /** Number of the context {@link #CHANGES}; one session has one at most. */
    static final int CHANGES_ID = 2;

    private static final int OPTION_HEADER = 16;
    private static final int REPLY_HEADER = 20;
    private static final int ZEROES = 124;

    /** What the client has agreed on. */
    static final class Agreed {
        boolean structured;
        boolean extended;
        boolean allocation;
        Changes changes;
    }

    /** What contexts are asked for: for good, or to see which there are. */
    private record Contexts(int option, String export, boolean isAllocation, String earlier, Changes changes) {
        boolean isSet() {
            return option == Nbd.OPT_SET_META_CONTEXT;
        }
    }

    /** What it needs of its connection. */
    interface Host {
        /** Begins the session; answers whether the client may write. */
        boolean openSession();

        /** Whether a session that begins now could write. */
        boolean mayWrite();

        /** Whether sessions may be several of the same client. */
        boolean isShared();

        /** Goes on in TLS, once everything that was to be sent before has been. */
        void startTls() throws ProtocolException;
    }

    private final String name;
    private final boolean hasTls;
    private final BlockDevice device;
    private final Inbound in;
    private final Outbound out;
    private final Host host;
    private final Agreed agreed = new Agreed();

    private boolean hasFlags;
    private boolean isFixed;
    private boolean hasZeroes = true;
    private boolean isSecure;
    private boolean isTlsNext;
    private boolean isDone;
    private boolean isAborted;
    private String contextExport;
    private Contexts asked;
    private int options;
    private int leftOut;
    private int leftOutOption;

    Handshake(
            final NbdOptions options, final BlockDevice device, final Inbound in, final Outbound out, final Host host) {
        name = options.name();
        hasTls = options.tls() != null;
        this.device = device;
        this.in = in;
        this.out = out;
        this.host = host;
        final long greeting = out.words(18);
        Wire.putLong(greeting, Nbd.NBDMAGIC);
        Wire.putLong(greeting + 8, Nbd.IHAVEOPT);
        Wire.putShort(greeting + 16, Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES);
    }

    /** Whether commands follow. */
    boolean isDone() {
        return isDone;
    }

    /** Whether an answer waits for something that only the device knows. */
    boolean isWaiting() {
        return asked != null;
    }

    Agreed agreed() {
        return agreed;
    }

    /** Reads the client's flags, or an option. */
    Step step() throws ProtocolException {
        if (!out.isEmpty()) {
            return Step.STALLED;
        }
        if (isAborted) {
            return Step.ENDED;
        }
        if (asked != null) {
            return answerContexts() ? Step.ADVANCED : Step.STALLED;
        }
        if (isTlsNext) {
            isTlsNext = false;
            isSecure = true;
            agreed.structured = false;
            agreed.extended = false;
            dropContexts();
            host.startTls();
        }
        if (!hasFlags) {
            return flags();
        }
        return leftOut > 0 ? leaveOut() : option();
    }

    private Step flags() throws ProtocolException {
        if (!in.require(4)) {
            return Step.NEEDS_BYTES;
        }
        final int flags = Wire.getInt(in.address());
        in.consume(4);
        if ((flags & ~(Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES)) != 0) {
            throw new ProtocolException("unknown flags 0x" + Integer.toHexString(flags));
        }
        isFixed = (flags & Nbd.FLAG_FIXED_NEWSTYLE) != 0;
        hasZeroes = (flags & Nbd.FLAG_NO_ZEROES) == 0;
        hasFlags = true;
        return Step.ADVANCED;
    }

    private Step leaveOut() {
        final int here = Math.min(leftOut, in.available());
        in.consume(here);
        leftOut -= here;
        if (leftOut > 0) {
            return Step.NEEDS_BYTES;
        }
        refuse(leftOutOption, Nbd.REP_ERR_TOO_BIG, "an option has at most " + MAX_OPTION + " bytes");
        return Step.ADVANCED;
    }

    private Step option() throws ProtocolException {
        if (!in.require(OPTION_HEADER)) {
            return Step.NEEDS_BYTES;
        }
        if (Wire.getLong(in.address()) != Nbd.IHAVEOPT) {
            throw new ProtocolException("an option without its magic number");
        }
        final int option = Wire.getInt(in.address() + 8);
        final int length = Wire.getInt(in.address() + 12);
        if (length < 0 || length > MAX_LEFT_OUT || length > MAX_OPTION && option == Nbd.OPT_EXPORT_NAME) {
            throw new ProtocolException("an option of " + Integer.toUnsignedString(length) + " bytes");
        }
        if (length <= MAX_OPTION && !in.require(OPTION_HEADER + length)) {
            return Step.NEEDS_BYTES;
        }
        if (++options > MAX_OPTIONS) {
            throw new ProtocolException("more than " + MAX_OPTIONS + " options");
        }
        if (!isFixed && option != Nbd.OPT_EXPORT_NAME) {
            throw new ProtocolException("an option that needs fixed newstyle, from a client without it");
        }
        if (length > MAX_OPTION) {
            in.consume(OPTION_HEADER);
            leftOut = length;
            leftOutOption = option;
            return Step.ADVANCED;
        }
        final long data = in.address() + OPTION_HEADER;
        answer(option, data, length);
        in.consume(OPTION_HEADER + length);
        return Step.ADVANCED;
    }

    private void answer(final int option, final long data, final int length) throws ProtocolException {
        if (hasTls && !isSecure && option != Nbd.OPT_STARTTLS && option != Nbd.OPT_ABORT) {
            if (option == Nbd.OPT_EXPORT_NAME) {
                throw new ProtocolException("no TLS, which is wanted here");
            }
            refuse(option, Nbd.REP_ERR_TLS_REQD, "TLS is wanted here");
            return;
        }
        switch (option) {
            case Nbd.OPT_EXPORT_NAME -> exportName(Wire.getString(data, length));
            case Nbd.OPT_ABORT -> {
                acknowledge(option);
                isAborted = true;
            }
            case Nbd.OPT_LIST -> list(option, length);
            case Nbd.OPT_STARTTLS -> startTls(option, length);
            case Nbd.OPT_INFO, Nbd.OPT_GO -> go(option, data, length);
            case Nbd.OPT_STRUCTURED_REPLY -> {
                if (length != 0) {
                    refuse(option, Nbd.REP_ERR_INVALID, "the option has no data");
                } else if (agreed.extended) {
                    refuse(option, Nbd.REP_ERR_EXT_HEADER_REQD, "extended headers were agreed on");
                } else {
                    agreed.structured = true;
                    acknowledge(option);
                }
            }
            case Nbd.OPT_EXTENDED_HEADERS -> {
                if (length != 0) {
                    refuse(option, Nbd.REP_ERR_INVALID, "the option has no data");
                } else {
                    agreed.structured = true;
                    agreed.extended = true;
                    acknowledge(option);
                }
            }
            case Nbd.OPT_LIST_META_CONTEXT, Nbd.OPT_SET_META_CONTEXT -> contexts(option, data, length);
            default -> refuse(option, Nbd.REP_ERR_UNSUP, "unknown option");
        }
    }

    private boolean isExport(final String asked) {
        return asked.isEmpty() || asked.equals(name);
    }

    private void exportName(final String asked) throws ProtocolException {
        if (!isExport(asked)) {
            throw new ProtocolException("asks for an export that is not here");
        }
        final long size = device.capacity();
        final int flags = begin(asked);
        final int zeroes = hasZeroes ? ZEROES : 0;
        final long reply = out.words(10 + zeroes);
        Wire.putLong(reply, size);
        Wire.putShort(reply + 8, flags);
        Memory.zero(reply + 10, zeroes);
        isDone = true;
    }

    /** Begins the session; answers its flags. */
    private int begin(final String asked) {
        if (!asked.equals(contextExport)) {
            dropContexts();
        }
        return flags(host.openSession());
    }

    private int flags(final boolean isWriter) {
        int flags = Nbd.FLAG_HAS_FLAGS | Nbd.FLAG_SEND_FLUSH | Nbd.FLAG_SEND_FUA | Nbd.FLAG_SEND_CACHE;
        flags |= isWriter
                ? Nbd.FLAG_SEND_TRIM | Nbd.FLAG_SEND_WRITE_ZEROES | Nbd.FLAG_SEND_FAST_ZERO
                : Nbd.FLAG_READ_ONLY;
        if (!isWriter || host.isShared()) {
            flags |= Nbd.FLAG_CAN_MULTI_CONN;
        }
        return agreed.structured ? flags | Nbd.FLAG_SEND_DF : flags;
    }

    private void list(final int option, final int length) {
        if (length != 0) {
            refuse(option, Nbd.REP_ERR_INVALID, "the option has no data");
            return;
        }
        final byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        final long reply = reply(option, Nbd.REP_SERVER, 4 + bytes.length);
        Wire.putInt(reply, bytes.length);
        Memory.copy(bytes, 0, reply + 4, bytes.length);
        acknowledge(option);
    }

    private void startTls(final int option, final int length) {
        if (length != 0) {
            refuse(option, Nbd.REP_ERR_INVALID, "the option has no data");
        } else if (!hasTls) {
            refuse(option, Nbd.REP_ERR_POLICY, "there is no TLS here");
        } else if (isSecure) {
            refuse(option, Nbd.REP_ERR_INVALID, "TLS is there already");
        } else {
            acknowledge(option);
            isTlsNext = true;
        }
    }

    private void go(final int option, final long data, final int length) {
        final long nameLength = length < 6 ? -1 : Integer.toUnsignedLong(Wire.getInt(data));
        if (nameLength < 0 || nameLength > length - 6) {
            refuse(option, Nbd.REP_ERR_INVALID, "the option's data is too short");
            return;
        }
        final int count = Wire.getShort(data + 4 + nameLength);
        if (length != 6 + nameLength + 2L * count) {
            refuse(option, Nbd.REP_ERR_INVALID, "the option's data has another length than it says");
            return;
        }
        final String asked = Wire.getString(data + 4, (int) nameLength);
        if (!isExport(asked)) {
            refuse(option, Nbd.REP_ERR_UNKNOWN, "there is no such export here");
            return;
        }
        final long size = device.capacity();
        final int flags = option == Nbd.OPT_GO ? begin(asked) : flags(!device.isReadOnly() && host.mayWrite());
        final long export = reply(option, Nbd.REP_INFO, 12);
        Wire.putShort(export, Nbd.INFO_EXPORT);
        Wire.putLong(export + 2, size);
        Wire.putShort(export + 10, flags);
        boolean wantsName = false;
        boolean wantsDescription = false;
        boolean wantsBlockSize = false;
        for (int i = 0; i < count; i++) {
            final int info = Wire.getShort(data + 6 + nameLength + 2L * i);
            wantsName |= info == Nbd.INFO_NAME;
            wantsDescription |= info == Nbd.INFO_DESCRIPTION;
            wantsBlockSize |= info == Nbd.INFO_BLOCK_SIZE;
        }
        if (wantsName) {
            text(option, Nbd.INFO_NAME, name);
        }
        if (wantsDescription) {
            text(option, Nbd.INFO_DESCRIPTION, "Varve " + name);
        }
        if (wantsBlockSize) {
            final long sizes = reply(option, Nbd.REP_INFO, 14);
            Wire.putShort(sizes, Nbd.INFO_BLOCK_SIZE);
            // Only changes have to be aligned, and clients refuse by themselves what is below the minimum.
            Wire.putInt(sizes + 2, (flags & Nbd.FLAG_READ_ONLY) != 0 ? 1 : BlockDevice.SECTOR_SIZE);
            Wire.putInt(sizes + 6, device.preferredBlockSize());
            Wire.putInt(sizes + 10, Transmission.MAX_LENGTH);
        }
        acknowledge(option);
        isDone = option == Nbd.OPT_GO;
    }

    private void text(final int option, final int info, final String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        final long reply = reply(option, Nbd.REP_INFO, 2 + bytes.length);
        Wire.putShort(reply, info);
        Memory.copy(bytes, 0, reply + 2, bytes.length);
    }

    private void contexts(final int option, final long data, final int length) {
        final boolean isSet = option == Nbd.OPT_SET_META_CONTEXT;
        if (isSet) {
            dropContexts();
        }
        if (!agreed.structured) {
            refuse(option, Nbd.REP_ERR_INVALID, "structured replies come first");
            return;
        }
        final long end = data + length;
        final long nameLength = length < 8 ? -1 : Integer.toUnsignedLong(Wire.getInt(data));
        if (nameLength < 0 || nameLength > length - 8) {
            refuse(option, Nbd.REP_ERR_INVALID, "the option's data is too short");
            return;
        }
        final String export = Wire.getString(data + 4, (int) nameLength);
        final long count = Integer.toUnsignedLong(Wire.getInt(data + 4 + nameLength));
        long at = data + 8 + nameLength;
        boolean isAllocation = count == 0 && !isSet;
        String earlier = null;
        for (long i = 0; i < count; i++) {
            final long queryLength = end - at < 4 ? -1 : Integer.toUnsignedLong(Wire.getInt(at));
            if (queryLength < 0 || queryLength > end - at - 4) {
                refuse(option, Nbd.REP_ERR_INVALID, "the option's data is too short");
                return;
            }
            final String query = Wire.getString(at + 4, (int) queryLength);
            isAllocation |= query.equals(ALLOCATION) || !isSet && query.equals("base:");
            if (earlier == null && query.startsWith(CHANGES)) {
                earlier = query.substring(CHANGES.length());
            }
            at += 4 + queryLength;
        }
        if (at != end) {
            refuse(option, Nbd.REP_ERR_INVALID, "the option's data is too long");
            return;
        }
        if (!isExport(export)) {
            refuse(option, Nbd.REP_ERR_UNKNOWN, "there is no such export here");
            return;
        }
        asked = new Contexts(
                option, export, isAllocation, earlier, earlier == null ? null : device.changesSince(earlier));
    }

    /** Answers once it is known what there is; whether it is. */
    private boolean answerContexts() {
        final Changes changes = asked.changes;
        if (changes != null && changes.state() == Changes.State.SOUGHT) {
            return false;
        }
        final boolean isKnown =
                changes != null && (changes.state() == Changes.State.FOUND || changes.state() == Changes.State.READY);
        if (asked.isAllocation) {
            context(ALLOCATION, ALLOCATION_ID);
        }
        if (isKnown) {
            context(CHANGES + asked.earlier, CHANGES_ID);
        }
        if (asked.isSet()) {
            agreed.allocation = asked.isAllocation;
            agreed.changes = isKnown ? changes : null;
            contextExport = asked.export;
        }
        if (changes != null && agreed.changes != changes) {
            changes.close();
        }
        acknowledge(asked.option);
        asked = null;
        return true;
    }

    private void context(final String name, final int id) {
        final long reply = reply(asked.option, Nbd.REP_META_CONTEXT, 4 + name.length());
        Wire.putInt(reply, asked.isSet() ? id : 0);
        ascii(name, reply + 4);
    }

    private void dropContexts() {
        agreed.allocation = false;
        contextExport = null;
        if (agreed.changes != null) {
            agreed.changes.close();
            agreed.changes = null;
        }
    }

    /** The connection ends: nothing is asked of what has changed any more. */
    void close() {
        dropContexts();
        if (asked != null && asked.changes != null) {
            asked.changes.close();
        }
        asked = null;
    }

    private static void ascii(final String text, final long address) {
        for (int i = 0; i < text.length(); i++) {
            Memory.putByte(address + i, (byte) text.charAt(i));
        }
    }

    private void acknowledge(final int option) {
        reply(option, Nbd.REP_ACK, 0);
    }

    private void refuse(final int option, final int error, final String message) {
        ascii(message, reply(option, error, message.length()));
    }

    private long reply(final int option, final int type, final int length) {
        final long reply = out.words(REPLY_HEADER + length);
        Wire.putLong(reply, Nbd.OPTION_REPLY_MAGIC);
        Wire.putInt(reply + 8, option);
        Wire.putInt(reply + 12, type);
        Wire.putInt(reply + 16, length);
        return reply + REPLY_HEADER;
    }
}
