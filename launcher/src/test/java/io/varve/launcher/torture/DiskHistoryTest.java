package io.varve.launcher.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class DiskHistoryTest {
    private final DiskHistory history = new DiskHistory(32);
    private final long[] seen = new long[32];

    @Test
    void aForkStampsWithNothingThatStandsThereAlready() {
        final long[] seen = new long[8];
        for (int round = 0; round < 3; round++) {
            final DiskHistory fork = new DiskHistory(8).fork(seen);
            for (int i = 0; i < 5; i++) {
                final Operation write = fork.submitWrite(i, 1);
                assertThat(seen).doesNotContain(write.stamp());
                seen[(i + round) % 8] = write.stamp();
            }
        }
    }

    @Test
    void everythingThatCompletedIsExpected() {
        final Operation first = write(0, 8);
        final Operation second = write(4, 8);
        see(first, second);
        assertThat(history.judge(seen, history.now(), "then")).isZero();
    }

    @Test
    void aMissingWriteIsFoundWhenItMayNotBeMissing() {
        final Operation first = write(0, 8);
        final long between = history.now();
        write(8, 8);
        see(first);
        assertThat(history.check(seen, between, "then")).isEqualTo(1);
        assertThatThrownBy(() -> history.check(seen, history.now(), "then")).hasMessageContaining("too old");
    }

    @Test
    void aHoleInTheOrderIsFound() {
        write(0, 8);
        see(write(8, 8));
        assertThatThrownBy(() -> history.check(seen, 0, "then")).hasMessageContaining("no cut of the history");
    }

    @Test
    void whatWasInFlightTogetherHasNoOrder() {
        final Operation first = history.submitWrite(0, 8);
        final Operation second = history.submitWrite(8, 8);
        history.complete(first);
        history.complete(second);
        see(second);
        assertThat(history.check(seen, 0, "then")).isEqualTo(1);
    }

    @Test
    void whatDidNotCompleteMayBeThereInPartButNoBlockTorn() {
        final Operation inFlight = history.submitWrite(0, 16);
        see(inFlight);
        assertThat(history.check(seen, history.now(), "then")).isZero();
        java.util.Arrays.fill(seen, 0, 8, 0);
        assertThat(history.check(seen, history.now(), "then")).isEqualTo(1);
        seen[8] = 0;
        assertThatThrownBy(() -> history.check(seen, history.now(), "then")).hasMessageContaining("a block is torn");
    }

    @Test
    void onlyOneOperationLiesAcrossACut() {
        final Operation first = history.submitWrite(0, 16);
        final Operation second = history.submitWrite(16, 16);
        see(first, second);
        java.util.Arrays.fill(seen, 8, 24, 0);
        assertThatThrownBy(() -> history.check(seen, 0, "then")).hasMessageContaining("two operations");
    }

    @Test
    void aTrimThatIsUndoneIsFound() {
        final Operation write = write(0, 8);
        final Operation trim = history.submitTrim(0, 8);
        history.complete(trim);
        final Operation later = write(8, 8);
        see(write, later);
        assertThatThrownBy(() -> history.check(seen, 0, "then")).hasMessageContaining("no cut of the history");
        see(trim, later);
        assertThat(history.check(seen, history.now(), "then")).isZero();
    }

    @Test
    void zerosMayBeOfAnyTrim() {
        write(0, 8);
        history.complete(history.submitTrim(0, 8));
        assertThat(history.check(seen, 0, "then")).isZero();
        assertThat(history.check(seen, history.now(), "then")).isZero();
    }

    @Test
    void aStampOfNoOneIsFound() {
        write(0, 8);
        seen[3] = 77;
        assertThatThrownBy(() -> history.check(seen, 0, "then")).hasMessageContaining("sector 3 holds 77");
    }

    @Test
    void anotherHistoryKnowsNoStampOfThisOne() {
        see(write(0, 8));
        final DiskHistory fork = history.fork(seen);
        see(write(0, 8));
        assertThatThrownBy(() -> fork.check(seen, 0, "then")).hasMessageContaining("is none of");
    }

    @Test
    void isTheSameToAnotherProcess() throws IOException {
        final Operation first = write(0, 8);
        final Operation trim = history.submitTrim(16, 8);
        history.complete(trim);
        final Operation open = history.submitWrite(0, 8);
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        history.save(new DataOutputStream(bytes));
        final DiskHistory other = DiskHistory.load(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));

        assertThat(other.operationCount()).isEqualTo(3);
        see(first);
        assertThat(other.check(seen, other.now(), "then")).isEqualTo(1);
        see(open);
        assertThat(other.check(seen, other.now(), "then")).isZero();
        seen[0] = first.stamp();
        assertThatThrownBy(() -> other.check(seen, 0, "then")).hasMessageContaining("torn");
        java.util.Arrays.fill(seen, 0);
        assertThatThrownBy(() -> other.check(seen, trim.submitted(), "then"))
                .hasMessageContaining("may not be missing");
    }

    @Test
    void theBoundInBytesCountsOnlyWhatSurelyCameLater() {
        for (int i = 0; i < 10; i++) {
            write(i % 4 * 8, 8);
        }
        final long least = history.cutWithin(8 * DiskHistory.SECTOR_SIZE * 3);
        assertThat(least).isEqualTo(13);
        assertThat(history.cutWithin(1 << 20)).isZero();
    }

    private Operation write(final int sector, final int count) {
        final Operation write = history.submitWrite(sector, count);
        history.complete(write);
        return write;
    }

    private void see(final Operation... operations) {
        for (final Operation operation : operations) {
            java.util.Arrays.fill(seen, operation.sector(), operation.sector() + operation.count(), operation.stamp());
        }
    }
}
