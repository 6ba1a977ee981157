package io.varve.linux;

/** {@link IoUring} keeps the promises of {@link IoRing}. */
final class IoUringWatchTest extends IoRingWatchContract {
    @Override
    IoRing open(final int entries) throws ErrnoException {
        return IoUring.open(entries);
    }
}
