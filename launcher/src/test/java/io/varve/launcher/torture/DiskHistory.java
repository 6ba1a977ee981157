package io.varve.launcher.torture;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a client has done to a disk, and which contents that allows. A clock counts submissions and completions. One thread.
 *
 * <p>An operation comes before another in the log if it completed before the other was submitted. So what is read back is the
 * state at some cut of the log exactly if there is a time at which every sector may hold what it holds: not before the
 * submission of the operation that wrote it, and not after the completion of the next one there. Operations on the same
 * sector are never in flight together.
 */
public final class DiskHistory {
    /** Bytes of a sector. */
    public static final int SECTOR_SIZE = 512;

    /** Sectors of a block, which is never torn. */
    static final int BLOCK_SECTORS = 8;

    /** Seen in place of a stamp where the read failed. */
    static final long UNREADABLE = -1;

    private final long[] base;
    private final List<List<Operation>> bySector = new ArrayList<>();
    private final List<Operation> operations = new ArrayList<>();
    private long clock = 1;
    private long nextStamp = 1;

    /** A disk of zeros. */
    public DiskHistory(final int sectors) {
        this(new long[sectors], 1);
    }

    private DiskHistory(final long[] base, final long nextStamp) {
        this.base = base;
        this.nextStamp = nextStamp;
        for (int i = 0; i < base.length; i++) {
            bySector.add(new ArrayList<>(0));
        }
    }

    /** Another history that begins with contents of this disk; no stamp of it is one of this history, or stands there already. */
    public DiskHistory fork(final long[] seen) {
        long newest = nextStamp;
        for (final long stamp : seen) {
            newest = Math.max(newest, stamp);
        }
        return new DiskHistory(seen.clone(), newest + (1L << 40));
    }

    /** Number of sectors. */
    public int sectors() {
        return base.length;
    }

    /** Writes all of it down, for another process. */
    public void save(final DataOutput out) throws IOException {
        out.writeInt(base.length);
        for (final long stamp : base) {
            out.writeLong(stamp);
        }
        out.writeLong(nextStamp);
        out.writeLong(clock);
        out.writeInt(operations.size());
        for (final Operation operation : operations) {
            operation.save(out);
        }
    }

    /** Reads what {@link #save} has written. */
    public static DiskHistory load(final DataInput in) throws IOException {
        final long[] base = new long[in.readInt()];
        for (int i = 0; i < base.length; i++) {
            base[i] = in.readLong();
        }
        final DiskHistory history = new DiskHistory(base, in.readLong());
        history.clock = in.readLong();
        for (int left = in.readInt(); left > 0; left--) {
            history.add(Operation.load(in));
        }
        return history;
    }

    /** The clock: everything completed so far has completed before, everything submitted later is submitted after. */
    public long now() {
        return clock++;
    }

    /** Number of operations since the last judgement. */
    public int operationCount() {
        return operations.size();
    }

    /** A write is on its way now. */
    public Operation submitWrite(final int sector, final int count) {
        return submit(nextStamp++, sector, count);
    }

    Operation submitTrim(final int sector, final int count) {
        return submit(0, sector, count);
    }

    private Operation submit(final long stamp, final int sector, final int count) {
        return add(new Operation(stamp, sector, count, clock++));
    }

    private Operation add(final Operation operation) {
        operations.add(operation);
        for (int at = operation.sector(); at < operation.sector() + operation.count(); at++) {
            bySector.get(at).add(operation);
        }
        return operation;
    }

    /** An operation has come back now. */
    public void complete(final Operation operation) {
        operation.complete(clock++);
    }

    /** What a sector holds when nothing there is in flight. */
    long latest(final int sector) {
        final List<Operation> there = bySector.get(sector);
        return there.isEmpty() ? base[sector] : there.getLast().stamp();
    }

    /** The earliest cut that leaves out at most so many bytes of data, whatever the order of what was concurrent. */
    long cutWithin(final long bytes) {
        long sum = 0;
        for (int i = operations.size() - 1; i >= 0; i--) {
            final Operation operation = operations.get(i);
            sum += operation.isTrim() ? 0 : (long) operation.count() * SECTOR_SIZE;
            if (sum > bytes) {
                return operation.submitted();
            }
        }
        return 0;
    }

    /**
     * Judges the contents of the whole disk, and takes them as the new beginning.
     *
     * @param least as with {@link #check}.
     * @return number of operations that are not, or not wholly, there.
     * @throws AssertionError when this is no state of the disk, or too old a one.
     */
    int judge(final long[] seen, final long least, final String when) {
        final int missing = check(seen, least, when);
        System.arraycopy(seen, 0, base, 0, base.length);
        bySector.forEach(List::clear);
        operations.clear();
        clock = 1;
        return missing;
    }

