package io.varve.lsvd.simulator;

import io.varve.lsvd.format.Durability;
import io.varve.lsvd.format.VolumeSettings;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a disk may hold. Every write stamps its sectors with a number of its own; a trim stamps 0. Acknowledged writes are in
 * the order of the log; those that wait may or may not be there after a crash.
 */
final class DiskModel {
    static final int SECTOR = 512;
    static final int BLOCK_SECTORS = 8;

    private static final int MAX_ORDERED = 4;

    private int sectors;
    private long[] base;
    private final List<Write> acknowledged = new ArrayList<>();
    private final List<Write> outstanding = new ArrayList<>();
    private final List<Read> reads = new ArrayList<>();
    private int flushed;
    private int forgotten;
    private long nextStamp = 1;
    private final ArrayDeque<Boolean> writeCaches = new ArrayDeque<>(List.of(true));
    private VolumeSettings settings = VolumeSettings.ofSize(0);

    /**
     * A write or trim of a run of sectors, when it was acknowledged, and by which settings; or, with an image, all that an open found,
     * and the writes some of which led to it.
     */
    record Write(
            int sector,
            int count,
            long stamp,
            long[] image,
            List<Write> steps,
            long acknowledgedNs,
            VolumeSettings settings) {
        Write(final int sector, final int count, final long stamp) {
            this(sector, count, stamp, null, List.of(), 0, null);
        }

        Write acknowledged(final long nowNs, final VolumeSettings promised) {
            return new Write(sector, count, stamp, null, List.of(), nowNs, promised);
        }

        boolean covers(final int at) {
            return at >= sector && at < sector + count;
        }

        long stampAt(final int at) {
            return image == null ? stamp : image[at];
        }

        void applyTo(final long[] state) {
            for (int at = sector; at < sector + count; at++) {
                state[at] = stampAt(at);
            }
        }

        @Override
        public String toString() {
            return image == null ? stamp + " at " + sector + " + " + count : "what an open found";
        }
    }

    /** A read under way: what its sectors held when it began, and the writes that were, or are, under way beside it, oldest first. */
    record Read(int sector, long[] before, List<Write> beside) {
        /** Judges what came back: of each sector what it held at some time since the read began. */
        void judge(final int at, final long seen) {
            if (seen != before[at - sector]
                    && beside.stream().noneMatch(write -> write.covers(at) && write.stampAt(at) == seen)) {
                throw new SimulationFailure("a read of sector " + at + " gave " + seen + " and not "
                        + before[at - sector] + ", nor what one of " + beside + " wrote");
            }
        }
    }

    DiskModel(final int sectors) {
        this.sectors = sectors;
        this.base = new long[sectors];
    }

    /** What is promised of the volume. */
    void promise(final VolumeSettings newSettings) {
        settings = newSettings;
    }

    int sectors() {
        return sectors;
    }

    /** The disk has become larger; what is new holds zeros. */
    void grow(final int newSectors) {
        sectors = newSectors;
        base = Arrays.copyOf(base, newSectors);
    }

    /** The disk, of which nobody has asked anything since it was shut down, holds what it did once. */
    void goBack(final long[] stamps) {
        sectors = stamps.length;
        base = stamps.clone();
        forgotten = acknowledgedCount();
        acknowledged.clear();
        outstanding.clear();
        reads.clear();
        flushed = 0;
    }

    boolean isBusy(final int sector, final int count) {
        // Whole blocks: a write of a part of one reads and rewrites all of it.
        final int first = sector / BLOCK_SECTORS;
        final int last = (sector + count - 1) / BLOCK_SECTORS;
        for (final Write write : outstanding) {
            if (write.sector / BLOCK_SECTORS <= last && (write.sector + write.count - 1) / BLOCK_SECTORS >= first) {
                return true;
            }
        }
        return false;
    }

    Write begin(final int sector, final int count, final boolean isTrim) {
        final Write write = new Write(sector, count, isTrim ? 0 : nextStamp++);
        outstanding.add(write);
        reads.forEach(read -> read.beside.add(write));
        return write;
    }

