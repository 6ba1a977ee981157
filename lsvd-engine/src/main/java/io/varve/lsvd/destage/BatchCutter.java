package io.varve.lsvd.destage;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Superblock;
import java.util.ArrayDeque;

/**
 * Decides, on the reactor, where one batch of the log ends and the next begins: after {@value #TARGET_BYTES} bytes of data (less for a very small log),
 * or when the oldest data has waited for the destage delay. A batch never ends within a record.
 */
public final class BatchCutter {
    /** Bytes of data after which a batch is complete. */
    public static final int TARGET_BYTES = 8 << 20;

    private static final int MAX_RECORDS = 1 << 14;

    private final long delayNs;
    private final int targetBlocks;
    private final ArrayDeque<Superblock.Tail> ends = new ArrayDeque<>();
    private Superblock.Tail start;
    private long sealedPosition;
    private long sealedSequence;
    private int sealedCrc;
    private int blocks;
    private int records;
    private long firstRecordNs;

    /**
     * Makes a cutter.
     *
     * @param start   first record that belongs to no batch yet.
     * @param delayNs how long data waits at most for a batch to fill.
     * @param logLength length of the log's area in bytes.
     */
    public BatchCutter(final Superblock.Tail start, final long delayNs, final long logLength) {
        this.start = start;
        targetBlocks = (int) Math.min(TARGET_BYTES, logLength / 8) >> Blocks.SHIFT;
        this.delayNs = delayNs;
        sealedPosition = start.position();
        sealedSequence = start.sequence() - 1;
        sealedCrc = start.previousCrc();
    }

    /** A record has been sealed: see {@link io.varve.lsvd.log.LogWriter.Listener#onSealed}. */
    public void onSealed(
            final long end,
            final long sequence,
            final int crc,
            final int extents,
            final int dataBlocks,
            final long nowNs) {
        sealedPosition = end;
        sealedSequence = sequence;
        sealedCrc = crc;
        if (extents == 0) {
            return;
        }
        if (records == 0) {
            firstRecordNs = nowNs;
        }
        blocks += dataBlocks;
        records++;
        if (blocks >= targetBlocks || records >= MAX_RECORDS) {
            cut();
        }
    }

    /** Ends the current batch now, if there is anything in it. */
    public void cut() {
        if (records > 0) {
            ends.add(new Superblock.Tail(sealedPosition, sealedSequence + 1, sealedCrc));
            records = 0;
            blocks = 0;
        }
    }

    /**
     * The next batch, if one is complete and wholly written.
     *
     * @param writtenSequence newest record that is written with all before it.
     * @return null when there is none.
     */
    public Batch poll(final long writtenSequence, final long nowNs) {
        if (ends.isEmpty() && records > 0 && nowNs - firstRecordNs >= delayNs) {
            cut();
        }
        final Superblock.Tail end = ends.peek();
        if (end == null || end.sequence() - 1 > writtenSequence) {
            return null;
        }
        ends.remove();
        final Batch batch = new Batch(start, end);
        start = end;
        return batch;
    }

    /** Nanoseconds until waiting data is due, or {@link Long#MAX_VALUE} when none waits. */
    public long dueInNs(final long nowNs) {
        return records == 0 ? Long.MAX_VALUE : Math.max(0, firstRecordNs + delayNs - nowNs);
    }

    /** First record that belongs to no batch that has been taken. */
    public Superblock.Tail start() {
        return start;
    }

    /** Whether every record that says something of the volume belongs to a batch that has been taken. */
    public boolean isEmpty() {
        return records == 0 && ends.isEmpty();
    }
}
