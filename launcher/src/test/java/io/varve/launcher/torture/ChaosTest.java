package io.varve.launcher.torture;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A moment of what {@code dev/chaos} does for as long as one likes. Latency is not judged here: that is for a quiet machine. */
@Timeout(180)
class ChaosTest {
    private static final long SEED = 11;
    private static final long PHASE_MS = 4_000;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    private Path directory;

    @Test
    void oneVolumeNoticesNothingOfAnother() throws IOException, InterruptedException {
        try (Chaos chaos = new Chaos(System.out, directory, SEED, false, false)) {
            chaos.cycle(PHASE_MS);
            chaos.cycle(PHASE_MS);
            chaos.finish();
            System.out.println("chaos: " + chaos.figures());
        }
    }
}