    /** A read begins. */
    Read beginRead(final int sector, final int count) {
        final Read read =
                new Read(sector, Arrays.copyOfRange(now(), sector, sector + count), new ArrayList<>(outstanding));
        reads.add(read);
        return read;
    }

    /** A read has come back, well or not. */
    void endRead(final Read read) {
        reads.remove(read);
    }

    void acknowledge(final Write write, final long nowNs) {
        outstanding.remove(write);
        acknowledged.add(write.acknowledged(nowNs, settings));
    }

    /** Number of writes acknowledged so far, for {@link #flushedThrough}, {@link #keptThrough} and {@link #judge}. */
    int acknowledgedCount() {
        return forgotten + acknowledged.size();
    }

    /** Everything up to so many acknowledged writes is durable, and if the volume is set so, in the store. */
    void flushedThrough(final int count) {
        if (settings.durability() == Durability.STORE) {
            keptThrough(count);
        }
        flushed = Math.max(flushed, count - forgotten);
    }

    int flushedCount() {
        return forgotten + flushed;
    }

    /** Everything up to so many acknowledged writes is in the store, and stays: no state before is possible any more. */
    void keptThrough(final int count) {
        if (count > forgotten) {
            final int kept = count - forgotten;
            base = stateAfter(kept);
            acknowledged.subList(0, kept).clear();
            flushed = Math.max(0, flushed - kept);
            forgotten = count;
        }
    }

    int keptCount() {
        return forgotten;
    }

    long[] now() {
        return stateAfter(acknowledged.size());
    }

    /**
     * Judges what was read from the whole disk after it was opened again: it has to be the state after some number of
     * acknowledged writes, at least {@code least}. A write of many blocks may take several records, so blocks of the one that
     * follows may be there too, or, after all, of those that waited. From then on it is the base.
     */
    void judge(final long[] seen, final int leastCount, final String when) {
        final int least = Math.max(0, leastCount - forgotten);
        for (int count = acknowledged.size(); count >= least; count--) {
            final List<Write> following = List.copyOf(following(count));
            if (matches(seen, stateAfter(count), following)) {
                checkBounds(acknowledged.subList(count, acknowledged.size()), when);
                acknowledged.subList(count, acknowledged.size()).clear();
                acknowledged.add(new Write(0, sectors, 0, seen.clone(), following, 0, null));
                outstanding.clear();
                reads.clear();
                flushed = acknowledged.size();
                return;
            }
        }
        throw new SimulationFailure(when + ": what is on the disk is no state after at least " + least + " of "
                + acknowledged.size() + " acknowledged writes that count; the nearest is " + nearest(seen, least));
    }

    /**
     * Judges what was lost, which was in no object when the last of it was acknowledged. A part of the first may be in the store.
     * What an open found counts as older than any bound when it was not wholly in the store; it is itself no acknowledgement.
     */
    private void checkBounds(final List<Write> unsent, final String when) {
        int count = unsent.size();
        while (count > 0 && unsent.get(count - 1).image != null) {
            count--;
        }
        if (count < 2) {
            return;
        }
        final List<Write> lost = unsent.subList(0, count);
        final VolumeSettings promised = lost.getLast().settings;
        long bytes = 0;
        for (final Write write : lost.subList(1, lost.size())) {
            bytes += write.stamp == 0 ? 0 : (long) write.count * SECTOR;
        }
        if (promised.maxUnsentBytes() > 0 && bytes > promised.maxUnsentBytes()) {
            throw new SimulationFailure(
                    when + ": " + bytes + " bytes are lost, and not at most " + promised.maxUnsentBytes());
        }
        final Write first = lost.getFirst();
        final long ageNs = lost.getLast().acknowledgedNs - first.acknowledgedNs;
        final long maxAgeNs = TimeUnit.MILLISECONDS.toNanos(promised.maxUnsentAgeMs());
        if (maxAgeNs > 0 && (first.image != null || ageNs > maxAgeNs)) {
            throw new SimulationFailure(when + ": a write was acknowledged while the store lacked one of "
                    + (first.image != null ? "before the open" : ageNs + " ns before"));
        }
    }

