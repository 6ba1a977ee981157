package io.varve.linux;

/** {@link ThreadPoolRing} keeps the promises of {@link IoRing}. */
final class ThreadPoolRingWatchTest extends IoRingWatchContract {
    @Override
    IoRing open(final int entries) throws ErrnoException {
        return ThreadPoolRing.open(entries);
    }
}
