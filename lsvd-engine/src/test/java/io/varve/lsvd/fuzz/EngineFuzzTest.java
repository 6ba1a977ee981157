package io.varve.lsvd.fuzz;

import io.varve.testsupport.fuzz.FuzzSample;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A little of what {@code dev/fuzz --target} does with everything that the engine reads. */
@Timeout(120)
class EngineFuzzTest {
    static List<FuzzTarget> targets() {
        return new EngineFuzzTargets().targets();
    }

    @ParameterizedTest
    @MethodSource("targets")
    void readsWhateverComesOrRefusesIt(final FuzzTarget target) throws IOException {
        FuzzSample.run(target, target.sampled(), 1);
    }
}
