package io.varve.lsvd.destage;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.format.VolumeSettings;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * Decides, on the reactor, where one batch of the log ends and the next begins: after {@value #TARGET_BYTES} bytes of data (less
 * for a very small log or a small bound on unsent bytes), when the oldest data has waited for the destage delay or half of what
 * it may, or as soon as the next batch can go when somebody waits for the store. A batch never ends within a record.
 *
 * <p>Knows since when the oldest record that is not in the store waits, too. Times are of one monotonic clock, in nanoseconds.
 */
public final class BatchCutter {
    /** Bytes of data after which a batch is complete. */
    public static final int TARGET_BYTES = 8 << 20;

    private static final int MAX_RECORDS = 1 << 12;

    /** How long data waits in haste, in nanoseconds: a few of a guest's requests go together, and none waits long. */
    private static final long HASTY_DELAY_NS = 5_000_000;

    private final long delayNs;
    private final int targetBlocks;
    private final ArrayDeque<Cut> cuts = new ArrayDeque<>();
    private final ArrayDeque<Cut> unsent = new ArrayDeque<>();
    private Superblock.Tail start;
    private long lastSequence;
    private long sealedPosition;
    private long sealedSequence;
    private int sealedCrc;
    private int blocks;
    private int records;
    private long firstRecordNs;
    private boolean isHurried;
    private boolean isHasty;

    /** The end of a batch, and when its first record was made. */
    private record Cut(Superblock.Tail end, long firstRecordNs, boolean isNote) {}

    /**
     * Makes a cutter.
     *
     * @param start     first record that belongs to no batch yet.
     * @param delayNs   how long data waits at most for a batch to fill.
     * @param logLength length of the log's area in bytes.
     * @param settings  with their bounds.
     */
    public BatchCutter(
            final Superblock.Tail start, final long delayNs, final long logLength, final VolumeSettings settings) {
        this.start = start;
        final long ageNs = TimeUnit.MILLISECONDS.toNanos(settings.maxUnsentAgeMs());
        this.delayNs = ageNs == 0 ? delayNs : Math.min(delayNs, ageNs / 2);
        long target = Math.min(TARGET_BYTES, logLength / 8);
        if (settings.maxUnsentBytes() > 0) {
            target = Math.min(target, settings.maxUnsentBytes() / 4);
        }
        targetBlocks = (int) target >> Blocks.SHIFT;
        sealedPosition = start.position();
        sealedSequence = start.sequence() - 1;
        lastSequence = sealedSequence;
        sealedCrc = start.previousCrc();
    }

    /** A record has been sealed: see {@link io.varve.lsvd.log.LogWriter.Listener#onSealed}. */
    public void onSealed(
            final long end,
            final long sequence,
            final int crc,
            final boolean isNews,
            final boolean isNote,
            final int dataBlocks,
            final long nowNs) {
        if (isNote) {
            cut();
        }
        sealedPosition = end;
        sealedSequence = sequence;
        sealedCrc = crc;
        if (!isNews) {
            return;
        }
        lastSequence = sequence;
        if (records == 0) {
            firstRecordNs = nowNs;
        }
        blocks += dataBlocks;
        records++;
        if (isNote || blocks >= targetBlocks || records >= MAX_RECORDS) {
            cut(isNote);
        }
    }

    /** Ends the current batch now, if there is anything in it. */
    public void cut() {
        cut(false);
    }

    private void cut(final boolean isNote) {
        isHurried = false;
        if (records > 0) {
            final Cut cut =
                    new Cut(new Superblock.Tail(sealedPosition, sealedSequence + 1, sealedCrc), firstRecordNs, isNote);
            cuts.add(cut);
            unsent.add(cut);
            records = 0;
            blocks = 0;
        }
    }

    /** Somebody waits for what there is now: ends the current batch when the next one is asked for. */
    public void hurry() {
        isHurried = records > 0;
    }

    /** Keeps what is not cut small from now on, or not any more: the volume is about to go to another host. */
    public void haste(final boolean value) {
        isHasty = value;
    }

    private long delayNs() {
        return isHasty ? Math.min(delayNs, HASTY_DELAY_NS) : delayNs;
    }

    /** The oldest batch that was not in the store is now. */
    public void onStored() {
        unsent.remove();
    }

    /**
     * The next batch, if one is complete and wholly written.
     *
     * @param writtenSequence newest record that is written with all before it.
     * @return null when there is none.
     */
    public Batch poll(final long writtenSequence, final long nowNs) {
        if (cuts.isEmpty() && records > 0 && (isHurried || nowNs - firstRecordNs >= delayNs())) {
            cut();
        }
        final Cut cut = cuts.peek();
        if (cut == null || cut.end.sequence() - 1 > writtenSequence) {
            return null;
        }
        cuts.remove();
        final Batch batch = new Batch(start, cut.end, cut.isNote);
        start = cut.end;
        return batch;
    }

    /** Nanoseconds until waiting data is due, or {@link Long#MAX_VALUE} when that does not depend on time. */
    public long dueInNs(final long nowNs) {
        if (records == 0 || !cuts.isEmpty()) {
            return Long.MAX_VALUE;
        }
        return isHurried ? 0 : Math.max(0, firstRecordNs + delayNs() - nowNs);
    }

    /** How long the oldest record that is not in the store has waited, in nanoseconds; 0 when there is none. */
    public long oldestUnsentAgeNs(final long nowNs) {
        final Cut oldest = unsent.peek();
        if (oldest == null && records == 0) {
            return 0;
        }
        return Math.max(0, nowNs - (oldest == null ? firstRecordNs : oldest.firstRecordNs));
    }

    /** Sequence of the newest record that says something of the volume; at first, of the last one in the store. */
    public long lastSequence() {
        return lastSequence;
    }

    /** First record that belongs to no batch that has been taken. */
    public Superblock.Tail start() {
        return start;
    }

    /** Whether every record that says something of the volume belongs to a batch that has been taken. */
    public boolean isEmpty() {
        return records == 0 && cuts.isEmpty();
    }
}
