package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code kill -9} of the daemon under a guest that writes. */
@ExtendWith(Lab.Extension.class)
class DaemonDeathTest {
    private static final int DISK_MIB = 512;

    /** As often as the task says that it is writing. */
    private static final int KILLS = 3;

    @BeforeAll
    static void requireGuest() {
        Checkout.requireGuest();
    }

    @Test
    void keepsWhatTheGuestHadSyncedWhenDaemonAndGuestDie(final Lab lab) throws Exception {
        final Emulator emulator = Emulator.ofMachine();
        emulator.require();
        final Backend disk = lab.newDisk(DISK_MIB);
        disk.start();
        final GuestVm first = lab.boot(emulator, disk, "write-until-killed", "SIZE_MB=32");
        final String written = first.awaitValue("sums");
        first.awaitStep("keep writing");
        first.awaitValue("round");
        disk.kill();
        first.kill();

        disk.start();
        final GuestVm second = lab.boot(emulator, disk, "write-until-killed", "SIZE_MB=32");
        assertThat(second.awaitValue("sums")).isEqualTo(written);
        second.awaitSuccess();
        disk.stop();
    }

    @Test
    void letsTheGuestGoOnWhenTheDaemonComesBack(final Lab lab) throws Exception {
        final Emulator emulator = Emulator.ofMachine();
        emulator.require();
        final Backend disk = lab.newDisk(DISK_MIB);
        disk.start();
        final GuestVm guest = lab.boot(emulator, disk, "write-through-restart", "SIZE_MB=64");
        guest.awaitStep("write");
        for (int kill = 0; kill < KILLS; kill++) {
            guest.awaitValue("writing");
            disk.kill();
            disk.start();
        }
        guest.awaitSuccess();
        disk.stop();
    }
}
