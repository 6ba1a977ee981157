package io.varve.testvms.powercut;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * One way in which the power may have gone: everything up to a flush is on the disk, and of what was written after
 * it, up to some entry, anything may be. All of it follows from the recording and the number.
 *
 * @param number   of all cuts of the recording ({@link CutNumbers}).
 * @param boundary up to which flush everything is there.
 * @param end      the entry behind the last one that was done.
 * @param kept     what is there of those in between.
 */
record Cut(int number, int boundary, int end, List<Piece> kept) {
    /** Bytes that a disk writes wholly or not at all: file systems count on as much for their own superblocks. */
    private static final int UNIT = 4096;

    /** How many ways there are to choose. */
    private static final int WAYS = 5;

    /** A part of a write. */
    record Piece(WriteLog.Entry entry, long from, long length) {
        static Piece all(final WriteLog.Entry entry) {
            return new Piece(entry, 0, entry.length());
        }
    }

    /**
     * The cut of a number.
     *
     * @param number  of the recording's {@link CutNumbers}.
     * @param ignored how many flushes the disk has ignored at the end, although it said otherwise: 0, but to see that
     *                it is found.
     */
    static Cut of(final Recording recording, final int number, final int ignored) {
        final int interval = recording.numbers().interval(number);
        final int boundary = Math.max(0, interval - ignored);
        final int start = recording.boundary(interval);
        final int intervalEnd = recording.intervalEnd(interval);
        switch (recording.numbers().kind(number)) {
            case AT_FLUSH -> {
                return new Cut(number, boundary, start, List.of());
            }
            case BEHIND_MARK -> {
                final int end = recording.behindMark(start, intervalEnd);
                final List<Piece> kept = open(recording, boundary, end).stream()
                        .filter(WriteLog.Entry::isDurable)
                        .map(Piece::all)
                        .toList();
                return new Cut(number, boundary, end, kept);
            }
            case ANYWHERE -> {
                final Random random = new Random(recording.seed() * 1_000_003 + number);
                // Two of the kind are near each other without this.
                random.nextInt();
                int end = start + (intervalEnd == start ? 0 : 1 + random.nextInt(intervalEnd - start));
                if (random.nextBoolean()) {
                    // Where the client has just been told something there is most to be lost.
                    end = recording.behindMark(start, end);
                }
                return new Cut(number, boundary, end, choose(open(recording, boundary, end), random));
            }
        }
        throw new IllegalArgumentException("no cut " + number);
    }

    /** What was written behind a flush, up to an entry. */
    private static List<WriteLog.Entry> open(final Recording recording, final int boundary, final int end) {
        return recording.log().entries().subList(recording.boundary(boundary), end).stream()
                .filter(entry -> !entry.isFlush() && !recording.isMark(entry))
                .toList();
    }

    private static List<Piece> choose(final List<WriteLog.Entry> open, final Random random) {
        final int way = random.nextInt(WAYS);
        final double share = random.nextDouble();
        final int one = open.isEmpty() ? 0 : random.nextInt(open.size());
        final boolean hasTorn = random.nextBoolean();
        final List<Piece> kept = new ArrayList<>();
        for (int i = 0; i < open.size(); i++) {
            final WriteLog.Entry entry = open.get(i);
            final boolean isKept = switch (way) {
                case 0 -> random.nextDouble() < share;
                case 1 -> i <= one;
                case 2 -> i != one;
                default -> i == one;
            };
            if (isKept && hasTorn && i == one && !entry.isDurable()) {
                addTorn(entry, random, kept);
            } else if (isKept || entry.isDurable()) {
                kept.add(Piece.all(entry));
            }
        }
        return kept;
    }

    /** A write during which the power goes: the beginning of it, or any blocks of the disk. */
    private static void addTorn(final WriteLog.Entry entry, final Random random, final List<Piece> kept) {
        final boolean isBeginning = random.nextBoolean();
        final long left = (long) (random.nextDouble() * (entry.length() + UNIT));
        for (long from = 0; from < entry.length(); ) {
            final long rest = UNIT - (entry.offset() + from) % UNIT;
            final long length = Math.min(rest, entry.length() - from);
            if (isBeginning ? from + length <= left : random.nextBoolean()) {
                kept.add(new Piece(entry, from, length));
            }
            from += length;
        }
    }

    @Override
    public String toString() {
        return "cut " + number + ": all up to flush " + boundary + ", and " + kept.size()
                + " pieces of what was written after it, up to entry " + end;
    }
}
