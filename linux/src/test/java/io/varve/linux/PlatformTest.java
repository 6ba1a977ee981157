package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import org.junit.jupiter.api.Test;

class PlatformTest {
    /** Run in a JVM of its own by a test. */
    static final class RequireMain {
        private RequireMain() {}

        /** Prints what {@link Platform#require()} has against this JVM. */
        public static void main(final String[] args) {
            try {
                Platform.require();
                System.out.println("fine");
            } catch (final UnsupportedOperationException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void namesTheFlagThatIsMissing() throws Exception {
        assertThat(runRequire("--illegal-native-access=deny"))
                .isEqualTo("native access is not enabled: start Java with --enable-native-access=ALL-UNNAMED\n");
        assertThat(runRequire("--enable-native-access=ALL-UNNAMED")).isEqualTo("fine\n");
    }

    private static String runRequire(final String flag) throws Exception {
        return ForkedJava.run(List.of(flag), RequireMain.class, "");
    }

    @Test
    void knowsItsMachines() {
        assertThat(Abi.of("Linux", "amd64")).isInstanceOf(X86_64.class);
        assertThat(Abi.of("Linux", "aarch64")).isInstanceOf(Aarch64.class);
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> Abi.of("Linux", "riscv64"))
                .withMessage("Varve runs on x86-64 and aarch64 only, not on riscv64");
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> Abi.of("Mac OS X", "aarch64"))
                .withMessage("Varve runs on Linux only, not on Mac OS X");
    }

    @Test
    void machinesDifferOnlyWhereTheirHeadersDo() {
        final Abi x86 = new X86_64();
        final Abi arm = new Aarch64();
        assertThat(new int[] {x86.oDirect(), x86.oDirectory(), x86.oNoFollow()})
                .containsExactly(0_40000, 0_200000, 0_400000);
        assertThat(new int[] {arm.oDirect(), arm.oDirectory(), arm.oNoFollow()})
                .containsExactly(0_200000, 0_40000, 0_100000);
        assertThat(new int[] {x86.statSize(), x86.statModeOffset(), x86.statBlockSizeOffset()})
                .containsExactly(144, 24, 56);
        assertThat(new int[] {arm.statSize(), arm.statModeOffset(), arm.statBlockSizeOffset()})
                .containsExactly(128, 16, 56);
        assertThat(new int[] {x86.epollEventSize(), x86.epollDataOffset()}).containsExactly(12, 4);
        assertThat(new int[] {arm.epollEventSize(), arm.epollDataOffset()}).containsExactly(16, 8);
    }

    @Test
    void namesErrors() {
        assertThat(Errno.describe(Errno.ENOENT)).isEqualTo("No such file or directory (ENOENT)");
        assertThat(Errno.describe(4711)).isEqualTo("Unknown error (errno 4711)");
        assertThat(Errno.name(0)).isEqualTo("errno 0");
        assertThat(Errno.name(41)).as("a hole in the numbering").isEqualTo("errno 41");
        final ErrnoException e = new ErrnoException("open /x/y", Errno.EACCES);
        assertThat(e).hasMessage("open /x/y: Permission denied (EACCES)");
        assertThat(e.errno()).isEqualTo(13);
    }

    @Test
    void everyConstantHasItsName() throws Exception {
        for (final var field : Errno.class.getFields()) {
            assertThat(Errno.name(field.getInt(null))).isEqualTo(field.getName());
        }
    }
}
