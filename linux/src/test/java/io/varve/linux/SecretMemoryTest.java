package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class SecretMemoryTest {
    private static final Pattern RANGE = Pattern.compile("^([0-9a-f]+)-([0-9a-f]+) ");

    @Test
    void isItsOwnMappingThatIsLeftOutOfDumps() throws IOException {
        try (SecretMemory secret = new SecretMemory(32)) {
            assertThat(secret.segment().byteSize()).isEqualTo(32);
            assertThat(secret.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
            // proc(5): dd, do not include area into core dump; wf, wipe on fork; lo, pages are locked.
            final List<String> flags = flagsOf(secret.segment().address());
            assertThat(flags).contains("dd", "wf");
            assertThat(flags.contains("lo")).isEqualTo(secret.isLocked());
        }
    }

    private static List<String> flagsOf(final long address) throws IOException {
        boolean isHere = false;
        for (final String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            final Matcher range = RANGE.matcher(line);
            if (range.find()) {
                isHere = Long.compareUnsigned(Long.parseUnsignedLong(range.group(1), 16), address) <= 0
                        && Long.compareUnsigned(Long.parseUnsignedLong(range.group(2), 16), address) > 0;
            } else if (isHere && line.startsWith("VmFlags:")) {
                return List.of(line.substring(8).strip().split(" "));
            }
        }
        throw new AssertionError("no mapping holds " + Long.toHexString(address));
    }

    @Test
    void isGoneOnceItIsClosed() {
        final SecretMemory secret = new SecretMemory(32);
        final MemorySegment segment = secret.segment();
        segment.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
        secret.close();
        secret.close();
        assertThatThrownBy(() -> segment.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void fromTheFirstOnTheProcessLeavesNoCoreDump() throws Exception {
        assertThat(ForkedJava.run(List.of("--enable-native-access=ALL-UNNAMED"), Dump.class, ""))
                .isEqualTo("true false\n");
    }

    /** Run in a JVM of its own by the test: what it changes stays changed. */
    static final class Dump {
        private Dump() {}

        /** Prints whether it would leave a core dump, before and after. */
        public static void main(final String[] args) {
            final boolean before = SecretMemory.mayDumpCore();
            new SecretMemory(1).close();
            System.out.println(before + " " + SecretMemory.mayDumpCore());
        }
    }
}
