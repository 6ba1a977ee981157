package io.varve.launcher.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.varve.block.BlockDevice;
import io.varve.block.Extents;
import io.varve.launcher.UserException;
import io.varve.launcher.daemon.ProbeExport.ProbeSession;
import io.varve.launcher.daemon.VolumeStatus.FrontEndState;
import io.varve.launcher.daemon.VolumeStatus.State;
import io.varve.linux.UnixSocket;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeStats;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.DirtyBitmap;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.vhostuser.SessionOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A volume with two exports: one for a guest over vhost-user, and one whose clients are this test. */
@Timeout(60)
class SeveralSessionsTest {
    private static final int MIB = 1 << 20;
    private static final int BLOCK = 4096;

    @TempDir
    private Path home;

    private final List<Daemon> daemons = new ArrayList<>();
    private Path socket;
    private ProbeExport probe;
    private ServedVolume volume;

    @BeforeEach
    void createVolume() throws Exception {
        socket = home.resolve("socket");
        try (ObjectStore store = store()) {
            new VolumeCatalog(store).create("data", 64 * MIB);
        }
    }

    @AfterEach
    void end() {
        daemons.forEach(Daemon::end);
        daemons.forEach(daemon -> daemon.volumes().forEach(each -> each.ended().join()));
    }

    private ObjectStore store() throws IOException {
        return DirectoryStore.open(home.resolve("store"), true);
    }

    /** Says nothing. */
    private static class Silent implements VolumeListener {
        @Override
        public void onRetry(final ServedVolume of, final String reason) {}

        @Override
        public void onWaiting(final ServedVolume of, final String reason) {}

        @Override
        public void onReady(final ServedVolume of) {}

        @Override
        public void onFailing(final ServedVolume of, final String reason) {}

        @Override
        public void onShipping(final ServedVolume of, final long unsentBytes) {}

        @Override
        public void onEnded(final ServedVolume of, final VolumeStats left) {}

        @Override
        public void onDied(final ServedVolume of, final String reason) {
            throw new AssertionError(reason);
        }
    }

    private void attach(final boolean isReadOnly, final boolean isShared) {
        attach("data", isReadOnly, isShared);
    }

    private void attach(final String name, final boolean isReadOnly, final boolean isShared) {
        final ProbeExport.Plan plan = new ProbeExport.Plan();
        volume = attach(
                name,
                "here",
                List.of(VhostUserPlan.at(socket, SocketAccess.OWNER_ONLY), plan),
                new OpeningChoices(isReadOnly, false, false, false, false, isShared));
        probe = plan.export();
    }

    private ServedVolume attach(
            final String name, final String host, final List<ExportPlan> exports, final OpeningChoices choices) {
        final Daemon daemon = new Daemon(new Silent(), new SharedReadCache(home.resolve(host), 0));
        daemons.add(daemon);
        final ServedVolume attached = daemon.attach(new VolumeOptions(
                name,
                () -> {
                    try {
                        return store();
                    } catch (final IOException e) {
                        throw new UserException(e.getMessage(), e);
                    }
                },
                home.resolve(host),
                64 * MIB,
                GcPolicy.DEFAULT,
                exports,
                choices,
                Duration.ofMinutes(10),
                Duration.ofNanos(50_000),
                Integer.getInteger("varve.test.lanes", 0),
                SessionOptions.HOLD_LIMIT));
        attached.ready().join();
        return attached;
    }

    private static byte[] block(final int value) {
        final byte[] data = new byte[BLOCK];
        Arrays.fill(data, (byte) value);
        return data;
    }

    private static byte[] read(final ProbeSession session, final long offset) {
        final byte[] data = new byte[BLOCK];
        assertThat(session.read(offset, data)).isEqualTo(BlockDevice.STATUS_OK);
        return data;
    }

    private String waiting() {
        return volume.status().exports().getFirst().waiting();
    }

