package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testvms.qtest.VirtioBlkPci;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real QEMUs whose guest waits for a read while the store is away: their monitors go on all the same. */
@Timeout(120)
@ExtendWith(Lab.Extension.class)
class StoreAwayTest {
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(1);

    /** In which the monitor has to answer. */
    private static final Duration LIMIT = ANSWER_TIMEOUT.plusSeconds(10);

    private static final int LENGTH = 8192;

    /** Where something is to be read, far from each other. */
    private static final int PLACES = 3;

    static List<Emulator> emulators() {
        return Emulator.allVersions();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("emulators")
    void theMonitorAnswersAndTheReadIsAnsweredInTheEnd(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        final VarveHost host = lab.newHost();
        host.answerTimeout(ANSWER_TIMEOUT);
        host.start();
        final Path socket = host.attach("disk", "64M");
        final byte[] data = new byte[LENGTH];
        new Random(1).nextBytes(data);
        try (FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            for (int i = 0; i < PLACES; i++) {
                assertThat(frontEnd.run(BlkRequest.write(offset(i), data)).status())
                        .isEqualTo(BlkRequest.OK);
            }
        }
        host.restartWithoutLogs();
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, ",num-queues=1")) {
            final VirtioBlkPci disk = machine.disk(QtestMachine.SLOT, FrontEndOptions.DEFAULT);
            disk.start();
            // From the first request on the daemon has the volume.
            assertThat(disk.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            host.takeStoreAway();
            final BlkRequest read = submitRead(disk, 0);

            machine.expectInTime(LIMIT, "stop");
            host.awaitLine("GET_VRING_BASE has waited 1 s for 1 request in flight|SET_STATUS has waited 1 s for 1");
            if (!emulator.connectsAgainAfterStop()) {
                // It has lost its disk for good, and its monitor has not.
                machine.expectInTime(LIMIT, "cont");
                machine.expectInTime(LIMIT, "system_reset");
                machine.expectQuitInTime(LIMIT);
                host.bringStoreBack();
                return;
            }
            machine.awaitConnected();
            machine.expectInTime(LIMIT, "cont");
            machine.expectInTime(LIMIT, "stop");
            machine.awaitConnected();
            host.bringStoreBack();
            machine.expectInTime(LIMIT, "cont");
            assertThat(disk.await(0)).isSameAs(read);
            assertThat(read.status()).isEqualTo(BlkRequest.OK);
            assertThat(read.in()).isEqualTo(data);

            host.takeStoreAway();
            submitRead(disk, 1);
            machine.expectInTime(LIMIT, "system_reset");
            machine.awaitConnected();
            disk.start();
            submitRead(disk, 2);
            machine.expectQuitInTime(LIMIT);
            host.bringStoreBack();
        }
    }

    private static long offset(final int place) {
        return place * (16L << 20);
    }

    private static BlkRequest submitRead(final VirtioBlkPci disk, final int place) {
        final BlkRequest read = BlkRequest.read(offset(place), LENGTH);
        disk.queue(0).submit(read, Framing.USUAL);
        disk.queue(0).publish();
        return read;
    }
}
