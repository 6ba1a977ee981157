package io.varve.lsvd.verify;

import io.varve.lsvd.format.Blocks;
import java.util.ArrayList;
import java.util.List;

/** Ranges of a volume, of which at most {@value #MAX_KEPT} are kept, and all are counted. One thread's. */
public final class Ranges {
    /** How many ranges are kept. */
    public static final int MAX_KEPT = 1000;

    private final List<Range> kept = new ArrayList<>();
    private long count;
    private long bytes;
    private long endBlock = -1;

    /**
     * A range.
     *
     * @param offset in bytes.
     * @param length in bytes.
     */
    public record Range(long offset, long length) {}

    /** Adds a run of blocks, which must not overlap others; one that continues the last becomes part of it. */
    void add(final long block, final long length) {
        if (length == 0) {
            return;
        }
        bytes += length << Blocks.SHIFT;
        if (block == endBlock && kept.size() == count) {
            final Range last = kept.removeLast();
            kept.add(new Range(last.offset, last.length + (length << Blocks.SHIFT)));
        } else if (block != endBlock) {
            count++;
            if (kept.size() < MAX_KEPT) {
                kept.add(new Range(block << Blocks.SHIFT, length << Blocks.SHIFT));
            }
        }
        endBlock = block + length;
    }

    /** The first of them. */
    public List<Range> kept() {
        return List.copyOf(kept);
    }

    /** How many there are. */
    public long count() {
        return count;
    }

    /** Their length in all, in bytes. */
    public long bytes() {
        return bytes;
    }

    @Override
    public String toString() {
        return bytes + " bytes in " + count + " ranges: " + kept;
    }
}
