package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** {@link IoUring} keeps the promises of {@link IoRing}. */
final class IoUringTest extends IoRingContract {
    @Override
    IoRing open(final int entries) throws ErrnoException {
        return IoUring.open(entries);
    }

    @Test
    void isNative() {
        assertThat(ring.isNative()).isTrue();
    }
}
