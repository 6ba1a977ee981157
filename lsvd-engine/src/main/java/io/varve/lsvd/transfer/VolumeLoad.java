package io.varve.lsvd.transfer;

import io.varve.linux.IoRing;
import io.varve.linux.IoVec;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCompletion;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.StoreException;
import io.varve.lsvd.transfer.ChangeSource.Change;
import io.varve.lsvd.transfer.ChangeSource.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.BooleanSupplier;

/**
 * Writes changes to an open volume, in order, {@value #SLOTS} of at most {@value #SLOT_BYTES} bytes on their way at a time: a
 * thread of its own reads them from their source, and the caller's drives the volume.
 */
public final class VolumeLoad {
    /** Greatest length of the data of one change, in bytes. */
    public static final int SLOT_BYTES = 1 << 20;

    private static final int SLOTS = 32;
    private static final long MAX_SLEEP_NS = 10_000_000;

    /** Discards are cut into such pieces, in bytes. */
    private static final long MAX_DISCARD = 64L << 30;

    private final Volume volume;
    private final IoRing ring;
    private final Cancellation cancellation;
    private final Listener listener;
    private final boolean skipsZeros;
    private final long patienceNs;
    private final BlockingQueue<Slot> free = new ArrayBlockingQueue<>(SLOTS);
    private final BlockingQueue<Slot> full = new ArrayBlockingQueue<>(SLOTS + 1);
    private final MemorySegment zeros = Arena.ofAuto().allocate(Blocks.SIZE, Blocks.SIZE);
    private final Slot[] slots = new Slot[SLOTS];
    private long written;
    private int underWay;
    private boolean hasFailed;
    private long troubledSinceNs;
    private volatile IOException sourceFailure;
    private volatile boolean isSourceDone;

    /** Is told how far it has come, on the thread that drives the volume. */
    @FunctionalInterface
    public interface Listener {
        /** So many bytes have been written in all. */
        void onProgress(long bytes);
    }

    /** Memory for one change, and what is still under way of it. */
    private static final class Slot {
        private final int index;
        private final MemorySegment memory;
        private Change change;
        private int requests;

        Slot(final int index, final MemorySegment memory) {
            this.index = index;
            this.memory = memory;
        }
    }

    /**
     * Makes a load.
     *
     * @param skipsZeros whether blocks of zeros are not written: right for a volume that is new.
     * @param patienceNs how long a store that takes nothing is waited for, in nanoseconds.
     */
    public VolumeLoad(
            final Volume volume,
            final IoRing ring,
            final boolean skipsZeros,
            final long patienceNs,
            final Cancellation cancellation,
            final Listener listener) {
        this.volume = volume;
        this.ring = ring;
        this.skipsZeros = skipsZeros;
        this.patienceNs = patienceNs;
        this.cancellation = cancellation;
        this.listener = listener;
    }

    /**
     * Writes all changes and waits until they are in the store. To be called once.
     *
     * @return bytes written.
     * @throws IOException what the source has thrown, or when the volume can't be written.
     */
    public long run(final ChangeSource source) throws IOException {
        final Arena arena = Arena.ofAuto();
        for (int i = 0; i < SLOTS; i++) {
            slots[i] = new Slot(i, arena.allocate(SLOT_BYTES, Blocks.SIZE));
            free.add(slots[i]);
        }
        final Thread reader = new Thread(() -> read(source), "varve-load");
        reader.setDaemon(true);
        reader.start();
        try {
            drive(() -> {
                submit();
                return isSourceDone && full.isEmpty() && underWay == 0;
            });
        } finally {
            reader.interrupt();
        }
        if (sourceFailure != null) {
            throw sourceFailure;
        }
        awaitStored();
        return written;
    }

    /** Waits until everything that was acknowledged is in the store. */
    public void awaitStored() throws IOException {
        drive(volume::isStored);
    }

