package io.varve.lsvd.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.varve.linux.Mapping;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogWindowTest {
    private static final int MIB = 1 << 20;
    private static final int LENGTH = LogGeometry.MAX_WINDOW;
    private static final LogGeometry GEOMETRY = new LogGeometry(4L * LENGTH, LENGTH);

    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void isResidentAheadOfWhoWrites() throws IOException {
        final LogWindow window = new LogWindow(GEOMETRY, 3 * MIB, Mapping.reserve(GEOMETRY.windowLength(), arena));
        window.memory().set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        final long before = residentKib(window.memory().address());
        assertThat(populate(window))
                .as("2 MiB ahead while nothing is written, to the end of a page")
                .isEqualTo(2);
        window.reserve(3 * MIB + 4096);
        assertThat(populate(window)).as("no more than that for a block").isZero();
        window.reserve(5 * MIB);
        assertThat(populate(window)).as("4 MiB ahead, to the end of a page").isEqualTo(2);
        window.reserve(11 * MIB);
        assertThat(populate(window)).as("16 MiB ahead, to the end of a page").isEqualTo(8);
        assumeThat(residentKib(window.memory().address()))
                .as("Linux 5.14 or newer")
                .isGreaterThan(before);
        assertThat(residentKib(window.memory().address()) - before).isGreaterThanOrEqualTo(23 * MIB >> 10);
    }

    @Test
    void isLeftAloneBehindWhoWritesAndWhenItHasBeenGoneRound() {
        final LogWindow window = new LogWindow(GEOMETRY, 3 * MIB, Mapping.reserve(GEOMETRY.windowLength(), arena));
        window.reserve(41 * MIB);
        assertThat(populate(window)).isEqualTo(8);
        window.reserve(66 * MIB);
        assertThat(populate(window))
                .as("up to where it began, from the other side")
                .isEqualTo(1);
        window.reserve(300L * MIB);
        assertThat(populate(window)).isZero();
    }

    private static int populate(final LogWindow window) {
        int pieces = 0;
        while (window.populateNext()) {
            pieces++;
        }
        return pieces;
    }

    /** What is resident of the mapping in which an address lies. */
    private static long residentKib(final long address) throws IOException {
        boolean isThere = false;
        for (final String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                final String[] range = line.split("[- ]", 3);
                isThere = Long.compareUnsigned(Long.parseUnsignedLong(range[0], 16), address) <= 0
                        && Long.compareUnsigned(Long.parseUnsignedLong(range[1], 16), address) > 0;
            } else if (isThere && line.startsWith("Rss:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new AssertionError("not mapped");
    }
}
