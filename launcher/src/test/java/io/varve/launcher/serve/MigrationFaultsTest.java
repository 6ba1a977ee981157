package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.varve.launcher.daemon.VolumeStatus.State;
import io.varve.launcher.serve.FaultyStore.Faults;
import io.varve.launcher.serve.FaultyStore.Step;
import io.varve.launcher.serve.FaultyStore.Way;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeException;
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
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guest moves between two daemons while the store fails, or a host is put back to an older state: it is on one side, with everything. */
@Timeout(120)
@SuppressWarnings("try")
class MigrationFaultsTest {
    private static final Duration HOLD_LIMIT = Duration.ofMillis(300);
    private static final int LOOKS = 20;
    private static final int FOR_EVER = Integer.MAX_VALUE;

    @TempDir
    private Path home;

    private final Faults faultsOfOne = new Faults();
    private final Faults faultsOfTwo = new Faults();
    private MigrationHost one;
    private MigrationHost two;

    @BeforeEach
    void start() throws IOException, VolumeException {
        try (ObjectStore store = open(new Faults())) {
            new VolumeCatalog(store).create("data", 256 << 20);
        }
        one = new MigrationHost(home.resolve("one"), () -> open(faultsOfOne)).attach();
        two = new MigrationHost(home.resolve("two"), () -> open(faultsOfTwo)).attach();
    }

    @AfterEach
    void end() {
        faultsOfOne.end();
        faultsOfTwo.end();
        one.close();
        two.close();
    }

