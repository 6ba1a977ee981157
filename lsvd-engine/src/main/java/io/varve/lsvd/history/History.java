package io.varve.lsvd.history;

import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.EpochRecord;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.map.ExtentMap;
import java.util.UUID;

/**
 * A volume as its objects tell it, up to the seal of its newest epoch or the first gap.
 *
 * @param newest        record of the newest epoch.
 * @param epochs        all epochs that objects of the map belong to, the newest included.
 * @param map           the extent map; whoever takes the history owns it.
 * @param nextSequence  sequence of the seal, or of the first object that is missing.
 * @param sealedBy      nonce of whoever sealed the newest epoch, or null when it is not sealed.
 * @param covered       what the objects cover.
 * @param checkpoints   the newest checkpoint.
 * @param changes       what has changed since; whoever takes the history owns it.
 * @param objects       the volume's own objects; their live blocks are not counted yet.
 * @param snapshot      that the volume is as of the newest checkpoint, which is its own; or null.
 */
public record History(
        EpochRecord newest,
        Epochs epochs,
        ExtentMap map,
        long nextSequence,
        UUID sealedBy,
        Covered covered,
        CheckpointChain checkpoints,
        MapChanges changes,
        ObjectTable objects,
        SnapshotRecord snapshot)
        implements AutoCloseable {
    /** Whether whoever opened the newest epoch has ended it, so that all of it is in the store. */
    public boolean isClosedByOwner() {
        return newest.nonce().equals(sealedBy);
    }

    /** The same history, of which nothing has changed but that its newest epoch has been sealed where it ended. */
    public History withSeal(final UUID nonce) {
        return new History(newest, epochs, map, nextSequence, nonce, covered, checkpoints, changes, objects, snapshot);
    }

    /** The same history with one more object behind it. */
    History with(final Covered newCovered) {
        return new History(
                newest, epochs, map, nextSequence + 1, null, newCovered, checkpoints, changes, objects, snapshot);
    }

    /** The same history, of which the last object was a checkpoint. */
    History with(final CheckpointReader.Step step) {
        return new History(
                newest,
                step.epochs(),
                map,
                nextSequence,
                null,
                covered,
                step.chain(),
                changes,
                step.objects(),
                step.snapshot());
    }

    /** The history goes on in the next epoch. */
    History in(final EpochRecord next, final Epochs.Entry entry) {
        return new History(
                next,
                epochs.with(entry),
                map,
                next.firstSequence(),
                null,
                Covered.through(next.lastRecord(), next.settings().writeCache()),
                checkpoints,
                changes,
                objects,
                snapshot);
    }

    /** What it says that the store holds, for the superblock of a log. */
    public Superblock.Seen seen() {
        return new Superblock.Seen(newest.epoch(), newest.nonce(), lastSequence(), lastRecord());
    }

    /** Sequence of the last object, or of the seal, that is there with all before it. */
    public long lastSequence() {
        return sealedBy == null ? nextSequence - 1 : nextSequence;
    }

    /** Last log record covered. */
    public long lastRecord() {
        return covered.lastRecord();
    }

    /** Frees map and changes. */
    @Override
    public void close() {
        map.close();
        changes.close();
    }
}
