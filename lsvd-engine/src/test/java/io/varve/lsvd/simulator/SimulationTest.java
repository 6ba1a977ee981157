package io.varve.lsvd.simulator;

import static org.assertj.core.api.Assertions.fail;

import org.junit.jupiter.api.Test;

class SimulationTest {
    private static final long SEEDS = Long.getLong("varve.simulation.seeds", 300);
    private static final long FIRST = Long.getLong("varve.simulation.first", 1);

    @Test
    void noSeedBreaksAPromise() {
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            try (Simulation simulation = new Simulation(seed, PlantedBug.NONE)) {
                simulation.run();
            } catch (final RuntimeException e) {
                fail("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }
}