    private ObjectStore open(final Faults faults) {
        try {
            return new FaultyStore(DirectoryStore.open(home.resolve("store"), true), faults);
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

    private void expectGuestAtTwo(final MovingGuest guest) throws IOException {
        guest.load().run(100);
        guest.load().verifyAll(guest);
        assertThat(two.status().state()).isEqualTo(State.SERVING);
        await().until(() -> one.status().state() == State.FOLLOWING);
    }

    @ParameterizedTest
    @CsvSource({
        "true, ANY, REFUSED",
        "true, ANY, ANSWER_LOST",
        "true, DATA, REFUSED",
        "true, DATA, ANSWER_LOST",
        "true, SEAL, REFUSED",
        "true, SEAL, ANSWER_LOST",
        "false, ANY, REFUSED",
        "false, EPOCH, REFUSED",
        "false, EPOCH, ANSWER_LOST"
    })
    void aStoreThatFailsAtAStepCostsNothingButTime(final boolean isSource, final Step step, final Way way)
            throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 1)) {
            guest.load().run(300);
            guest.beginMove(two.socket());
            guest.startLogging();
            final Faults faults = isSource ? faultsOfOne : faultsOfTwo;
            if (step == Step.DATA) {
                faults.fail(step, way, 2);
            }
            guest.load().run(100);
            if (step != Step.DATA) {
                faults.fail(step, way, 2);
            }
            guest.stop();
            guest.arrive();
            expectGuestAtTwo(guest);
            assertThat(faults.left()).isZero();
        }
    }

    @Test
    void aStoreThatStaysAwayEndsTheSourcesConnectionAndNothingElse() throws IOException {
        one.detach();
        one.holdLimit(HOLD_LIMIT).attach();
        try (MovingGuest guest = new MovingGuest(one.socket(), 2)) {
            guest.load().run(300);
            guest.beginMove(two.socket());
            guest.startLogging();
            faultsOfOne.fail(Step.ANY, Way.REFUSED, FOR_EVER);
            guest.load().run(100);
            assertThatThrownBy(guest::stop).isInstanceOf(IOException.class);
            assertThat(System.nanoTime() - guest.stoppedNs()).isGreaterThanOrEqualTo(HOLD_LIMIT.toNanos());
            guest.startThere();
            expectWaiting();

            faultsOfOne.end();
            guest.settle();
            expectGuestAtTwo(guest);
            assertThat(epochs()).isEqualTo(2);
        }
    }

    /** Its epoch is given up only when the store has just taken something; and it is, once that is so. */
    @Test
    void aGuestThatWasPausedGoesOnWithoutTheStore() throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 7)) {
            guest.load().run(300);
            faultsOfOne.fail(Step.CHECKPOINT, Way.REFUSED, FOR_EVER);
            guest.here().stop();
            await().until(() -> one.status().trouble() != null);
            faultsOfOne.fail(Step.ANY, Way.REFUSED, FOR_EVER);
            guest.here().start();
            guest.load().run(100);
            assertThat(one.status().state()).isEqualTo(State.SERVING);
            assertThat(epochs()).isEqualTo(1);

            guest.here().stop();
            faultsOfOne.end();
            guest.beginMove(two.socket());
            guest.arrive();
            expectGuestAtTwo(guest);
            assertThat(epochs()).isEqualTo(2);
        }
    }

    @Test
    void aSourceThatCannotFollowAgainYetDoesSoWhenTheStoreIsBack() throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 5)) {
            guest.load().run(300);
            guest.beginMove(two.socket());
            guest.startLogging();
            guest.load().run(100);
            faultsOfOne.refuseAllBehind(Step.SEAL);
            guest.stop();
            guest.arrive();
            await().until(() -> one.status().trouble() != null);
            assertThat(one.status().state()).isEqualTo(State.OPENING);

            faultsOfOne.end();
            expectGuestAtTwo(guest);
        }
    }

    @Test
    void aFrontEndIsToldOfADiskThatWasTakenAtOnceAndIsNotFollowedAgainYet() throws IOException {
        one.detach();
        one.attach(true);
        try (MovingGuest guest = new MovingGuest(one.socket(), 6)) {
            guest.load().run(300);
            guest.beginMove(two.socket());
            guest.startLogging();
            faultsOfOne.refuseAllBehind(Step.SEAL);
            guest.stop();
            guest.arrive();
            guest.load().run(100);
            await().until(() -> one.status().trouble() != null);

            guest.beginMove(one.socket());
            faultsOfOne.end();
            guest.startLogging();
            guest.stop();
            guest.arrive();
            guest.load().run(100);
            guest.load().verifyAll(guest);
            assertThat(one.status().state()).isEqualTo(State.SERVING);
        }
    }

    /** Two looks for the volume again and again, and does not take it. */
    private void expectWaiting() throws IOException {
        final int looks = faultsOfTwo.carriedOut(Step.ANY);
        await().until(() -> faultsOfTwo.carriedOut(Step.ANY) > looks + LOOKS);
        assertThat(two.status().state()).isEqualTo(State.TAKING);
        assertThat(epochs()).isEqualTo(1);
    }

    /** The seal stands behind a gap and does not count: only the log of that host can go on. */
    @Test
    void aSourceThatDiesBetweenItsSealAndItsLastObjectIsWaitedFor() throws IOException {
        one.detach();
        one.holdLimit(HOLD_LIMIT).attach();
        try (MovingGuest guest = new MovingGuest(one.socket(), 3)) {
            guest.load().run(300);
            guest.beginMove(two.socket());
            guest.startLogging();
            guest.load().run(100);
            faultsOfOne.fail(Step.DATA, Way.REFUSED, FOR_EVER);
            // Little, so that the seal is among the uploads that are under way at once.
            guest.load().run(10);
            assertThatThrownBy(guest::stop).isInstanceOf(IOException.class);
            assertThat(faultsOfOne.carriedOut(Step.SEAL)).isEqualTo(1);
            one.volume().hurry();
            one.detach();
            guest.startThere();
            expectWaiting();

            faultsOfOne.end();
            one.attach();
            guest.settle();
            expectGuestAtTwo(guest);
            assertThat(epochs()).isEqualTo(3);
        }
    }

    @Test
    void aHostThatIsPutBackToAnOlderStateFollows() throws IOException {
        try (MovingGuest guest = new MovingGuest(one.socket(), 4)) {
            guest.load().run(300);
            final Path copy = home.resolve("copy");
            copyTree(one.cache(), copy);
            guest.load().run(300);
            guest.move(two.socket());
            guest.load().run(300);

            one.detach();
            Files.move(one.cache(), home.resolve("lost"));
            Files.move(copy, one.cache());
            one.attach();
            assertThat(one.status().state()).isEqualTo(State.FOLLOWING);
            try (FrontEnd old = FrontEnd.started(one.socket(), FrontEndOptions.DEFAULT)) {
                old.queue(0).submit(BlkRequest.write(0, new byte[4096]), Framing.USUAL);
                old.queue(0).publish();
                await().until(() -> one.status().state() == State.TAKING);
                guest.load().run(300);
                assertThat(old.queue(0).poll()).isNull();
                assertThat(epochs()).isEqualTo(2);
                old.stop();
            }
            guest.load().verifyAll(guest);
            guest.move(one.socket());
            guest.load().run(100);
            guest.load().verifyAll(guest);
        }
    }

    private static void copyTree(final Path from, final Path to) throws IOException {
        final List<Path> files;
        try (Stream<Path> walk = Files.walk(from)) {
            files = walk.toList();
        }
        for (final Path file : files) {
            Files.copy(file, to.resolve(from.relativize(file).toString()));
        }
    }
}
