package io.varve.lsvd.simulator;

/** The engine broke a promise. */
final class SimulationFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SimulationFailure(final String message) {
        super(message);
    }
}
