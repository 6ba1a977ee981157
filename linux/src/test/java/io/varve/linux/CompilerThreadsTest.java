package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CompilerThreadsTest {
    @Test
    void letOthersGoFirst() throws IOException {
        final long own = TimeSlice.get();
        assumeThat(own).as("a kernel that has slices, 6.12 or newer").isPositive();
        CompilerThreads.letOthersGoFirst();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            final int[] threads = CompilerThreads.threads(tasks).toArray();
            assertThat(Arrays.stream(threads).boxed())
                    .isNotEmpty()
                    .allMatch(thread -> Libc.getpriority(0, thread) >= Niceness.BACKGROUND)
                    .allMatch(thread -> TimeSlice.get(thread) == TimeSlice.LONG_NS);
        }
        assertThat(TimeSlice.get()).isEqualTo(own);
    }
}
