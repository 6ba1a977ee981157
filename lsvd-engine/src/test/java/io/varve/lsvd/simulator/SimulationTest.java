package io.varve.lsvd.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SimulationTest {
    private static final Logger ENGINE = Logger.getLogger("io.varve.lsvd");

    private static final long SEEDS = Long.getLong("varve.simulation.seeds", 1000);
    private static final long FIRST = Long.getLong("varve.simulation.first", 1);

    @BeforeAll
    static void silenceTheEngine() {
        ENGINE.setLevel(Level.OFF);
    }

    @AfterAll
    static void letTheEngineTalk() {
        ENGINE.setLevel(null);
    }

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

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void everyPlantedBugIsFound(final PlantedBug bug) {
        boolean isFound = false;
        for (long seed = 1; seed <= 1000 && !isFound; seed++) {
            isFound = Simulate.failureOf(seed, bug) != null;
        }
        assertThat(isFound).isTrue();
    }

    @Test
    void aSeedReplaysExactly() {
        for (long seed = 1; seed <= 200; seed++) {
            assertThat(Simulate.failureOf(seed, PlantedBug.SKIPPED_SYNC))
                    .as("seed " + seed)
                    .isEqualTo(Simulate.failureOf(seed, PlantedBug.SKIPPED_SYNC));
        }
    }
}
