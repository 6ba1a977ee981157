package io.varve.vhostuser;

import io.varve.linux.IoRing;
import io.varve.linux.IoVec;

/**
 * A way to read a device on the thread of a {@link Lane}, beside the device's own thread: for reads that need nothing that is the device's
 * alone. What it does not serve, the device is given.
 *
 * <p>A read that it serves brings what the device would have brought at some time between call and outcome.
 */
public interface LaneReader extends AutoCloseable {
    /** Receives outcomes, on the lane's thread. */
    @FunctionalInterface
    interface Listener {
        /**
         * A read is done.
         *
         * @param isServed false when the device has to do it; nothing may be assumed of the buffers.
         */
        void onRead(long token, boolean isServed);
    }

    /** Sets who is told, before the first read. */
    void listener(Listener listener);

    /** Whether there may be reads: to be asked of a device that {@linkplain io.varve.block.BlockDevice#isReady() is ready}. The reactor's, and all else the lane's. */
    boolean isReady();

    /**
     * There may be reads from now on, as long as the device stays ready.
     *
     * @param ring the lane's.
     */
    void begin(IoRing ring);

    /**
     * Fills buffers, as {@link io.varve.block.BlockDevice#read}. The outcome may be told before this returns.
     *
     * @return false when it is refused: the device has to do it, and no outcome is told.
     */
    boolean read(long offset, IoVec buffers, long token);

    /** Whether the outcome of every read has been told. */
    boolean isQuiet();

    /** Frees everything; the ring has been closed. */
    @Override
    void close();
}
