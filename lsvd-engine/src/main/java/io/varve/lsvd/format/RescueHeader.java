package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The first block of a file with rescued records; the records follow as they stood in the log, each a {@link LogRecord} with its
 * data blocks.
 *
 * @param volume        whose log it was.
 * @param epoch         the newest epoch that the log's owner had begun.
 * @param nonce         of that epoch.
 * @param storedThrough sequence of the last record of the log that the store holds with all before it; 0 when that was not known.
 * @param records       number of records in the file.
 * @param bytes         their length.
 */
public record RescueHeader(UUID volume, long epoch, UUID nonce, long storedThrough, long records, long bytes) {
    /** Length of the encoded header in bytes. */
    public static final int LENGTH = Blocks.SIZE;

    private static final int MAGIC = 0x58565256;
    private static final int VERSION = 1;

    /** The header's bytes: exactly {@link #LENGTH}. */
    public void encode(final MemorySegment target) {
        final ByteBuffer payload = SmallRecord.payload();
        SmallRecord.putUuid(payload, volume);
        payload.putLong(epoch);
        SmallRecord.putUuid(payload, nonce);
        payload.putLong(storedThrough).putLong(records).putLong(bytes);
        target.asSlice(0, LENGTH).fill((byte) 0).copyFrom(SmallRecord.frame(MAGIC, VERSION, payload));
    }

    /**
     * Reads a header.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static RescueHeader decode(final String what, final MemorySegment block) throws FormatException {
        return SmallRecord.read(what, block, MAGIC, VERSION, RescueHeader::decode);
    }

    private static RescueHeader decode(final ByteBuffer payload) {
        final UUID volume = SmallRecord.getUuid(payload);
        final long epoch = payload.getLong();
        return new RescueHeader(
                volume, epoch, SmallRecord.getUuid(payload), payload.getLong(), payload.getLong(), payload.getLong());
    }
}
