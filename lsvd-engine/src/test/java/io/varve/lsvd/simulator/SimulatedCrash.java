package io.varve.lsvd.simulator;

/** Ends a host in the middle of what it was doing. */
final class SimulatedCrash extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SimulatedCrash() {
        super("simulated crash", null, false, false);
    }
}
