package io.varve.s3;

import io.varve.testsupport.fuzz.FuzzSample;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A little of what {@code dev/fuzz --target} does with what a server says. */
@Timeout(120)
class S3FuzzTest {
    static List<FuzzTarget> targets() {
        return new S3FuzzTargets().targets();
    }

    @ParameterizedTest
    @MethodSource("targets")
    void readsWhateverComesOrRefusesIt(final FuzzTarget target) throws IOException {
        FuzzSample.run(target, target.sampled(), 1);
    }
}
