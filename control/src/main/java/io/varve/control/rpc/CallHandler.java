package io.varve.control.rpc;

import io.varve.control.DaemonCall;

/** Carries calls out. Many threads; each call has one of its own, which may wait. */
@FunctionalInterface
public interface CallHandler {
    /**
     * Carries a call out.
     *
     * @return a record as the call promises.
     * @throws io.varve.control.ControlException when it can't be done, with the kind of error.
     */
    Record carryOut(DaemonCall<?> call, CallContext context);
}