    /**
     * Judges the contents of the whole disk. Sectors that are {@link #UNREADABLE} may hold anything.
     *
     * @param least earliest time that the contents may be of: at {@link #now()}, nothing that completed may be missing.
     * @return number of operations that are not, or not wholly, there.
     * @throws AssertionError when this is no state of the disk, or too old a one.
     */
    public int check(final long[] seen, final long least, final String when) {
        final int[] changes = new int[(int) clock + 2];
        int readable = 0;
        for (int sector = 0; sector < base.length; sector++) {
            if (seen[sector] != UNREADABLE) {
                readable++;
                addPossibleTimes(sector, seen[sector], changes, when);
            }
        }
        long cut = -1;
        int possible = 0;
        for (int time = 0; time <= clock; time++) {
            possible += changes[time];
            if (possible == readable) {
                cut = time;
            }
        }
        if (cut < least) {
            throw new AssertionError(when + (cut < 0 ? ": no cut of the history" : ": too old, cut at " + cut)
                    + ", should be at " + least + " or later of " + clock + "; " + conflict(seen, least));
        }
        return checkTorn(seen, when);
    }

    private void addPossibleTimes(final int sector, final long stamp, final int[] changes, final String when) {
        final List<Operation> there = bySector.get(sector);
        int free = 0;
        boolean isKnown = false;
        for (int i = -1; i < there.size(); i++) {
            if (stampAt(sector, i) != stamp) {
                continue;
            }
            isKnown = true;
            final int from = Math.max(free, i < 0 ? 0 : (int) there.get(i).submitted());
            final int to = (int) Math.min(clock, endOf(sector, i));
            if (from <= to) {
                changes[from]++;
                changes[to + 1]--;
                free = to + 1;
            }
        }
        if (!isKnown) {
            throw new AssertionError(when + ": sector " + sector + " holds " + stamp + ", which is none of "
                    + base[sector] + " and " + there);
        }
    }

    private long stampAt(final int sector, final int index) {
        return index < 0 ? base[sector] : bySector.get(sector).get(index).stamp();
    }

    private long endOf(final int sector, final int index) {
        final List<Operation> there = bySector.get(sector);
        return index + 1 < there.size() ? there.get(index + 1).completed() : Operation.NEVER;
    }

    /** Only one operation can lie across a cut of the log, and no block of it is torn. */
    private int checkTorn(final long[] seen, final String when) {
        Operation torn = null;
        int missing = 0;
        for (final Operation operation : operations) {
            int in = 0;
            int out = 0;
            int tornBlocks = 0;
            int previous = 0;
            for (int at = operation.sector(); at < operation.sector() + operation.count(); at++) {
                final int presence = operation.isTrim() ? 0 : presence(operation, at, seen[at]);
                in += presence > 0 ? 1 : 0;
                out += presence < 0 ? 1 : 0;
                final boolean isSameBlock = at > operation.sector() && at % BLOCK_SECTORS != 0;
                tornBlocks += isSameBlock && presence * previous < 0 ? 1 : 0;
                previous = presence;
            }
            missing += out > 0 ? 1 : 0;
            if (tornBlocks > 0) {
                throw new AssertionError(when + ": a block is torn: " + operation);
            }
            if (in > 0 && out > 0) {
                if (torn != null) {
                    throw new AssertionError(when + ": two operations are there in part: " + torn + "; " + operation);
                }
                torn = operation;
            }
        }
        return missing;
    }

    /** 1 when a sector holds what the write wrote, -1 when it holds what was before, 0 when that cannot be told. */
    private int presence(final Operation write, final int sector, final long stamp) {
        if (stamp == write.stamp()) {
            return 1;
        }
        final List<Operation> there = bySector.get(sector);
        for (int i = there.size() - 1; there.get(i) != write; i--) {
            if (there.get(i).stamp() == stamp) {
                return 0;
            }
        }
        return stamp == UNREADABLE ? 0 : -1;
    }

    private String conflict(final long[] seen, final long least) {
        Operation newest = null;
        Operation missing = null;
        int missingAt = -1;
        for (int sector = 0; sector < base.length; sector++) {
            final List<Operation> there = bySector.get(sector);
            int first = -1;
            int last = there.size() - 1;
            while (first < there.size() - 1 && stampAt(sector, first) != seen[sector]) {
                first++;
            }
            while (last >= 0 && there.get(last).stamp() != seen[sector]) {
                last--;
            }
            if (seen[sector] == UNREADABLE) {
                continue;
            }
            if (first >= 0 && (newest == null || there.get(first).submitted() > newest.submitted())) {
                newest = there.get(first);
            }
            if (last + 1 < there.size()
                    && (missing == null || there.get(last + 1).completed() < missing.completed())) {
                missing = there.get(last + 1);
                missingAt = sector;
            }
        }
        return "newest there: " + newest + "; oldest missing, at sector " + missingAt + ": " + missing
                + (missing != null && missing.completed() < least ? ", which may not be missing" : "");
    }
}
