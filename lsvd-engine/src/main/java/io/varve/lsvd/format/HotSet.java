package io.varve.lsvd.format;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * What was hot where a volume was served: for the host that it goes to, so that reads there don't wait for the store. It is told
 * when a migration begins. To lose it, or to believe a wrong one, costs only speed.
 *
 * <p>In a {@linkplain SmallRecord frame}:
 *
 * <pre>
 * 16  2 x u64  volume
 * 32  u64      epoch
 * 40  u64      sequence of the oldest object of which the local log held the data as well
 * 48  u32      number of runs
 * 52  12 each  runs of lines of the read cache, the hottest first: u64 first line, u32 number of lines
 * </pre>
 *
 * @param volume     that it was.
 * @param epoch      in which it was.
 * @param recentFrom sequence from which on objects hold what was written lately.
 * @param lines      first line of each run: the object's sequence shifted left by 19, plus the line's index in the object.
 * @param counts     number of lines of each run, at least 1; a run stays in its object.
 */
public record HotSet(UUID volume, long epoch, long recentFrom, long[] lines, int[] counts) {
    /** Greatest number of runs. */
    public static final int MAX_RUNS = 1 << 16;

    private static final int FIXED_LENGTH = 52;
    private static final int RUN_LENGTH = Long.BYTES + Integer.BYTES;

    /** Greatest length of an encoded set in bytes. */
    public static final int MAX_LENGTH = FIXED_LENGTH + MAX_RUNS * RUN_LENGTH;

    private static final int MAGIC = 0x48565256;
    private static final int VERSION = 1;
    private static final int LINE_BITS = 19;

    /** The set's bytes. */
    public MemorySegment encode() {
        final ByteBuffer payload = SmallRecord.payload(FIXED_LENGTH + lines.length * RUN_LENGTH);
        SmallRecord.putUuid(payload, volume);
        payload.putLong(epoch).putLong(recentFrom).putInt(lines.length);
        for (int i = 0; i < lines.length; i++) {
            payload.putLong(lines[i]).putInt(counts[i]);
        }
        return SmallRecord.frame(MAGIC, VERSION, payload);
    }

    /** Length in bytes of the set, plain or encrypted, that begins with some bytes, as they say; little more than {@link #MAX_LENGTH}. */
    public static int length(final MemorySegment beginning) {
        final int length = beginning.byteSize() < Integer.BYTES * 4 ? 0 : Layouts.getInt(beginning, 12);
        return Math.clamp(length, 0, MAX_LENGTH + SmallRecord.MAX_LENGTH);
    }

    /**
     * Reads a set.
     *
     * @param what names it in messages.
     * @throws FormatException when it is damaged, unknown, or not of this volume and epoch.
     */
    public static HotSet decode(final String what, final MemorySegment record, final UUID volume, final long epoch)
            throws FormatException {
        return SmallRecord.read(
                what, record, MAGIC, VERSION, MAX_LENGTH, payload -> decode(what, payload, volume, epoch));
    }

    private static HotSet decode(final String what, final ByteBuffer payload, final UUID volume, final long epoch)
            throws FormatException {
        if (!SmallRecord.getUuid(payload).equals(volume) || payload.getLong() != epoch) {
            throw new FormatException(what + " is damaged: it is of another volume or epoch");
        }
        final long recentFrom = payload.getLong();
        final int count = payload.getInt();
        if (count < 0 || count > MAX_RUNS || payload.remaining() != count * RUN_LENGTH) {
            throw new FormatException(what + " is damaged: it has no room for " + count + " runs");
        }
        final long[] lines = new long[count];
        final int[] counts = new int[count];
        for (int i = 0; i < count; i++) {
            lines[i] = payload.getLong();
            counts[i] = payload.getInt();
            if (lines[i] < 0 || counts[i] < 1 || lines[i] >>> LINE_BITS != lines[i] + counts[i] - 1 >>> LINE_BITS) {
                throw new FormatException(what + " is damaged: run " + i + " is not of one object");
            }
        }
        return new HotSet(volume, epoch, recentFrom, lines, counts);
    }
}
