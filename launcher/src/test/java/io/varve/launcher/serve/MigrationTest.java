package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.varve.launcher.daemon.VolumeStatus.State;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.VolumeGuard;
import io.varve.lsvd.VolumeInfo;
import io.varve.lsvd.VolumeStanding;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreException;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two daemons on one store, and a guest that moves between them. */
@Timeout(120)
@SuppressWarnings("try")
class MigrationTest {
    /** Requests to the store, one behind the other, from a guest's last request here to its first one there. */
    private static final int MOST_REQUESTS = 5;

    private static final int CONFIG_CHANGE = 2;

    private static final long FOR_EVER_MS = 3_600_000;

    private static final long WCE_OFFSET = 32;

    @TempDir
    private Path home;

    private final SlowStore.Notes notesOfOne = new SlowStore.Notes();
    private final SlowStore.Notes notesOfTwo = new SlowStore.Notes();
    private MigrationHost one;
    private MigrationHost two;

    @BeforeEach
    void start() throws IOException, VolumeException {
        try (ObjectStore store = open(notesOfOne)) {
            new VolumeCatalog(store).create("data", 256 << 20);
        }
        one = new MigrationHost(home.resolve("one"), () -> open(notesOfOne)).attach();
        two = new MigrationHost(home.resolve("two"), () -> open(notesOfTwo)).attach();
    }

    @AfterEach
    void end() throws IOException {
        one.close();
        two.close();
        try (Stream<Path> files = Files.walk(home)) {
            assertThat(files.filter(file -> file.toString().contains("superseded")))
                    .as("logs that were kept, although their epochs were closed")
                    .isEmpty();
        }
    }