    /** Discards what is behind an offset, and waits until that is in the store. */
    public void discardBehind(final long offset) throws IOException {
        for (long at = offset; at < volume.sizeBytes(); at += MAX_DISCARD) {
            final boolean[] isDone = new boolean[1];
            volume.discard(
                    at,
                    Math.min(MAX_DISCARD, volume.sizeBytes() - at),
                    true,
                    (token, status) -> {
                        hasFailed |= status != VolumeCompletion.OK;
                        isDone[0] = true;
                    },
                    0);
            drive(() -> isDone[0]);
        }
        awaitStored();
    }

    /** Shuts the volume down, with everything in the store and its epoch sealed. */
    public void shutDown() throws IOException {
        volume.shutdown();
        drive(volume::isShutDown);
    }

    private void read(final ChangeSource source) {
        try {
            while (true) {
                final Slot slot = free.take();
                slot.change = source.next(slot.memory);
                if (slot.change == null) {
                    break;
                }
                full.add(slot);
                ring.wakeUp();
            }
        } catch (final IOException e) {
            sourceFailure = e;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (final RuntimeException e) {
            sourceFailure = new IOException(e);
        }
        isSourceDone = true;
        ring.wakeUp();
    }

    private void submit() {
        for (Slot slot = full.poll(); slot != null; slot = full.poll()) {
            underWay++;
            slot.requests = 1;
            if (slot.change.kind() == Kind.DISCARD) {
                discard(slot);
            } else {
                write(slot);
            }
            onDone(slot.index, VolumeCompletion.OK);
        }
    }

    private void discard(final Slot slot) {
        final Change change = slot.change;
        for (long done = 0; done < change.length(); done += MAX_DISCARD) {
            slot.requests++;
            volume.discard(
                    change.offset() + done,
                    Math.min(MAX_DISCARD, change.length() - done),
                    false,
                    this::onDone,
                    slot.index);
        }
    }

    private void write(final Slot slot) {
        final Change change = slot.change;
        long at = 0;
        while (at < change.length()) {
            final boolean isZero = isZero(slot.memory, at);
            long end = at + Blocks.SIZE;
            while (end < change.length() && isZero(slot.memory, end) == isZero) {
                end += Blocks.SIZE;
            }
            if (!isZero) {
                final IoVec vector = new IoVec();
                vector.add(slot.memory.address() + at, (int) (end - at));
                slot.requests++;
                written += end - at;
                volume.write(change.offset() + at, vector, false, this::onDone, slot.index);
            }
            at = end;
        }
    }

    private boolean isZero(final MemorySegment memory, final long at) {
        return skipsZeros && MemorySegment.mismatch(memory, at, at + Blocks.SIZE, zeros, 0, Blocks.SIZE) < 0;
    }

    private void onDone(final long token, final int status) {
        hasFailed |= status != VolumeCompletion.OK;
        final Slot slot = slots[(int) token];
        if (--slot.requests == 0) {
            underWay--;
            free.add(slot);
        }
    }

    private void drive(final BooleanSupplier isDone) throws IOException {
        while (!isDone.getAsBoolean()) {
            if (volume.doWork() + ring.turn(0) == 0) {
                ring.turn(Math.min(volume.maxIdleNs(), MAX_SLEEP_NS));
            }
            cancellation.check();
            if (volume.failure() != null || hasFailed) {
                throw new StoreException(
                        volume.failure() != null ? volume.failure() : "the volume has refused to be written");
            }
            checkStore();
            listener.onProgress(written);
        }
    }

    private void checkStore() throws StoreException {
        final String trouble = volume.stats().storeTrouble();
        if (trouble == null) {
            troubledSinceNs = 0;
        } else if (troubledSinceNs == 0) {
            troubledSinceNs = System.nanoTime();
        } else if (System.nanoTime() - troubledSinceNs > patienceNs) {
            throw new StoreException("the store takes nothing: " + trouble);
        }
    }
}
