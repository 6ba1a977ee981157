package io.varve.linux;

/** {@link IoUring} keeps the promises of {@link IoRing} without DEFER_TASKRUN, as before Linux 6.1. */
final class IoUringCoopTaskRunTest extends IoRingContract {
    @Override
    IoRing open(final int entries) throws ErrnoException {
        return IoUring.open(entries, 1);
    }
}
