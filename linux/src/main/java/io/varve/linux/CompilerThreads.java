package io.varve.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The threads of this JVM that compile. They are busy for seconds on end when code has become hot, and would make threads wait for
 * milliseconds that are woken on the same processor.
 */
public final class CompilerThreads {
    private static final Path TASKS = Path.of("/proc/self/task");

    private CompilerThreads() {}

    /**
     * Has them let others go first, as all {@linkplain Niceness#inBackground background} threads do, and those that they start. Where a processor
     * is free they get as much of it as before.
     */
    public static void letOthersGoFirst() {
        try (Stream<Path> tasks = Files.list(TASKS)) {
            threads(tasks).forEach(thread -> {
                Niceness.set(thread, Niceness.BACKGROUND);
                TimeSlice.setWithOffspring(thread, TimeSlice.LONG_NS);
            });
        } catch (final IOException | UncheckedIOException e) {
            // Without /proc they stay as they are.
        }
    }

    /** Their numbers. */
    static IntStream threads(final Stream<Path> tasks) {
        return tasks.filter(CompilerThreads::compiles)
                .mapToInt(task -> Integer.parseInt(task.getFileName().toString()));
    }

    private static boolean compiles(final Path task) {
        try {
            // What the kernel leaves of "C1 CompilerThread0".
            return Files.readString(task.resolve("comm")).matches("C[12] CompilerThre\\s*");
        } catch (final IOException e) {
            // Gone meanwhile.
            return false;
        }
    }
}
