package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.varve.testvms.powercut.CutJudge;
import io.varve.testvms.powercut.FileSystem;
import io.varve.testvms.powercut.Recording;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Some cuts of the power, of what {@code dev/power-cuts} does for hundreds of them on every file system. */
@Timeout(900)
class PowerCutTest {
    private static final long SEED = 7;
    private static final int LOAD_SECONDS = 4;
    private static final int CUTS = 40;

    /** A disk that ignores so many flushes has lost something that was flushed, wherever it is cut. */
    private static final int IGNORED_FLUSHES = 12;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    private Path directory;

    @BeforeAll
    static void requireParts() throws IOException, InterruptedException {
        Checkout.requireGuest();
        Emulator.ofMachine().require();
        final Optional<String> lack = PowerCutGuest.lack(Stream.of(FileSystem.EXT4));
        assumeTrue(lack.isEmpty(), () -> "the power is not cut: " + lack.get());
    }

    @Test
    void losesNothingThatWasFlushedAndTheJudgeSeesWhatIsLost() throws IOException, InterruptedException {
        final PowerCutGuest guest = new PowerCutGuest(directory, Emulator.ofMachine(), null);
        final Path recorded = guest.record(FileSystem.EXT4, SEED, LOAD_SECONDS, 1);
        try (Recording recording = Recording.open(recorded)) {
            try (CutJudge judge = new CutJudge(recording, PowerCuts.scratch(), 0)) {
                for (final int number : recording.numbers().choose(CUTS)) {
                    judge.judge(number);
                }
                System.out.println("power cuts: " + recording + "; " + judge.figures());
            }
            try (CutJudge judge = new CutJudge(recording, PowerCuts.scratch(), IGNORED_FLUSHES)) {
                assertThat(Arrays.stream(recording.numbers().choose(CUTS)).anyMatch(number -> isFound(judge, number)))
                        .as("a disk that lies about flushes is found")
                        .isTrue();
            }
        }
    }

    private static boolean isFound(final CutJudge judge, final int number) {
        try {
            judge.judge(number);
            return false;
        } catch (final AssertionError e) {
            return true;
        } catch (final IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (final InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
