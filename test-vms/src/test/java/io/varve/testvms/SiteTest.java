package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A guest that writes moves between two hosts with a real S3 server behind them, while things go wrong; then its host dies. */
@Timeout(300)
@ExtendWith(Lab.Extension.class)
class SiteTest {
    @BeforeAll
    static void requireGuest() {
        Checkout.requireGuest();
        Emulator.ofMachine().require();
    }

    @Test
    void losesNothingThatItsGuestHasSynced(final Lab lab) throws Exception {
        try (Site site = new Site(lab, Emulator.newest(), "--durability", "store")) {
            site.boot();
            site.awaitWork();
            site.move();
            site.awaitWork();
            site.takeOver();
            site.awaitWork();
            assertThat(site.check()).isPositive();
        }
    }
}
