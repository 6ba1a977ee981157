package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a user does with a disk: a file system, files, a reboot, and everything is still there. */
@ExtendWith(Lab.Extension.class)
class GuestDiskTest {
    private static final int DISK_MIB = 512;

    @BeforeAll
    static void requireGuest() {
        Checkout.requireGuest();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.varve.testvms.Emulator#all")
    void findsEverythingAgainAfterARebootInTheSameQemu(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        final Backend disk = lab.newDisk(DISK_MIB);
        disk.start();
        final GuestVm guest = lab.boot(emulator, disk, "store-and-verify", "REBOOT=warm", "SIZE_MB=32", "MEASURE=0");
        guest.awaitBoot();
        final String written = guest.awaitValue("sums");
        guest.awaitStep("reboot");
        guest.awaitBoot();
        assertReadsBack(guest, written);
        disk.stop();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.varve.testvms.Emulator#all")
    void findsEverythingAgainInANewQemuAndANewDaemon(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        final Backend disk = lab.newDisk(DISK_MIB);
        final String[] variables = {"REBOOT=off", "SIZE_MB=32", "MEASURE=0"};
        disk.start();
        final GuestVm first = lab.boot(emulator, disk, "store-and-verify", variables);
        final String written = first.awaitValue("sums");
        first.awaitSuccess();
        disk.stop();

        disk.start();
        assertReadsBack(lab.boot(emulator, disk, "store-and-verify", variables), written);
        disk.stop();
        if (disk instanceof final VarveDaemon varve) {
            assertThat(varve.objects()).as("objects in the store").isPositive();
        }
    }

    /** The second boot: it verifies, trims, and verifies again. */
    private static void assertReadsBack(final GuestVm guest, final String written) throws InterruptedException {
        guest.awaitStep("verify");
        assertThat(guest.awaitValue("sums")).isEqualTo(written);
        assertThat(Long.parseLong(guest.awaitValue("trimmed"))).isGreaterThan(8 << 20);
        assertThat(guest.awaitValue("sums")).isEqualTo(written);
        assertThat(guest.awaitValue("verified")).isEqualTo("yes");
        guest.awaitSuccess();
    }
}
