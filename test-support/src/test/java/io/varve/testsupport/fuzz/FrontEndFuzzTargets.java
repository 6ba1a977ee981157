package io.varve.testsupport.fuzz;

import java.util.List;

/** What a guest and its front-end say, beside whole sessions. */
public final class FrontEndFuzzTargets implements FuzzTargets {
    @Override
    public List<FuzzTarget> targets() {
        return List.of(new RingTarget(false), new RingTarget(true));
    }
}
