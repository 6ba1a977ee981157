package io.varve.testsupport;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A virtio-blk request as a driver makes it, and what came back. Can be used again once it is complete. */
public final class BlkRequest {
    /** Read. */
    public static final int IN = 0;

    /** Write. */
    public static final int OUT = 1;

    /** Make durable. */
    public static final int FLUSH = 4;

    /** Tell the serial number. */
    public static final int GET_ID = 8;

    /** Forget ranges. */
    public static final int DISCARD = 11;

    /** Make ranges zero. */
    public static final int WRITE_ZEROES = 13;

    /** Status: done. */
    public static final int OK = 0;

    /** Status: failed. */
    public static final int IOERR = 1;

    /** Status: not supported. */
    public static final int UNSUPP = 2;

    /** What the status byte holds until the device writes it. */
    public static final int NO_STATUS = 0xff;

    private static final int SECTOR_SIZE = 512;
    private static final byte[] NOTHING = {};

    private int type;
    private long sector;
    private byte[] out = NOTHING;
    private byte[] in = NOTHING;
    private int status = NO_STATUS;
    private long usedLength;
    private long submittedNs;

    /**
     * A request of any kind.
     *
     * @param type     as in its header.
     * @param sector   as in its header.
     * @param out      what follows the header, for the device to read.
     * @param inLength bytes before the status byte, for the device to write.
     */
    public static BlkRequest of(final int type, final long sector, final byte[] out, final int inLength) {
        return new BlkRequest().set(type, sector, out, new byte[inLength]);
    }

    /** A read. */
    public static BlkRequest read(final long offset, final int length) {
        return of(IN, offset / SECTOR_SIZE, NOTHING, length);
    }

    /** A write. */
    public static BlkRequest write(final long offset, final byte[] data) {
        return of(OUT, offset / SECTOR_SIZE, data, 0);
    }

    /** A flush. */
    public static BlkRequest flush() {
        return of(FLUSH, 0, NOTHING, 0);
    }

    /** A question for the serial number. */
    public static BlkRequest getId() {
        return of(GET_ID, 0, NOTHING, 20);
    }

    /** A discard of one range. */
    public static BlkRequest discard(final long offset, final long length) {
        return of(DISCARD, 0, segment(offset / SECTOR_SIZE, length / SECTOR_SIZE, 0), 0);
    }

    /** A write-zeroes of one range. */
    public static BlkRequest writeZeroes(final long offset, final long length, final boolean unmap) {
        return of(WRITE_ZEROES, 0, segment(offset / SECTOR_SIZE, length / SECTOR_SIZE, unmap ? 1 : 0), 0);
    }

    /** One segment of a discard or write-zeroes: sector u64, number of sectors u32, flags u32. */
    public static byte[] segment(final long sector, final long sectors, final int flags) {
        return ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(sector)
                .putInt((int) sectors)
                .putInt(flags)
                .array();
    }

    /** Makes this another request; arrays are kept, not copied. */
    public BlkRequest set(final int newType, final long newSector, final byte[] newOut, final byte[] newIn) {
        type = newType;
        sector = newSector;
        out = newOut;
        in = newIn;
        status = NO_STATUS;
        usedLength = 0;
        return this;
    }

    /** As in the header. */
    public int type() {
        return type;
    }

    /** As in the header. */
    public long sector() {
        return sector;
    }

    /** What the device reads behind the header. */
    public byte[] out() {
        return out;
    }

    /** What the device writes before the status byte. */
    public byte[] in() {
        return in;
    }

    /** What came back as a string, without the zeros behind it. */
    public String inAsString() {
        return new String(in, StandardCharsets.US_ASCII).replace("\0", "");
    }

    /** The status byte that came back. */
    public int status() {
        return status;
    }

    /** The length in the used element. */
    public long usedLength() {
        return usedLength;
    }

    /** When it was submitted, by {@link System#nanoTime()}. */
    public long submittedNs() {
        return submittedNs;
    }

    void submitted(final long nowNs) {
        submittedNs = nowNs;
    }

    void completed(final int newStatus, final long newUsedLength) {
        status = newStatus;
        usedLength = newUsedLength;
    }

    @Override
    public String toString() {
        return "request of type " + type + " at sector " + sector + ", " + out.length + " bytes out, " + in.length
                + " bytes in, status " + status + ", used " + usedLength;
    }
}
