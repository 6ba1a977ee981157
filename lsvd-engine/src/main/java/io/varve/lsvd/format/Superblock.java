package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The state of a local log, kept twice in the log file's first two blocks; the valid one with the higher counter counts, and
 * writes alternate.
 *
 * @param counter      grows by one with every write.
 * @param volume       the volume whose log this is.
 * @param areaLength   length of the log area in bytes, behind the two blocks.
 * @param windowLength a record never straddles a multiple of this many bytes.
 * @param generation   number of times that the log has been opened.
 * @param tail         where the scan for records begins.
 * @param seen         what the store is known to have held.
 * @param epochs       the epoch that the log belongs to, then the one that its owner has tried to begin since, if any.
 * @param salt         what the log's key is derived with; {@link LogSalt#NONE} when it is not encrypted.
 */
public record Superblock(
        long counter,
        UUID volume,
        long areaLength,
        int windowLength,
        long generation,
        Tail tail,
        Seen seen,
        List<EpochClaim> epochs,
        LogSalt salt) {
    /** Length of an encoded superblock in bytes: one block. */
    public static final int LENGTH = Blocks.SIZE;

    /** Where the log area begins in the file, in bytes. */
    public static final int AREA_OFFSET = 2 * LENGTH;

    /** Greatest number of claims in a superblock: of builds that made one for each try. */
    public static final int MAX_EPOCHS = 100;

    private static final int MAGIC = 0x53565256;
    private static final int VERSION = 3;

    /**
     * The oldest record that may be needed.
     *
     * @param position    of its header in the log, in bytes, not wrapped.
     * @param sequence    its sequence.
     * @param previousCrc the header CRC of the record before it.
     */
    public record Tail(long position, long sequence, int previousCrc) {}

    /**
     * An epoch that the owner of the log began or tried to begin. There is one for an epoch however often that was tried; builds
     * before had one for each try.
     *
     * @param epoch number of the epoch.
     * @param nonce drawn for it; {@link EpochRecord#claim} of the epoch's record, if that came to be.
     */
    public record EpochClaim(long epoch, UUID nonce) {}

    /**
     * What this host has seen the store hold: an epoch, and its objects up to one, with all before. A store that shows less has lost
     * something.
     *
     * @param epoch      number of the epoch; -1 when nothing is known.
     * @param nonce      of whoever began it.
     * @param sequence   of the last object, checkpoint or seal that was there with all before it.
     * @param lastRecord last log record that these objects cover.
     */
    public record Seen(long epoch, UUID nonce, long sequence, long lastRecord) {
        /** Nothing is known. */
        public static final Seen NOTHING = new Seen(-1, new UUID(0, 0), -1, -1);

        /** Whether something is known. */
        public boolean isKnown() {
            return epoch >= 0;
        }
    }

    /** The same with another tail, when more has been seen. */
    public Superblock with(final Tail newTail, final Seen newSeen) {
        return new Superblock(counter, volume, areaLength, windowLength, generation, newTail, newSeen, epochs, salt);
    }

    /** The superblock's bytes: exactly {@link #LENGTH}. */
    public void encode(final MemorySegment target) {
        final ByteBuffer payload = SmallRecord.payload();
        payload.putLong(counter);
        SmallRecord.putUuid(payload, volume);
        payload.putLong(areaLength).putInt(windowLength).putLong(generation);
        payload.putLong(tail.position).putLong(tail.sequence).putInt(tail.previousCrc);
        payload.putLong(seen.epoch);
        SmallRecord.putUuid(payload, seen.nonce);
        payload.putLong(seen.sequence).putLong(seen.lastRecord);
        payload.putInt(epochs.size());
        for (final EpochClaim claim : epochs) {
            payload.putLong(claim.epoch);
            SmallRecord.putUuid(payload, claim.nonce);
        }
        salt.encode(payload);
        final MemorySegment record = SmallRecord.frame(MAGIC, VERSION, payload);
        target.asSlice(0, LENGTH).fill((byte) 0).copyFrom(record);
    }

    /**
     * Reads a superblock.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged or unknown.
     */
    public static Superblock decode(final String what, final MemorySegment block) throws FormatException {
        return SmallRecord.read(what, block, MAGIC, VERSION, payload -> decode(what, payload));
    }

    private static Superblock decode(final String what, final ByteBuffer payload) throws FormatException {
        final long counter = payload.getLong();
        final UUID volume = SmallRecord.getUuid(payload);
        final long areaLength = payload.getLong();
        final int windowLength = payload.getInt();
        final long generation = payload.getLong();
        final Tail tail = new Tail(payload.getLong(), payload.getLong(), payload.getInt());
        final Seen seen = decodeSeen(what, payload);
        final int count = payload.getInt();
        if (count < 1 || count > MAX_EPOCHS) {
            throw new FormatException(what + " is damaged: " + count + " epochs");
        }
        final List<EpochClaim> epochs = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            final long epoch = payload.getLong();
            epochs.add(new EpochClaim(epoch, SmallRecord.getUuid(payload)));
        }
        return new Superblock(
                counter,
                volume,
                areaLength,
                windowLength,
                generation,
                tail,
                seen,
                List.copyOf(epochs),
                LogSalt.decode(payload));
    }

    private static Seen decodeSeen(final String what, final ByteBuffer payload) throws FormatException {
        final long epoch = payload.getLong();
        final UUID nonce = SmallRecord.getUuid(payload);
        final Seen seen = new Seen(epoch, nonce, payload.getLong(), payload.getLong());
        if (seen.epoch < -1 || seen.sequence < -1 || seen.lastRecord < -1) {
            throw new FormatException(what + " is damaged: the store can't have held what it says");
        }
        return seen;
    }
}
