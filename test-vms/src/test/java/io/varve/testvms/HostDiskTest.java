package io.varve.testvms;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A volume as a disk of a guest: a moment of what {@code dev/host-disks} does on all kernels and file systems. */
@ExtendWith(Lab.Extension.class)
@Timeout(900)
class HostDiskTest {
    private static final int KILLS = 3;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    private Path directory;

    @BeforeAll
    static void requireParts() {
        Checkout.requireGuest();
        Emulator.ofMachine().require();
        final Optional<String> lack = HostDiskGuest.lack(GuestKernel.ofMachine());
        assumeTrue(lack.isEmpty(), () -> "no disks of hosts: " + lack.get());
    }

    @Test
    void outlivesItsDaemonAndGrowsAndLeavesNothing(final Lab lab) throws Exception {
        new HostDiskGuest(directory, Emulator.ofMachine(), GuestKernel.ofMachine())
                .runBeside(lab.newHost(), "ext4", KILLS, Duration.ZERO);
    }
}