    private ObjectStore open(final SlowStore.Notes notes) {
        try {
            return new SlowStore(DirectoryStore.open(home.resolve("store"), true), notes);
        } catch (final StoreException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Number of epochs that were begun, not counting the creation. */
    private long epochs() throws IOException {
        try (Stream<Path> volumes = Files.list(home.resolve("store/volumes"));
                Stream<Path> records =
                        Files.list(volumes.findFirst().orElseThrow().resolve("epochs"))) {
            return records.count() - 1;
        }
    }

    @Test
    void isFollowedUntilTheFirstRingStarts() throws IOException {
        assertThat(one.status().state()).isEqualTo(State.FOLLOWING);
        assertThat(epochs()).isZero();
        try (FrontEnd frontEnd = new FrontEnd(one.socket(), FrontEndOptions.DEFAULT)) {
            frontEnd.connect();
            assertThat(frontEnd.capacity()).isEqualTo(256 << 20);
            assertThat(epochs()).isZero();
            frontEnd.start();
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            assertThat(one.status().state()).isEqualTo(State.SERVING);
            assertThat(epochs()).isEqualTo(1);
            assertThat(frontEnd.backEndChannel().awaitReadable(0))
                    .as("told of a change of the config space that there was not")
                    .isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void isSealedWhenItsGuestHasStopped(final boolean resetsStatus) throws IOException, VolumeException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 12).resetsStatus(resetsStatus);
                ObjectStore store = open(notesOfTwo)) {
            guest.load().run(300);
            guest.beginMove(two.socket());
            guest.startLogging();
            guest.load().run(100);
            notesOfOne.delay(100);
            guest.stop();
            assertThat(new VolumeCatalog(store).info("data").state()).isEqualTo(VolumeInfo.State.CLOSED);
            notesOfOne.delay(0);
            guest.arrive();
            guest.load().verifyAll(guest);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void movesThereAndBackUnderLoad(final boolean resetsStatus) throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 1).resetsStatus(resetsStatus)) {
            guest.load().run(500);
            final List<Long> pausesMs = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                guest.move((i % 2 == 0 ? two : one).socket());
                pausesMs.add((System.nanoTime() - guest.stoppedNs()) / 1_000_000);
                guest.load().run(200);
                guest.load().verifyAll(guest);
            }
            assertThat(epochs()).isEqualTo(9);
            System.out.println("from stop to first answer, with the store in a directory: " + pausesMs + " ms");
        }
    }

    @Test
    void asksTheStoreLittleBetweenTheLastRequestHereAndTheFirstThere() throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 2)) {
            guest.load().run(500);
            final List<Long> pausesMs = new ArrayList<>();
            notesOfOne.delay(30);
            notesOfTwo.delay(30);
            for (int i = 0; i < 6; i++) {
                final boolean isBack = i % 2 == 1;
                await().until(() -> (isBack ? one : two).status().state() == State.FOLLOWING);
                guest.beginMove((isBack ? one : two).socket());
                guest.startLogging();
                guest.load().run(300);
                final List<SlowStore.Request> requests = new ArrayList<>();
                guest.stop();
                final long stoppedNs = System.nanoTime();
                requests.addAll((isBack ? notesOfTwo : notesOfOne).longestSequence(guest.stoppedNs(), stoppedNs));
                guest.arrive();
                guest.load().run(1);
                final long pauseNs = System.nanoTime() - guest.stoppedNs();
                requests.addAll((isBack ? notesOfOne : notesOfTwo).longestSequence(stoppedNs, System.nanoTime()));
                pausesMs.add(pauseNs / 1_000_000);
                assertThat(requests).hasSizeLessThanOrEqualTo(MOST_REQUESTS);
            }
            notesOfOne.delay(0);
            notesOfTwo.delay(0);
            System.out.println("from stop to first answer, with 30 ms to the store: " + pausesMs + " ms");
            guest.load().verifyAll(guest);
        }
    }

    @Test
    void whatIsHotIsReadWithoutTheStoreAfterTheMove() throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 10)) {
            guest.load().run(2000);
            guest.beginMove(two.socket());
            guest.startLogging();
            await().until(() -> notesOfTwo.answered("/hot/") > 0 && notesOfTwo.isQuiet());
            guest.stop();
            guest.arrive();
            guest.load().run(1);
            final long reads = notesOfTwo.waitedFor("/log/");
            guest.load().verifyAll(guest);
            assertThat(notesOfTwo.waitedFor("/log/")).isEqualTo(reads);
            await().until(() -> two.status().stats().cache().hits() > 0);
        }
    }

    @Test
    void waitsForTheSealOfWhoeverHasIt() throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 3)) {
            guest.load().run(300);
            guest.beginMove(two.socket());
            guest.startThere();
            await().until(() -> two.status().state() == State.TAKING);
            assertThat(two.status().note()).contains("is being written by ");
            guest.load().run(300);
            assertThat(epochs()).isEqualTo(1);
            guest.startLogging();
            guest.stop();
            guest.settle();
            guest.load().run(300);
            guest.load().verifyAll(guest);
            assertThat(two.status().note()).isNull();
        }
    }

    @Test
    void aCancelledMoveGoesOnWhereItWas() throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 4)) {
            guest.load().run(300);
            for (int i = 0; i < 3; i++) {
                guest.beginMove(two.socket());
                guest.startLogging();
                guest.load().run(100);
                guest.cancelEarly();
                guest.load().run(100);

                guest.beginMove(two.socket());
                guest.startLogging();
                guest.load().run(100);
                guest.stop();
                guest.cancel();
                guest.load().run(100);
                guest.load().verifyAll(guest);
            }
            assertThat(epochs()).isEqualTo(4);
        }
    }

    @Test
    void aDestinationThatHadBegunLetsGoWhenItsFrontEndIsGone() throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 5)) {
            guest.load().run(300);
            guest.beginMove(two.socket());
            guest.startLogging();
            guest.stop();
            guest.startThere();
            await().until(() -> two.status().state() == State.SERVING);
            guest.cancel();
            guest.load().run(100);
            guest.load().verifyAll(guest);
            assertThat(epochs()).isEqualTo(3);
            await().until(() -> two.status().state() == State.FOLLOWING);
        }
    }

    @Test
    void aRebootCostsNoEpochAndAStopForGoodLetsGo() throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(one.socket(), FrontEndOptions.DEFAULT)) {
            for (int i = 0; i < 3; i++) {
                frontEnd.run(BlkRequest.write(0, new byte[4096]));
                frontEnd.stop();
                frontEnd.start();
            }
            assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            assertThat(epochs()).isEqualTo(1);
            frontEnd.stop();
            await().atMost(java.time.Duration.ofSeconds(30))
                    .until(() -> one.status().state() == State.FOLLOWING);
            try (FrontEnd other = FrontEnd.started(two.socket(), FrontEndOptions.DEFAULT)) {
                assertThat(other.run(BlkRequest.read(0, 4096)).status()).isEqualTo(BlkRequest.OK);
            }
        }
    }

    @Test
    void takesTheGuestsWriteCacheAlong() throws IOException {
        try (FrontEnd source = FrontEnd.started(one.socket(), FrontEndOptions.DEFAULT);
                FrontEnd destination = new FrontEnd(two.socket(), FrontEndOptions.DEFAULT)) {
            destination.connect();
            assertThat(destination.config().get((int) WCE_OFFSET)).isEqualTo((byte) 1);
            assertThat(source.setConfig((int) WCE_OFFSET, 0)).isZero();
            source.disconnect();
            destination.start();
            assertThat(destination.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            assertThat(destination.backEndChannel().request()).isEqualTo(CONFIG_CHANGE);
            assertThat(destination.getConfig((int) WCE_OFFSET, 1).get()).isZero();
        }
    }

    @Test
    void aSnapshotIsTakenOfAVolumeThatIsOnlyFollowed() throws IOException {
        one.volume().commands().snapshot("monday").join();
        assertThat(one.status().state()).isEqualTo(State.SERVING);
        await().until(() -> one.status().state() == State.FOLLOWING);
    }

    @Test
    void whatIsInTheRingsWaitsAndStopsWithThem() throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 6)) {
            guest.load().run(100);
            try (FrontEnd early = FrontEnd.started(two.socket(), FrontEndOptions.DEFAULT)) {
                early.queue(0).submit(BlkRequest.read(0, 4096), Framing.USUAL);
                early.queue(0).publish();
                await().until(() -> two.status().state() == State.TAKING);
                early.stop();
                assertThat(early.queue(0).poll()).isNull();
            }
            guest.load().run(100);
            guest.load().verifyAll(guest);
        }
    }

    @Test
    void aWriterThatIsShutOutIsNotHandedOverAndCanGoOnWithItsLog() throws IOException, VolumeException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 8);
                ObjectStore store = open(new SlowStore.Notes())) {
            guest.load().run(300);
            final VolumeGuard guard = new VolumeGuard(store);
            assertThat(guard.standing("data").isSealed()).isFalse();
            final VolumeStanding fenced = guard.fence("data");
            assertThat(fenced.isSealed()).isTrue();
            assertThat(fenced.isFree()).isFalse();
            assertThat(guard.fence("data")).isEqualTo(fenced);

            final BlkRequest write = BlkRequest.write(200 << 20, new byte[4096]);
            await().pollInSameThread().until(() -> guest.here().run(write).status() == BlkRequest.IOERR);
            guest.startLogging();
            assertThatThrownBy(guest::stop).isInstanceOf(IOException.class);
            await().until(() ->
                    two.status().note() != null && two.status().note().contains("was shut out"));
            assertThat(two.status().state()).isEqualTo(State.FOLLOWING);

            one.detach();
            one.attach();
            try (FrontEnd again = FrontEnd.started(one.socket(), FrontEndOptions.DEFAULT)) {
                guest.load().verifyAll(again);
            }
            try (FrontEnd other = FrontEnd.started(two.socket(), FrontEndOptions.DEFAULT)) {
                guest.load().verifyAll(other);
            }
            await().until(() -> guard.standing("data").isClosed());
            final VolumeStanding closed = guard.standing("data");
            assertThat(guard.fence("data")).isEqualTo(closed);
        }
    }

    @Test
    void whatADeadHostHadNotShippedIsRescuedToAClone() throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 9)) {
            guest.load().run(300);
            await().until(() -> one.status().stats().unsentBytes() == 0);
            notesOfOne.delay(FOR_EVER_MS);
            guest.load().run(300);
            two.detach();
            two.attach(true);
            guest.here().close();
            one.volume().hurry();
            one.detach();

            final String[] rescue = {
                "cache",
                "rescue",
                "data",
                "--clone",
                "rescued",
                "--store",
                "file://" + home.resolve("store"),
                "--cache",
                one.cache().toString()
            };
            final DaemonRig commands = new DaemonRig(home);
            assertThat(commands.ok(rescue)).matches("Saved [0-9]+ records, .* of epoch 1 to volume rescued.\n");
            assertThat(commands.run(rescue).err()).startsWith("varve: volume 'rescued' exists already");
            try (MigrationHost host =
                            new MigrationHost(home.resolve("three"), "rescued", () -> open(notesOfTwo)).attach();
                    FrontEnd frontEnd = FrontEnd.started(host.socket(), FrontEndOptions.DEFAULT)) {
                guest.load().verifyAll(frontEnd);
            }
            notesOfOne.delay(0);
        }
    }

    @Test
    void anyOrderOfMovesAndCancelsKeepsEverything() throws IOException {
        final Random random = new Random(7);
        MigrationHost here = one;
        try (MovingGuest guest = new MovingGuest(one.socket(), 7)) {
            for (int i = 0; i < 12; i++) {
                final MigrationHost there = here == one ? two : one;
                guest.load().run(random.nextInt(200));
                guest.beginMove(there.socket());
                guest.startLogging();
                guest.load().run(random.nextInt(200));
                switch (random.nextInt(4)) {
                    case 0 -> guest.cancelEarly();
                    case 1 -> {
                        guest.stop();
                        guest.cancel();
                    }
                    default -> {
                        guest.stop();
                        guest.arrive();
                        here = there;
                    }
                }
            }
            guest.load().run(200);
            guest.load().verifyAll(guest);
        }
    }
}
