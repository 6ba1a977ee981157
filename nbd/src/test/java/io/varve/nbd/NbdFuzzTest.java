package io.varve.nbd;

import io.varve.testsupport.fuzz.FuzzSample;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A little of what {@code dev/fuzz --target nbd-session} does. */
@Timeout(120)
class NbdFuzzTest {
    @Test
    void readsWhateverComesOrRefusesIt() throws IOException {
        final SessionTarget target = new SessionTarget();
        FuzzSample.run(target, target.sampled(), 1);
    }
}
