package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is in {@code nix/} parses, and evaluates with stubs. */
@ExtendWith(Lab.Extension.class)
class NixTest {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int NO_NIX = 2;

    @Test
    void flakePackageModuleAndTestsEvaluate(final Lab lab) throws Exception {
        final Program check =
                lab.run("nix/check", List.of(Checkout.file("nix/check").toString()));
        final int status = check.awaitExit(LIMIT);
        assumeTrue(status != NO_NIX, "no Nix on this machine: run dev/setup --with-nix");
        assertThat(status).as(() -> check.output().tail(50)).isZero();
    }

    @Test
    void refusesUnknownArguments(final Lab lab) throws Exception {
        final Program check =
                lab.run("nix/check", List.of(Checkout.file("nix/check").toString(), "--wrong"));
        assertThat(check.awaitExit(LIMIT)).isEqualTo(2);
        assertThat(check.output().tail(2)).contains("unknown argument --wrong");
    }
}
