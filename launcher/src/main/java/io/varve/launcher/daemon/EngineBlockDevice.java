package io.varve.launcher.daemon;

import io.varve.block.BlockDevice;
import io.varve.block.Changes;
import io.varve.block.Extents;
import io.varve.launcher.metrics.RequestCounters;
import io.varve.launcher.metrics.RequestType;
import io.varve.linux.IoVec;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCompletion;
import io.varve.lsvd.map.MappedParts;
import java.util.Arrays;
import java.util.function.Function;

/**
 * A volume of the engine as the block device of an export. This is where the two sides of Varve meet: neither knows the other.
 * Their statuses are the same numbers.
 *
 * <p>An export brings the same few completions with all its requests (one for each queue), so their counterparts are kept, and
 * the data path allocates nothing. How many are kept is bounded; past that, all are forgotten and made again.
 */
final class EngineBlockDevice implements BlockDevice {
    /** Preferred unit of I/O in bytes: the engine's block. */
    private static final int BLOCK_SIZE = 4096;

    private static final int SERIAL_LENGTH = 20;

    /** Slots of the table of completions, a power of two; half of them are used: as many as a session can have queues. */
    private static final int SLOTS = 512;

    private final Possession possession;
    private final RequestCounters counters;
    private final boolean isShared;
    private final Function<String, Changes> changes;
    private final String serial;
    private final Completion[] completions = new Completion[SLOTS];
    private final VolumeCompletion[] counterparts = new VolumeCompletion[SLOTS];
    private int kept;
    private final MappedParts.Listener toAnswer = this::answer;
    private Extents answered;
    private Volume volume;
    private boolean isAsked;
    private boolean isServed;

    /**
     * Makes the view that one export has of a volume.
     *
     * @param isShared whether the sessions of other exports know of this one's writes, and agree with it on where each writes.
     * @param changes  finds out what has changed since an earlier state, as {@link #changesSince} has it.
     */
    EngineBlockDevice(
            final Possession possession,
            final RequestCounters counters,
            final boolean isShared,
            final Function<String, Changes> changes) {
        this.possession = possession;
        this.changes = changes;
        this.isShared = isShared;
        this.counters = counters;
        this.serial = possession.uuid().toString().replace("-", "").substring(0, SERIAL_LENGTH);
    }

    /** The volume to give requests to has been taken, is let go, or is another one now. */
    void volume(final Volume newVolume) {
        volume = newVolume;
        isAsked = false;
        isServed = false;
    }

    /** The volume, once it has answered a request, and else null; also for a lane that rings are lent to. */
    Volume served() {
        return isServed ? volume : null;
    }

    @Override
    public boolean isReady() {
        return volume != null && possession.isReady();
    }

    @Override
    public boolean hasRoom(final int requests) {
        return volume == null || volume.hasRoom(requests);
    }

    @Override
    public boolean mayRepeat() {
        return (isAsked || volume.isContinued()) && (isShared || possession.isLastWriter(this));
    }

    @Override
    public long capacity() {
        return possession.sizeBytes();
    }

    @Override
    public int preferredBlockSize() {
        return BLOCK_SIZE;
    }

    @Override
    public boolean isReadOnly() {
        return volume != null && volume.isReadOnly();
    }

    @Override
    public String serial() {
        return serial;
    }

    @Override
    public void read(final long offset, final IoVec buffers, final Completion completion, final long token) {
        begin(RequestType.READ, buffers.totalLength(), completion, token);
        volume.read(offset, buffers, counterpart(completion), token);
    }

    @Override
    public void write(
            final long offset,
            final IoVec buffers,
            final boolean durable,
            final Completion completion,
            final long token) {
        possession.onWrite(this);
        begin(RequestType.WRITE, buffers.totalLength(), completion, token);
        volume.write(offset, buffers, durable, counterpart(completion), token);
    }

    @Override
    public void flush(final Completion completion, final long token) {
        begin(RequestType.FLUSH, 0, completion, token);
        volume.flush(counterpart(completion), token);
    }

    @Override
    public void discard(
            final long offset,
            final long length,
            final boolean durable,
            final Completion completion,
            final long token) {
        possession.onWrite(this);
        begin(RequestType.DISCARD, length, completion, token);
        volume.discard(offset, length, durable, counterpart(completion), token);
    }

    /** The engine keeps no space for zeros, so both ways are one. */
    @Override
    public void writeZeroes(
            final long offset,
            final long length,
            final boolean mayUnmap,
            final boolean durable,
            final Completion completion,
            final long token) {
        possession.onWrite(this);
        begin(RequestType.WRITE_ZEROES, length, completion, token);
        volume.discard(offset, length, durable, counterpart(completion), token);
    }

    @Override
    public void extents(
            final long offset, final long length, final Extents answer, final Completion completion, final long token) {
        answer.clear();
        answered = answer;
        final int status = volume.parts(offset, length, toAnswer);
        answered = null;
        completion.onComplete(token, status);
    }

    @Override
    public Changes changesSince(final String earlier) {
        return changes.apply(earlier);
    }

    @Override
    public void cancel(final Completion completion) {
        if (volume != null) {
            volume.cancel(each -> each instanceof final Counterpart counterpart && counterpart.of == completion);
        }
    }

    @Override
    public String waitsFor() {
        if (volume != null) {
            return volume.waitsFor();
        }
        return possession.trouble() == null ? possession.waitsFor() : possession.trouble();
    }

    private void begin(final RequestType type, final long length, final Completion completion, final long token) {
        counters.onBegin(type, length, completion, token);
        if (!isAsked) {
            isAsked = true;
            possession.onAsked();
        }
    }

    private boolean answer(final long length, final boolean isMapped) {
        return answered.add(length, isMapped);
    }

    /** Forgets the completions of a session that has ended. */
    void forgetCompletions() {
        Arrays.fill(completions, null);
        Arrays.fill(counterparts, null);
        kept = 0;
        counters.onSessionClosed();
    }

    private VolumeCompletion counterpart(final Completion completion) {
        int slot = System.identityHashCode(completion) & SLOTS - 1;
        while (completions[slot] != completion) {
            if (completions[slot] == null) {
                return keep(completion, slot);
            }
            slot = slot + 1 & SLOTS - 1;
        }
        return counterparts[slot];
    }

    private VolumeCompletion keep(final Completion completion, final int slot) {
        if (kept == SLOTS / 2) {
            forgetCompletions();
        }
        kept++;
        completions[slot] = completion;
        counterparts[slot] = new Counterpart(completion);
        return counterparts[slot];
    }

    /** What the volume tells for a completion of the export. */
    private final class Counterpart implements VolumeCompletion {
        private final Completion of;

        Counterpart(final Completion of) {
            this.of = of;
        }

        @Override
        public void onComplete(final long token, final int status) {
            counters.onEnd(of, token, status != OK);
            if (!isServed) {
                isServed = true;
                possession.onServed();
            }
            of.onComplete(token, status);
        }
    }
}