    /** The write cache is being turned on or off. */
    void beginWriteCache(final boolean isOn) {
        writeCaches.add(isOn);
    }

    /** The oldest change of the write cache that was not durable is now. */
    void acknowledgeWriteCache() {
        writeCaches.remove();
    }

    /** Judges the write cache that an open found: as it was last acknowledged, or as a later change would have it. */
    void judgeWriteCache(final boolean isOn, final boolean isLossy, final String when) {
        if (!isLossy && !writeCaches.contains(isOn)) {
            throw new SimulationFailure(when + ": the write cache is " + isOn + " and not one of " + writeCaches);
        }
        writeCaches.clear();
        writeCaches.add(isOn);
    }

    private String nearest(final long[] seen, final int least) {
        String nearest = "none";
        int fewest = Integer.MAX_VALUE;
        for (int count = acknowledged.size(); count >= least; count--) {
            final long[] state = stateAfter(count);
            int wrong = 0;
            int first = -1;
            for (int at = sectors - 1; at >= 0; at--) {
                if (seen[at] != state[at]) {
                    wrong++;
                    first = at;
                }
            }
            if (wrong < fewest) {
                fewest = wrong;
                nearest = "that after " + count + ", but for " + wrong + " sectors: " + first + " holds " + seen[first]
                        + " and not " + state[first] + "; next " + following(count);
            }
        }
        return nearest;
    }

    private boolean matches(final long[] seen, final long[] state, final List<Write> following) {
        for (int block = 0; block < sectors / BLOCK_SECTORS; block++) {
            final int first = block * BLOCK_SECTORS;
            if (!Arrays.equals(seen, first, first + BLOCK_SECTORS, state, first, first + BLOCK_SECTORS)
                    && !matchesSomeOf(following, seen, state, first)) {
                return false;
            }
        }
        return true;
    }

    private List<Write> following(final int count) {
        if (count == acknowledged.size()) {
            return outstanding;
        }
        final Write next = acknowledged.get(count);
        return Stream.concat(next.steps.stream(), Stream.of(next)).toList();
    }

    /**
     * Whether a block is as some of the writes left it. They were under way together, so any of them may be there, in any order, but
     * none in part. Where too many meet, each sector is judged by itself.
     */
    private static boolean matchesSomeOf(
            final List<Write> writes, final long[] seen, final long[] state, final int first) {
        final List<Write> here = writes.stream()
                .filter(write -> write.sector < first + BLOCK_SECTORS && write.sector + write.count > first)
                .toList();
        final long[] wanted = Arrays.copyOfRange(seen, first, first + BLOCK_SECTORS);
        final long[] block = Arrays.copyOfRange(state, first, first + BLOCK_SECTORS);
        return here.size() <= MAX_ORDERED
                ? canBecome(wanted, block, first, here)
                : IntStream.range(0, BLOCK_SECTORS)
                        .allMatch(i -> wanted[i] == block[i]
                                || here.stream()
                                        .anyMatch(write ->
                                                write.covers(first + i) && write.stampAt(first + i) == wanted[i]));
    }

    private static boolean canBecome(
            final long[] wanted, final long[] block, final int first, final List<Write> writes) {
        if (Arrays.equals(wanted, block)) {
            return true;
        }
        for (final Write write : writes) {
            final long[] next = block.clone();
            for (int i = 0; i < BLOCK_SECTORS; i++) {
                next[i] = write.covers(first + i) ? write.stampAt(first + i) : block[i];
            }
            if (canBecome(
                    wanted,
                    next,
                    first,
                    writes.stream().filter(other -> other != write).toList())) {
                return true;
            }
        }
        return false;
    }

    private long[] stateAfter(final int count) {
        final long[] state = base.clone();
        for (final Write write : acknowledged.subList(0, count)) {
            write.applyTo(state);
        }
        return state;
    }
}
