package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.testvms.qtest.Qmp;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What comes and goes under a guest that writes: memory, room on its disk, another disk; and then the guest itself, which reboots
 * and is killed. One guest does all of it in turn, since each boot takes its time.
 */
@Timeout(600)
@ExtendWith(Lab.Extension.class)
class PlugTest {
    private static final long DIMM_BYTES = 256L << 20;
    private static final String SIZE = "SIZE_MB=16";
    private static final String KILLED = "KILLED=";

    @BeforeAll
    static void requireGuest() {
        Checkout.requireGuest();
    }

    static Stream<Arguments> rings() {
        final List<Emulator> all = Emulator.all();
        return Stream.of(Arguments.of(all.getFirst(), true, 8, true), Arguments.of(all.getLast(), false, 2, false));
    }

    @ParameterizedTest(name = "{0}, packed {1}, {2} queues, killed {3}")
    @MethodSource("rings")
    void nothingDisturbsTheGuest(
            final Emulator emulator, final boolean packed, final int queues, final boolean killed, final Lab lab)
            throws Exception {
        emulator.require();
        final VarveHost host = lab.newHost();
        host.start();
        final Path socket = host.attach("disk", "256M");
        final Path second = host.attach("second", "64M");
        final List<String> arguments = new ArrayList<>(List.of("--smp", Integer.toString(queues)));
        if (packed) {
            arguments.add("--packed");
        }
        try (Qmp qmp = new Qmp(lab.directory().resolve("qmp"))) {
            final List<String> more = new ArrayList<>(arguments);
            more.addAll(
                    List.of("--", "-m", "slots=2,maxmem=4G", "-device", "pcie-root-port,id=root1,chassis=1,slot=1"));
            more.addAll(qmp.arguments());
            final GuestVm guest = lab.boot(emulator, socket, more, "plug", SIZE, KILLED + (killed ? "yes" : "no"));
            qmp.accept();

            guest.awaitStep("memory");
            qmp.execute(
                    "object-add",
                    Map.of("qom-type", "memory-backend-memfd", "id", "more", "size", DIMM_BYTES, "share", true));
            qmp.execute("device_add", Map.of("driver", "pc-dimm", "id", "dimm", "memdev", "more"));
            assertThat(Long.parseLong(guest.awaitValue("movable")) * 4096)
                    .as("bytes of memory that came")
                    .isEqualTo(DIMM_BYTES);

            guest.awaitStep("grow");
            host.resize("disk", "512M");
            assertThat(Long.parseLong(guest.awaitValue("bytes"))).isEqualTo(512 << 20);

            guest.awaitStep("plug");
            qmp.addDisk("second", second, "root1");
            guest.awaitStep("unplug");
            qmp.execute("device_del", Map.of("id", "second"));
            qmp.awaitEvent("DEVICE_DELETED");

            guest.awaitStep("reboot");
            assertThat(guest.awaitValue("verified")).isEqualTo("yes");
            if (killed) {
                guest.awaitStep("keep writing");
                guest.awaitValue("round");
                guest.kill();
                final GuestVm again = lab.boot(emulator, socket, arguments, "plug", SIZE, KILLED + "no");
                assertThat(again.awaitValue("verified")).isEqualTo("yes");
                again.awaitSuccess();
            } else {
                guest.awaitSuccess();
            }
        }
        host.stop();
    }
}
