package io.varve.testsupport.fuzz;

import io.varve.testsupport.MessageTarget;
import java.util.List;

/** What a guest and its front-end say, beside whole sessions. */
public final class FrontEndFuzzTargets implements FuzzTargets {
    @Override
    public List<FuzzTarget> targets() {
        return List.of(new MessageTarget(), new RingTarget(false), new RingTarget(true));
    }
}