    @Test
    void aFrontEndWaitsUntilTheSessionThatMayWriteIsGoneAndStatusSaysSo() throws IOException {
        attach(false, false);
        final ProbeSession writer = probe.open("a writer", true);
        assertThat(waiting()).isNull();
        try (UnixSocket early = UnixSocket.connect(socket)) {
            await().until(() -> waiting() != null);
            assertThat(waiting()).contains("waits until the session that may write is gone");
            assertThat(volume.status().sessions())
                    .containsExactly(new SessionStatus(ProbeExport.PROTOCOL, "a writer", true, false));
            assertThat(early.awaitReadable(0)).isFalse();
            writer.close();
            await().until(() -> waiting() == null);
        }
        try (FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
        }
    }

    @Test
    void aSecondFrontEndOfOneSocketWaitsAndStatusSaysSo() throws IOException {
        attach(false, true);
        try (FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT);
                UnixSocket second = UnixSocket.connect(socket)) {
            await().until(() -> waiting() != null);
            assertThat(waiting()).isEqualTo("another front-end waits until this one is gone");
            assertThat(second.awaitReadable(0)).isFalse();
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
        }
        await().until(() -> waiting() == null);
    }

    @Test
    void readersReadBesideTheWriterAndNoneOfThemMayWrite() throws IOException {
        attach(false, false);
        try (FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            assertThat(frontEnd.run(BlkRequest.write(0, block(1))).status()).isEqualTo(BlkRequest.OK);
            assertThat(probe.mayWrite()).isFalse();
            assertThatThrownBy(() -> probe.open("too many", true)).hasCauseInstanceOf(IllegalStateException.class);
            final ProbeSession one = probe.open("one", false);
            final ProbeSession two = probe.open("two", false);
            assertThat(read(one, 0)).isEqualTo(block(1));
            assertThat(frontEnd.run(BlkRequest.write(0, block(2))).status()).isEqualTo(BlkRequest.OK);
            assertThat(read(one, 0)).isEqualTo(block(2));
            assertThat(read(two, 0)).isEqualTo(block(2));
            assertThat(volume.status().sessions())
                    .hasSize(3)
                    .filteredOn(SessionStatus::isWriter)
                    .hasSize(1);
            one.close();
            assertThat(read(two, 0)).isEqualTo(block(2));
            assertThat(frontEnd.run(BlkRequest.read(0, BLOCK)).in()).startsWith((byte) 2);
        }
    }

    @Test
    void ofASharedVolumeSeveralWriteAndSeeEachOther() throws IOException {
        attach(false, true);
        try (FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            final ProbeSession one = probe.open("one", true);
            final ProbeSession two = probe.open("two", true);
            assertThat(one.write(0, block(1))).isEqualTo(BlockDevice.STATUS_OK);
            assertThat(two.write(BLOCK, block(2))).isEqualTo(BlockDevice.STATUS_OK);
            assertThat(frontEnd.run(BlkRequest.write(2 * BLOCK, block(3))).status())
                    .isEqualTo(BlkRequest.OK);
            assertThat(two.flush()).isEqualTo(BlockDevice.STATUS_OK);
            for (int i = 0; i < 3; i++) {
                assertThat(read(one, (long) i * BLOCK)).isEqualTo(block(i + 1));
                assertThat(read(two, (long) i * BLOCK)).isEqualTo(block(i + 1));
                assertThat(frontEnd.run(BlkRequest.read((long) i * BLOCK, BLOCK))
                                .in())
                        .isEqualTo(block(i + 1));
            }
        }
    }

    @Test
    void theFirstRequestOfAnySessionHasTheVolumeTakenAndTheLastSessionLetsItGo() {
        attach(false, false);
        assertThat(volume.status().state()).isEqualTo(State.FOLLOWING);
        final ProbeSession reader = probe.open("reader", false);
        assertThat(volume.status().frontEnd()).isEqualTo(FrontEndState.CONNECTED);
        assertThat(volume.status().state()).isEqualTo(State.FOLLOWING);
        assertThat(read(reader, 0)).isEqualTo(block(0));
        assertThat(volume.status().frontEnd()).isEqualTo(FrontEndState.RUNNING);
        assertThat(volume.status().state()).isEqualTo(State.SERVING);
        reader.close();
        await().until(() -> volume.status().state() == State.FOLLOWING);
        assertThat(read(probe.open("another", false), 0)).isEqualTo(block(0));
    }

    @Test
    void aGuestThatStopsDoesNotTakeTheVolumeFromOthers() throws IOException {
        attach(false, false);
        final ProbeSession reader = probe.open("reader", false);
        try (FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            assertThat(frontEnd.run(BlkRequest.write(0, block(1))).status()).isEqualTo(BlkRequest.OK);
            assertThat(read(reader, 0)).isEqualTo(block(1));
            frontEnd.stop();
        }
        // For longer than the volume of a guest that has gone is kept.
        final long endNs = System.nanoTime() + Possession.GONE_GRACE_NS + Possession.GONE_GRACE_NS / 4;
        while (System.nanoTime() - endNs < 0) {
            assertThat(read(reader, 0)).isEqualTo(block(1));
            assertThat(volume.status().state()).isEqualTo(State.SERVING);
        }
        assertThat(probe.lost).isEmpty();
        reader.close();
        await().until(() -> volume.status().state() == State.FOLLOWING);
    }

    @Test
    void aGuestThatMovesToAnotherHostTakesTheVolumeAlongAndOtherSessionsEnd() throws Exception {
        attach(false, true);
        final ProbeSession other = probe.open("other", true);
        assertThat(other.write(0, block(1))).isEqualTo(BlockDevice.STATUS_OK);
        try (FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT);
                DirtyBitmap bitmap = DirtyBitmap.of(frontEnd.ram())) {
            frontEnd.startLogging(bitmap);
            assertThat(frontEnd.run(BlkRequest.write(BLOCK, block(2))).status()).isEqualTo(BlkRequest.OK);
            frontEnd.stopQueues();
            assertThat(probe.lost.poll(20, TimeUnit.SECONDS)).isEqualTo("the volume goes to another host");
            await().until(() -> volume.status().sessions().size() == 1);
            assertThatThrownBy(() -> read(other, 0)).hasMessageContaining("closed: DEVICE_LOST");
            await().until(() -> volume.status().state() != State.SERVING);
        }
        assertThat(read(probe.open("again", true), 0)).isEqualTo(block(1));
    }

    @Test
    void sessionsLoseAVolumeThatAnotherHostHasTaken() throws Exception {
        attach(false, false);
        final ProbeSession writer = probe.open("writer", true);
        assertThat(writer.write(0, block(1))).isEqualTo(BlockDevice.STATUS_OK);
        attach(
                "data",
                "elsewhere",
                List.of(VhostUserPlan.at(home.resolve("thief"), SocketAccess.OWNER_ONLY)),
                new OpeningChoices(false, true, false, false, false, false));
        int status = BlockDevice.STATUS_OK;
        try {
            while (status == BlockDevice.STATUS_OK) {
                status = writer.write(0, block(2));
            }
        } catch (final CompletionException e) {
            assertThat(e).hasMessageContaining("closed: DEVICE_LOST");
            status = BlockDevice.STATUS_GONE;
        }
        assertThat(status).isEqualTo(BlockDevice.STATUS_GONE);
        assertThat(probe.lost.poll(20, TimeUnit.SECONDS)).contains("another daemon has taken this volume");
        final ProbeSession late = probe.open("late", true);
        assertThat(late.read(0, new byte[BLOCK])).isEqualTo(BlockDevice.STATUS_GONE);
        assertThat(late.write(0, block(3))).isEqualTo(BlockDevice.STATUS_GONE);
        assertThat(late.extents(0, BLOCK, new Extents(1))).isEqualTo(BlockDevice.STATUS_GONE);
    }

    @Test
    void requestsLeftInFlightAreNotDoneAgainOverWhatAnotherExportHasWritten() {
        final ProbeExport.Plan one = new ProbeExport.Plan();
        final ProbeExport.Plan two = new ProbeExport.Plan();
        attach("data", "here", List.of(one, two), new OpeningChoices(false, false, false, false, false, false));
        write(one.export());
        assertThat(one.export().mayRepeat()).isTrue();
        read(two.export().open("reader", false), 0);
        assertThat(one.export().mayRepeat()).isTrue();
        write(two.export());
        assertThat(two.export().mayRepeat()).isTrue();
        assertThat(one.export().mayRepeat()).isFalse();
        write(one.export());
        assertThat(one.export().mayRepeat()).isTrue();
        assertThat(two.export().mayRepeat()).isFalse();
    }

    @Test
    void ofASharedVolumeEachDoesItsOwnAgain() {
        final ProbeExport.Plan one = new ProbeExport.Plan();
        final ProbeExport.Plan two = new ProbeExport.Plan();
        attach("data", "here", List.of(one, two), new OpeningChoices(false, false, false, false, false, true));
        write(one.export());
        write(two.export());
        assertThat(one.export().mayRepeat()).isTrue();
        assertThat(two.export().mayRepeat()).isTrue();
    }

    private static void write(final ProbeExport export) {
        final ProbeSession writer = export.open("writer", true);
        assertThat(writer.write(0, block(1))).isEqualTo(BlockDevice.STATUS_OK);
        writer.close();
    }

    @Test
    void anExportThatCannotBeMadeEndsTheOthersAtOnce() throws Exception {
        final VhostUserPlan taken = VhostUserPlan.at(socket, SocketAccess.OWNER_ONLY);
        final List<ExportPlan> plans = List.of(
                VhostUserPlan.at(home.resolve("first"), SocketAccess.OWNER_ONLY), new ProbeExport.Plan(), taken);
        Files.createFile(socket);
        assertThatThrownBy(() ->
                        attach("data", "here", plans, new OpeningChoices(true, false, false, false, false, false)))
                .hasRootCauseInstanceOf(UserException.class)
                .hasMessageContaining("is taken");
        assertThat(home.resolve("first")).doesNotExist();
    }

    @Test
    void aReadOnlyVolumeRefusesAllWhoWouldWrite() {
        attach(true, false);
        assertThat(probe.mayWrite()).isFalse();
        final ProbeSession reader = probe.open("reader", false);
        assertThat(reader.write(0, block(1))).isEqualTo(BlockDevice.STATUS_NOT_PERMITTED);
        assertThat(reader.discard(0, BLOCK)).isEqualTo(BlockDevice.STATUS_NOT_PERMITTED);
        assertThat(reader.flush()).isEqualTo(BlockDevice.STATUS_OK);
        assertThat(read(reader, 0)).isEqualTo(block(0));
    }

    @Test
    void tellsWhichPartsHoldDataOfACloneToo() throws Exception {
        attach(false, false);
        final ProbeSession writer = probe.open("writer", true);
        assertThat(writer.write(0, block(1))).isEqualTo(BlockDevice.STATUS_OK);
        assertThat(writer.write(10 * BLOCK, block(2))).isEqualTo(BlockDevice.STATUS_OK);
        assertThat(writer.write(20 * BLOCK, block(3))).isEqualTo(BlockDevice.STATUS_OK);
        assertThat(writer.discard(20 * BLOCK, BLOCK)).isEqualTo(BlockDevice.STATUS_OK);
        assertParts(writer);
        volume.commands().snapshot("s").get();
        writer.close();
        volume.end();
        volume.ended().join();
        try (ObjectStore store = store()) {
            final VolumeCatalog catalog = new VolumeCatalog(store);
            catalog.createClone("clone", VolumeSettings.ofSize(64 * MIB), catalog.snapshot("data", "s"));
        }
        attach("clone", false, false);
        assertParts(probe.open("reader", false));
    }

    private static void assertParts(final ProbeSession session) {
        final Extents all = new Extents(8);
        assertThat(session.extents(512, 64 * MIB - 512, all)).isEqualTo(BlockDevice.STATUS_OK);
        assertThat(all).hasToString("[3584, 36864, 4096, 67063808][true, false, true, false]");
        final Extents few = new Extents(2);
        assertThat(session.extents(0, 64 * MIB, few)).isEqualTo(BlockDevice.STATUS_OK);
        assertThat(few).hasToString("[4096, 36864][true, false]");
    }
}
