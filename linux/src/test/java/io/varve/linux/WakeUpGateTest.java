package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class WakeUpGateTest {
    private final WakeUpGate gate = new WakeUpGate();

    @Test
    void aWakeUpWhileRunningIsRememberedAndCostsNothing() {
        assertThat(gate.wake()).isFalse();
        assertThat(gate.wake()).isFalse();
        assertThat(gate.isWoken()).isTrue();
        assertThat(gate.beginWait()).isFalse();
        assertThat(gate.isWoken()).isFalse();
        assertThat(gate.beginWait()).isTrue();
        assertThat(gate.isWaiting()).isTrue();
        assertThat(gate.endWait()).isFalse();
    }

    @Test
    void oneWakerRousesAWaiter() {
        assertThat(gate.beginWait()).isTrue();
        assertThat(gate.wake()).isTrue();
        assertThat(gate.wake()).isFalse();
        assertThat(gate.isWaiting()).isFalse();
        assertThat(gate.endWait()).isTrue();
        assertThat(gate.beginWait()).as("while the waker is still at it").isTrue();
        assertThat(gate.wake()).isTrue();
        gate.roused();
        gate.roused();
        assertThat(gate.endWait()).isTrue();
        assertThat(gate.beginWait()).isTrue();
    }

    @Test
    void closingWaitsForWhoRouses() throws Exception {
        assertThat(gate.beginWait()).isTrue();
        assertThat(gate.wake()).isTrue();
        final Thread closer = new Thread(gate::close);
        closer.start();
        assertThat(closer.join(java.time.Duration.ofMillis(50))).isFalse();
        assertThat(gate.wake()).isFalse();
        gate.roused();
        closer.join();
        assertThat(gate.wake()).isFalse();
        assertThat(gate.beginWait()).isFalse();
        gate.close();
    }
}
