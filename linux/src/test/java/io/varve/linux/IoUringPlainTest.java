package io.varve.linux;

/** {@link IoUring} keeps the promises of {@link IoRing} without any flag, as before Linux 5.19. */
final class IoUringPlainTest extends IoRingContract {
    @Override
    IoRing open(final int entries) throws ErrnoException {
        return IoUring.open(entries, 3);
    }
}
