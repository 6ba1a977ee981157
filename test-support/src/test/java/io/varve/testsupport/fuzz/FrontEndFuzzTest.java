package io.varve.testsupport.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A little of what {@code dev/fuzz --target} does with what a guest and its front-end say. */
@Timeout(120)
class FrontEndFuzzTest {
    static List<FuzzTarget> targets() {
        return new FrontEndFuzzTargets().targets();
    }

    @ParameterizedTest
    @MethodSource("targets")
    void readsWhateverComesOrRefusesIt(final FuzzTarget target) throws IOException {
        FuzzSample.run(target, target.sampled(), 1);
    }

    /** What a fuzzer begins with gets as far as the device; else it would look for a way there for long. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void seedsOfRingsReachTheDevice(final boolean isPacked) {
        final RingTarget target = new RingTarget(isPacked);
        target.seeds().forEach(target::run);
        assertThat(target.device().writes()).isEqualTo(2);
        assertThat(target.device().flushes()).isEqualTo(2);
        assertThat(target.device().discards()).isEqualTo(2);
        assertThat(target.device().writeZeroesCalls()).isEqualTo(2);
    }
}
