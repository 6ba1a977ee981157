package io.varve.launcher.torture;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A few rounds of what {@code dev/torture} does for as long as one likes. */
@Timeout(180)
class TortureTest {
    private static final long SEED = 7;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    private Path directory;

    @Test
    void killed() throws IOException, InterruptedException {
        run(KillTorment.anywhere(directory, StorePlace.directory()), 3);
        run(KillTorment.collecting(directory, StorePlace.directory()), 2);
    }

    @Test
    void killedWhileSnapshotsComeAndGo() throws IOException, InterruptedException {
        run(new SnapshotTorment(directory, StorePlace.directory()), 3);
    }

    @Test
    void killedUnderAGuestThatLivesOn() throws IOException, InterruptedException {
        run(new ReconnectTorment(directory, StorePlace.directory()), 5);
    }

    @Test
    void loadedInEveryWay() throws IOException, InterruptedException {
        run(new LoadTorment(directory, StorePlace.directory()), 16);
    }

    @Test
    void robbedOfItsCache() throws IOException, InterruptedException {
        run(new LossTorment(directory, StorePlace.directory()), 1);
    }

    @Test
    void pausedWhileAnotherTakesOver() throws IOException, InterruptedException {
        run(new TakeOverTorment(directory, StorePlace.directory()), 1);
    }

    @Test
    void movedBetweenTwoHosts() throws IOException, InterruptedException {
        run(new MigrateTorment(directory, StorePlace.directory()), 6);
    }

    @Test
    void fedFlippedBits() throws IOException, InterruptedException {
        run(new FlipTorment(directory, StorePlace.directory(), 8 << 20), 3);
    }

    @Test
    void leftByItsStore() throws IOException, InterruptedException {
        run(new OutageTorment(directory, StorePlace.directory(), 0), 1);
    }

    private static void run(final Torment torment, final int rounds) throws IOException, InterruptedException {
        try {
            for (int round = 1; round <= rounds; round++) {
                torment.round(Torture.random(SEED, round));
            }
            torment.close();
        } catch (final AssertionError | IOException | RuntimeException e) {
            throw new AssertionError(
                    e.getMessage() + "; everything is kept in " + torment.keepEvidence() + "; " + torment.figures(), e);
        }
        System.out.println(torment.name() + ": " + torment.figures());
    }
}
