package io.varve.s3;

import io.varve.testsupport.fuzz.FuzzTarget;
import io.varve.testsupport.fuzz.FuzzTargets;
import java.util.List;

/** What an S3 server says. */
public final class S3FuzzTargets implements FuzzTargets {
    @Override
    public List<FuzzTarget> targets() {
        return List.of(new AnswerTarget(false), new AnswerTarget(true));
    }
}
