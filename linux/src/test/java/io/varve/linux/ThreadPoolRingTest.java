package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** {@link ThreadPoolRing} keeps the promises of {@link IoRing}. */
final class ThreadPoolRingTest extends IoRingContract {
    @Override
    IoRing open(final int entries) throws ErrnoException {
        return ThreadPoolRing.open(entries);
    }

    @Test
    void isNotNative() {
        assertThat(ring.isNative()).isFalse();
    }
}
