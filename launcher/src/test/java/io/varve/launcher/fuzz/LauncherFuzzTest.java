package io.varve.launcher.fuzz;

import io.varve.testsupport.fuzz.FuzzSample;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A little of what {@code dev/fuzz --target} does with everything that the launcher reads. */
@Timeout(120)
class LauncherFuzzTest {
    static List<FuzzTarget> targets() {
        return new LauncherFuzzTargets().targets();
    }

    @ParameterizedTest
    @MethodSource("targets")
    void readsWhateverComesOrRefusesIt(final FuzzTarget target) throws IOException {
        FuzzSample.run(target, target.sampled(), 1);
    }
}
