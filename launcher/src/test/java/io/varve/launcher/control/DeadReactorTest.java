package io.varve.launcher.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.varve.control.rpc.ControlClient;
import io.varve.launcher.config.Environment;
import io.varve.launcher.config.Settings;
import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.OpeningChoices;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.daemon.SharedReadCache;
import io.varve.launcher.daemon.SocketAccess;
import io.varve.launcher.daemon.VhostUserPlan;
import io.varve.launcher.daemon.VolumeListener;
import io.varve.launcher.daemon.VolumeOptions;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeStats;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.LoadGenerator;
import io.varve.vhostuser.SessionOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A daemon in the test's process, in which a reactor throws: nothing that a guest or a store does makes one do so. */
@Timeout(60)
@SuppressWarnings("try")
class DeadReactorTest {
    @TempDir
    private Path home;

    private Daemon daemon;
    private ControlServer server;
    private ControlClient client;
    private volatile String dead;

    /** Throws on the reactor's thread when the volume is found to have been taken over. */
    private final class Deadly implements VolumeListener {
        @Override
        public void onRetry(final ServedVolume volume, final String reason) {
            throw new AssertionError(reason);
        }

        @Override
        public void onWaiting(final ServedVolume volume, final String reason) {}

        @Override
        public void onReady(final ServedVolume volume) {}

        @Override
        public void onFailing(final ServedVolume volume, final String reason) {
            throw new IllegalStateException("a fault in Varve");
        }

        @Override
        public void onShipping(final ServedVolume volume, final long unsentBytes) {}

        @Override
        public void onEnded(final ServedVolume volume, final VolumeStats left) {}

        @Override
        public void onDied(final ServedVolume volume, final String reason) {
            dead = volume.options().name() + ": " + reason;
        }
    }

    @BeforeEach
    void serve() throws VolumeException {
        final Settings settings = Settings.load(
                null,
                new Environment(Map.of(
                        "HOME",
                        home.toString(),
                        "VARVE_CONFIG",
                        "/dev/null",
                        "VARVE_CACHE_SIZE",
                        "64M",
                        "VARVE_CONTROL",
                        home.resolve("control").toString())));
        try (ObjectStore store = open()) {
            final VolumeCatalog catalog = new VolumeCatalog(store);
            catalog.create("one", 256 << 20);
            catalog.create("two", 256 << 20);
        }
        daemon = new Daemon(new Deadly(), new SharedReadCache(home, 0));
        server = Control.start(daemon, settings, own -> open(), Control.listen(settings), line -> {
            throw new AssertionError(line);
        });
        client = ControlClient.connect(home.resolve("control"));
    }

    @AfterEach
    void end() {
        client.close();
        server.close();
        daemon.end();
        daemon.volumes().forEach(volume -> volume.ended().join());
    }

    private ObjectStore open() {
        try {
            return DirectoryStore.open(home.resolve("store"), true);
        } catch (final StoreException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void isReportedHoldsUpNobodyAndCanBeAttachedAgain() throws IOException {
        try (FrontEnd one = FrontEnd.started(attach("one"), FrontEndOptions.DEFAULT);
                FrontEnd two = FrontEnd.started(attach("two"), FrontEndOptions.DEFAULT)) {
            final LoadGenerator load = new LoadGenerator(one, 1000, 4096, 16, 1);
            load.run(1000);
            takeOverAndClose();
            two.run(BlkRequest.write(0, new byte[4096]));
            two.channel().awaitEnd();
            await().until(() -> "failed".equals(status("two").get("state")));
            assertThat(dead).isEqualTo("two: java.lang.IllegalStateException: a fault in Varve");
            assertThat(status("two").get("trouble"))
                    .isEqualTo("the reactor failed: java.lang.IllegalStateException: a fault in Varve");
            load.run(1000);

            attach("two");
            two.reconnect();
            assertThat(two.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            assertThat(status("two").get("state")).isEqualTo("serving");
            load.run(1000);
            load.verifyAll(one);
        }
    }

    private void takeOverAndClose() {
        final ServedVolume thief = new Daemon(new Deadly(), new SharedReadCache(home, 0))
                .attach(new VolumeOptions(
                        "two",
                        this::open,
                        home.resolve("other"),
                        64 << 20,
                        GcPolicy.DEFAULT,
                        List.of(VhostUserPlan.at(home.resolve("thief"), SocketAccess.OWNER_ONLY)),
                        new OpeningChoices(false, true, false, false, false, false),
                        Duration.ofSeconds(20),
                        Duration.ofNanos(50_000),
                        0,
                        SessionOptions.HOLD_LIMIT));
        thief.ready().join();
        thief.end();
        thief.ended().join();
    }

    private Path attach(final String volume) {
        return Path.of((String) client.call("attach", Map.of("volume", volume)).get("socket_path"));
    }

    private Map<?, ?> status(final String volume) {
        return (Map<?, ?>)
                ((List<?>) client.call("status", Map.of("volume", volume)).get("volumes")).getFirst();
    }
}
