package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code kill -9} of the daemon under a guest that writes. */
@ExtendWith(Lab.Extension.class)
class DaemonDeathTest {
    private static final int DISK_MIB = 512;

    /** How often the daemon dies under one guest. */
    private static final int KILLS = Integer.getInteger("varve.test.kills", 3);

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

    static Stream<Arguments> rings() {
        return Emulator.all().stream()
                .flatMap(emulator -> Stream.of(Arguments.of(emulator, false, 2), Arguments.of(emulator, true, 4)));
    }

    @ParameterizedTest(name = "{0}, packed {1}, {2} queues")
    @MethodSource("rings")
    void letsTheGuestGoOnWhenTheDaemonComesBack(
            final Emulator emulator, final boolean packed, final int queues, final Lab lab) throws Exception {
        emulator.require();
        final List<String> arguments = new ArrayList<>(List.of("--smp", Integer.toString(queues)));
        if (packed) {
            arguments.add("--packed");
        }
        final Backend disk = lab.newDisk(DISK_MIB);
        disk.start();
        final GuestVm guest = lab.boot(
                emulator,
                disk,
                arguments,
                "write-through-restart",
                "SIZE_MB=" + Math.max(48, 16 * KILLS),
                "KILLS=" + KILLS);
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
