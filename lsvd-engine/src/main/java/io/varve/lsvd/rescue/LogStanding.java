package io.varve.lsvd.rescue;

import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.format.Superblock.EpochClaim;
import io.varve.lsvd.format.Superblock.Tail;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import java.io.IOException;
import java.util.List;

/**
 * How a local log stands to its volume's history in the store.
 *
 * @param isSuperseded  whether someone else has opened the volume since, so that the log is never replayed.
 * @param epoch         the newest epoch that its owner has begun, or -1 when it has begun none.
 * @param storedEnd     where its first record stands that the store does not hold with all before it; of position 0 when only its
 *                      sequence is known.
 */
public record LogStanding(boolean isSuperseded, long epoch, Tail storedEnd) {
    /**
     * Where the records begin that the store may lack: where its objects end, when they were made of this log behind its tail and say
     * where. Damage to what the store holds does not matter then.
     *
     * @param storedEnd where the store's objects end.
     */
    public static Tail firstUnsent(final Superblock log, final Tail storedEnd) {
        final Tail tail = log.tail();
        final boolean isBehindTail = storedEnd.position() > 0
                && storedEnd.sequence() > tail.sequence()
                && storedEnd.position() >= tail.position()
                && storedEnd.position() <= tail.position() + log.areaLength();
        return isBehindTail ? storedEnd : tail;
    }

    /** The standing of a log. */
    public static LogStanding of(final HistoryReader reader, final List<EpochClaim> claims) throws IOException {
        final EpochRecord newest = reader.newestEpoch();
        final EpochRecord last = lastOf(reader, claims, newest);
        final boolean isSuperseded =
                last != null && last.epoch() != newest.epoch() || !isCurrent(reader, claims, newest);
        if (last == null) {
            // Either it holds no record, or the store has lost the epochs of those that it holds.
            return new LogStanding(isSuperseded, -1, new Tail(0, LogRecord.FIRST_SEQUENCE, 0));
        }
        if (last.epoch() < newest.epoch()) {
            return new LogStanding(
                    isSuperseded, last.epoch(), reader.coveredBy(last.epoch()).logEnd());
        }
        try (History history = reader.read()) {
            return new LogStanding(isSuperseded, last.epoch(), history.covered().logEnd());
        }
    }

    /**
     * Whether every epoch since a log's own was begun by the log's owner: only then may it be replayed.
     *
     * @param claims of the log, oldest first.
     */
    public static boolean isCurrent(final HistoryReader reader, final List<EpochClaim> claims, final EpochRecord newest)
            throws IOException {
        if (claims.isEmpty() || claims.getFirst().epoch() > newest.epoch()) {
            return false;
        }
        for (long number = claims.getFirst().epoch(); number <= newest.epoch(); number++) {
            final EpochRecord record = number == newest.epoch() ? newest : reader.epoch(number);
            if (!claims.contains(new EpochClaim(number, record.claim()))) {
                return false;
            }
        }
        return true;
    }

    /**
     * The newest epoch that a log's owner has begun, or null when it has begun none.
     *
     * @param claims of the log, oldest first; of epochs that others have begun instead, too.
     */
    public static EpochRecord lastOf(
            final HistoryReader reader, final List<EpochClaim> claims, final EpochRecord newest) throws IOException {
        for (final EpochClaim claim : claims.reversed()) {
            if (claim.epoch() <= newest.epoch()) {
                final EpochRecord record = claim.epoch() == newest.epoch() ? newest : reader.epoch(claim.epoch());
                if (record.claim().equals(claim.nonce())) {
                    return record;
                }
            }
        }
        return null;
    }
}
