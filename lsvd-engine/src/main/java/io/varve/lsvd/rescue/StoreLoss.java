package io.varve.lsvd.rescue;

import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.format.Superblock.Seen;
import io.varve.lsvd.history.Epochs;
import io.varve.lsvd.history.History;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.history.Missing;
import io.varve.lsvd.store.Keys;
import java.io.IOException;
import java.util.UUID;

/**
 * What a store has lost of what the log on this host knows it to have held: a bucket that was put back to an older state, a
 * lifecycle rule, a lost disk.
 *
 * @param what          is missing, for people.
 * @param firstRecord   first log record that neither the store nor the log has any more.
 * @param lastRecord    last such record; less than the first when there is none.
 */
public record StoreLoss(String what, long firstRecord, long lastRecord) {
    /**
     * Compares what a log's superblock knows with a history that was read afterwards.
     *
     * @return null when nothing is missing.
     */
    public static StoreLoss find(final HistoryReader reader, final Superblock known, final History history)
            throws IOException {
        final Seen seen = known.seen();
        if (!seen.isKnown()) {
            return null;
        }
        final String what = missing(reader, known.volume(), seen, history);
        return what == null
                ? null
                : new StoreLoss(
                        what,
                        history.lastRecord() + 1,
                        Math.min(seen.lastRecord(), known.tail().sequence() - 1));
    }

    /** Whether records are lost, so that what the log still has does not follow what the store has. */
    public boolean isLogCutOff() {
        return lastRecord >= firstRecord;
    }

    /** In one line, behind the volume's name. */
    @Override
    public String toString() {
        return "the store has lost what it held: " + what + " missing"
                + (isLogCutOff() ? ", and with that log records " + firstRecord + " to " + lastRecord : "");
    }

    private static String missing(final HistoryReader reader, final UUID volume, final Seen seen, final History history)
            throws IOException {
        final EpochRecord newest = history.newest();
        if (seen.epoch() > newest.epoch()) {
            return "epoch " + (newest.epoch() + 1)
                    + (seen.epoch() > newest.epoch() + 1 ? " and all up to " + seen.epoch() : "") + ", whose record is "
                    + Keys.epoch(volume, newest.epoch() + 1) + ", is";
        }
        if (!epoch(reader, volume, history, seen.epoch()).nonce().equals(seen.nonce())) {
            return "epoch " + seen.epoch() + ", in place of which "
                    + reader.epoch(seen.epoch()).openedBy() + " has begun another, is";
        }
        final long last = seen.epoch() == newest.epoch()
                ? history.lastSequence()
                : epoch(reader, volume, history, seen.epoch() + 1).firstSequence() - 1;
        return seen.sequence() <= last
                ? null
                : Missing.of(reader.present(seen.epoch()), last + 1, seen.sequence())
                                .describe(volume, seen.epoch()) + " are";
    }

    /** An epoch as the history knows it, or, where that has no object of it any more, as its record says. */
    private static Epochs.Entry epoch(
            final HistoryReader reader, final UUID volume, final History history, final long epoch) throws IOException {
        for (int i = history.epochs().count() - 1; i >= 0; i--) {
            final Epochs.Entry entry = history.epochs().get(i);
            if (entry.epoch() == epoch && entry.volume().equals(volume)) {
                return entry;
            }
        }
        final EpochRecord record = reader.epoch(epoch);
        return new Epochs.Entry(volume, epoch, record.firstSequence(), record.nonce());
    }
}
