package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.Framing;
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

    /** What the monitor may take beside. */
    private static final Duration MARGIN = Duration.ofSeconds(10);

    static List<Emulator> emulators() {
        return Emulator.all();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("emulators")
    void theMonitorAnswersAndTheReadIsAnsweredInTheEnd(final Emulator emulator, final Lab lab) throws Exception {
        emulator.require();
        final VarveHost host = lab.newHost();
        host.answerTimeout(ANSWER_TIMEOUT);
        host.start();
        final byte[] data = new byte[8192];
        new Random(1).nextBytes(data);
        final Path socket = host.attach("disk", "64M");
        try (QtestMachine machine = QtestMachine.started(lab, emulator, socket, ",num-queues=1")) {
            final VirtioBlkPci disk = machine.disk(QtestMachine.SLOT, FrontEndOptions.DEFAULT);
            disk.start();
            assertThat(disk.run(BlkRequest.write(0, data)).status()).isEqualTo(BlkRequest.OK);
            disk.reset();
            host.restartWithoutLogs();
            disk.start();
            assertThat(disk.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            host.takeStoreAway();
            final BlkRequest read = BlkRequest.read(0, data.length);
            disk.queue(0).submit(read, Framing.USUAL);
            disk.queue(0).publish();

            machine.expectInTime(ANSWER_TIMEOUT.plus(MARGIN), "stop");
            host.awaitLine("GET_VRING_BASE has waited 1 s for 1 request in flight");
            machine.expectInTime(ANSWER_TIMEOUT.plus(MARGIN), "cont");
            machine.expectInTime(ANSWER_TIMEOUT.plus(MARGIN), "stop");
            host.bringStoreBack();
            machine.expectInTime(ANSWER_TIMEOUT.plus(MARGIN), "cont");
            assertThat(disk.await(0)).isSameAs(read);
            assertThat(read.status()).isEqualTo(BlkRequest.OK);
            assertThat(read.in()).isEqualTo(data);

            host.restartWithoutLogs();
            disk.start();
            assertThat(disk.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            host.takeStoreAway();
            disk.queue(0).submit(BlkRequest.read(0, data.length), Framing.USUAL);
            disk.queue(0).publish();
            machine.expectInTime(ANSWER_TIMEOUT.plus(MARGIN), "system_reset");
            disk.start();
            disk.queue(0).submit(BlkRequest.read(0, data.length), Framing.USUAL);
            disk.queue(0).publish();
            machine.expectQuitInTime(ANSWER_TIMEOUT.plus(MARGIN));
            host.bringStoreBack();
        }
    }
}
