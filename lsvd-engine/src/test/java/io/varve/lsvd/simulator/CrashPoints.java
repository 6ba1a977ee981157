package io.varve.lsvd.simulator;

import java.util.Random;

/** Places at which a host may end. */
final class CrashPoints {
    private final Random random;
    private int oneIn;

    CrashPoints(final Random random) {
        this.random = random;
    }

    /** From now on, a host ends at one in so many places; 0 for none. */
    void rate(final int newOneIn) {
        oneIn = newOneIn;
    }

    void maybe() {
        if (oneIn > 0 && random.nextInt(oneIn) == 0) {
            throw new SimulatedCrash();
        }
    }
}
