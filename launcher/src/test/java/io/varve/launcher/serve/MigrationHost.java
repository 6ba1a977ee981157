package io.varve.launcher.serve;

import static org.awaitility.Awaitility.await;

import io.varve.launcher.daemon.Daemon;
import io.varve.launcher.daemon.OpeningChoices;
import io.varve.launcher.daemon.ServedVolume;
import io.varve.launcher.daemon.SharedReadCache;
import io.varve.launcher.daemon.SocketAccess;
import io.varve.launcher.daemon.StoreOpener;
import io.varve.launcher.daemon.VhostUserPlan;
import io.varve.launcher.daemon.VolumeListener;
import io.varve.launcher.daemon.VolumeOptions;
import io.varve.launcher.daemon.VolumeStatus;
import io.varve.lsvd.VolumeStats;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.vhostuser.SessionOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A host with a daemon in the test's process, a cache directory and one volume. */
final class MigrationHost implements AutoCloseable {
    private final Path home;
    private final String name;
    private final StoreOpener store;
    private final Daemon daemon;
    private Duration holdLimit = SessionOptions.HOLD_LIMIT;
    private ServedVolume volume;

    MigrationHost(final Path home, final StoreOpener store) throws IOException {
        this(home, "data", store);
    }

    MigrationHost(final Path home, final String name, final StoreOpener store) throws IOException {
        this.home = Files.createDirectories(home);
        this.name = name;
        this.store = store;
        daemon = new Daemon(new Silent(), new SharedReadCache(home.resolve("cache"), 16 << 20));
    }

    /** Says nothing. */
    private static final class Silent implements VolumeListener {
        @Override
        public void onRetry(final ServedVolume volume, final String reason) {}

        @Override
        public void onWaiting(final ServedVolume volume, final String reason) {}

        @Override
        public void onReady(final ServedVolume volume) {}

        @Override
        public void onFailing(final ServedVolume volume, final String reason) {}

        @Override
        public void onShipping(final ServedVolume volume, final long unsentBytes) {}

        @Override
        public void onEnded(final ServedVolume volume, final VolumeStats left) {}

        @Override
        public void onDied(final ServedVolume volume, final String reason) {
            throw new AssertionError(reason);
        }
    }

    /** Front-ends wait no longer from the next attach on. */
    MigrationHost holdLimit(final Duration newLimit) {
        holdLimit = newLimit;
        return this;
    }

    MigrationHost attach() {
        return attach(false);
    }

    MigrationHost attach(final boolean isTakeOver) {
        volume = daemon.attach(new VolumeOptions(
                name,
                store,
                home.resolve("cache"),
                64 << 20,
                GcPolicy.DEFAULT,
                List.of(VhostUserPlan.at(socket(), SocketAccess.OWNER_ONLY)),
                new OpeningChoices(false, isTakeOver, false, false, false, false),
                Duration.ofSeconds(20),
                Duration.ofNanos(50_000),
                Integer.getInteger("varve.test.lanes", 0),
                holdLimit));
        volume.ready().join();
        return this;
    }

    Path cache() {
        return home.resolve("cache");
    }

    Path socket() {
        return home.resolve("socket");
    }

    ServedVolume volume() {
        return volume;
    }

    VolumeStatus status() {
        return volume.status();
    }

    void detach() {
        volume.end();
        await().until(() -> daemon.volume(name) == null);
    }

    @Override
    public void close() {
        daemon.end();
        daemon.volumes().forEach(each -> each.ended().join());
    }
}
