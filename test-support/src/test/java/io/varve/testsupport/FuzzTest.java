package io.varve.testsupport;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A little of what {@code dev/fuzz} does for as long as one likes. */
@Timeout(180)
class FuzzTest {
    @TempDir
    private Path directory;

    @Test
    void survivesWhateverComes() throws IOException {
        try (Fuzzer fuzzer = new Fuzzer(directory)) {
            fuzzer.run(1, TimeUnit.SECONDS.toNanos(60));
            System.out.println("fuzz: " + fuzzer.figures());
        }
    }
}
