package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whether a disk has a write cache is the volume's own affair: it outlives front-ends and daemons. */
@Timeout(120)
class WriteCacheTest {
    private static final int WRITEBACK = 32;

    @TempDir
    private Path home;

    private DaemonRig rig;

    @BeforeEach
    void create() throws IOException {
        rig = new DaemonRig(home);
        rig.create("one");
    }

    @Test
    void isWhatTheGuestMadeOfItAfterADeathOfTheDaemon() throws IOException, InterruptedException {
        try (VarveProcess daemon = VarveProcess.daemon(home);
                FrontEnd frontEnd = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
            assertThat(frontEnd.getConfig(WRITEBACK, 1).get()).isEqualTo((byte) 1);
            assertThat(frontEnd.setConfig(WRITEBACK, 0)).isZero();
            daemon.kill();
        }
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            daemon.awaitOut(line -> line.contains("volume one: 256M, is ready at "));
            try (FrontEnd frontEnd = FrontEnd.started(rig.socket("one"), FrontEndOptions.DEFAULT)) {
                assertThat(frontEnd.getConfig(WRITEBACK, 1).get()).isZero();
                assertThat(frontEnd.run(BlkRequest.write(0, new byte[4096])).status())
                        .isEqualTo(BlkRequest.OK);
                assertThat(frontEnd.setConfig(WRITEBACK, 1)).isZero();
            }
            rig.ok("detach", "one");
            try (FrontEnd frontEnd = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
                assertThat(frontEnd.getConfig(WRITEBACK, 1).get()).isEqualTo((byte) 1);
            }
        }
    }
}
