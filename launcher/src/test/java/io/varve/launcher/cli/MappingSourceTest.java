package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.control.ControlException;
import io.varve.control.rpc.ControlClient;
import io.varve.hostdisks.HostDisk;
import io.varve.launcher.UserException;
import io.varve.launcher.serve.VarveProcess;
import io.varve.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a daemon is asked to do before the kernel is: with a real one. */
@Timeout(120)
class MappingSourceTest {
    @TempDir
    private Path home;

    private VarveProcess daemon;
    private ControlClient client;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        ok("volume", "create", "data", "--size", "64M");
        daemon = VarveProcess.daemon(home);
        client = ControlClient.connect(VarveProcess.control(home));
    }

    @AfterEach
    void end() {
        client.close();
        daemon.close();
    }

    private String ok(final String... args) {
        final CommandRun run = CommandRun.in(
                home, Map.of("VARVE_CONTROL", VarveProcess.control(home).toString()), args);
        assertThat(run.status()).as(run.err()).isZero();
        return run.out();
    }

    private MappingSource source(final String volume, final boolean readOnly) {
        return new MappingSource(client, VarveProcess.control(home), volume, readOnly);
    }

    private List<?> attached() {
        return (List<?>) client.call("status", Map.of()).get("volumes");
    }

    @Test
    void attachesAVolumeOverNbdAndDetachesItAgain() throws Exception {
        final MappingSource source = source("data", false);
        final HostDisk disk = source.prepare();
        assertThat(disk.identifier())
                .isEqualTo(client.call("volume.info", Map.of("volume", "data")).get("uuid"));
        assertThat(disk.control()).isEqualTo(VarveProcess.control(home).toString());
        assertThat(disk.export()).isEmpty();
        UnixSocket.connect(Path.of(disk.address().substring("unix:".length()))).close();
        source.undo(disk);
        assertThat(attached()).isEmpty();
    }

    @Test
    void takesAVolumeThatIsServedOverNbdAsItIsAndLeavesItSo() {
        final String address = "unix:" + home.resolve("own.nbd");
        ok("attach", "data", "--nbd", address);
        final MappingSource source = source("data", false);
        final HostDisk disk = source.prepare();
        assertThat(disk.address()).isEqualTo(address);
        assertThat(disk.export()).isEqualTo("data");
        source.undo(disk);
        assertThat(attached()).hasSize(1);
    }

    @Test
    void saysWhatToDoWithAVolumeThatIsServedOtherwise() {
        ok("attach", "data");
        assertThatThrownBy(source("data", false)::prepare)
                .isInstanceOf(UserException.class)
                .hasMessage(
                        "volume 'data' is attached already, and not over NBD: detach it first, or attach it with --nbd"
                                + " as well");
    }

    @Test
    void tellsASnapshotFromItsVolume() {
        ok("snapshot", "create", "data@monday");
        final HostDisk disk = source("data@monday", true).prepare();
        assertThat(disk.identifier()).isEqualTo(source("data", false).identifier() + "@monday");
        assertThat(((Map<?, ?>) attached().getFirst()).get("read_only")).isEqualTo(true);
        assertThat(source("data", false).prepare().address()).isNotEqualTo(disk.address());
    }

    @Test
    void isFoundAtTheSameAddressByTheNextDaemon() throws Exception {
        final HostDisk disk = source("data", false).prepare();
        daemon.kill();
        client.close();
        final Path socket = Path.of(disk.address().substring("unix:".length()));
        assertThat(Files.exists(socket)).isTrue();
        daemon = VarveProcess.daemon(home);
        daemon.awaitOut(line -> line.contains(" is ready at "));
        UnixSocket.connect(socket).close();
        client = ControlClient.connect(VarveProcess.control(home));
        assertThat(source("data", false).prepare().address()).isEqualTo(disk.address());
    }

    @Test
    void saysThatThereIsNoSuchVolume() {
        assertThatThrownBy(() -> source("nothing", false))
                .isInstanceOf(ControlException.class)
                .hasMessageContaining("nothing");
    }
}
