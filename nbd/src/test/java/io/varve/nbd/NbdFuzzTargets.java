package io.varve.nbd;

import io.varve.testsupport.fuzz.FuzzTarget;
import io.varve.testsupport.fuzz.FuzzTargets;
import java.util.List;

/** What NBD clients say. */
public final class NbdFuzzTargets implements FuzzTargets {
    @Override
    public List<FuzzTarget> targets() {
        return List.of(new SessionTarget());
    }
}
