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
    /** For so long a store can't be reached: nothing tells that somebody has begun to wait for it. */
    private static final long CUT_MS = 4000;

    @BeforeAll
    static void requireGuest() {
        Checkout.requireGuest();
        Emulator.ofMachine().require();
    }

    @Test
    void losesNothingThatItsGuestHasSynced(final Lab lab) throws Exception {
        final Site site = new Site(lab, Emulator.newest(), "--durability", "store");
        site.boot();
        site.awaitWork();
        for (int i = 0; i < 2; i++) {
            site.move();
            site.awaitWork();
        }

        site.cancelMove();
        site.awaitWork();

        site.network().cut(site.here().name());
        site.there().await();
        final Program migrate = site.here().startMigration(site.there());
        Thread.sleep(CUT_MS);
        site.network().mend(site.here().name());
        site.settle(migrate);
        site.awaitWork();

        site.takeOver();
        site.awaitWork();
        assertThat(site.check()).isPositive();
    }
}
