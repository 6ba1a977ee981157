package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ClocksTest {
    @Test
    void bootTimeIsWhatTheKernelCallsUptime() throws IOException {
        final double beforeS = uptimeSeconds();
        final double seconds = Clocks.bootTimeNs() / 1e9;
        final double afterS = uptimeSeconds();
        assertThat(seconds).isBetween(beforeS - 0.02, afterS + 0.02);
    }

    @Test
    void bootTimeAdvancesAndNeverGoesBack() {
        final long first = Clocks.bootTimeNs();
        long last = first;
        while (last == first) {
            final long next = Clocks.bootTimeNs();
            assertThat(next).isGreaterThanOrEqualTo(last);
            last = next;
        }
    }

    private static double uptimeSeconds() throws IOException {
        return Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ")[0]);
    }
}
