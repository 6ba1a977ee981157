package io.varve.testvms.powercut;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.launcher.torture.DiskHistory;
import io.varve.testvms.powercut.CutMark.Phase;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CutTest {
    private static final int ROUNDS = 200;
    private static final int BLOCK = 4096;
    private static final CutMark FLUSHED = new CutMark(0, Phase.FLUSHED, 5);
    private static final CutMark STORED = new CutMark(1, Phase.STORED, 9);

    @TempDir
    private Path directory;

    private final LogBytes log = new LogBytes();

    @BeforeEach
    void begin() throws IOException {
        Recording.begin(directory, FileSystem.EXT4, 1);
        try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(Recording.history(directory)))) {
            new DiskHistory(8).save(out);
        }
    }

    @Test
    void atAFlushHasWhatWasWrittenBeforeAndNothingElse() throws IOException {
        try (Recording recording = recording()) {
            assertThat(recording.numbers().boundaries()).isEqualTo(3);
            for (int i = 0; i < 3; i++) {
                final Cut cut = Cut.of(recording, i, 0);
                assertThat(cut.kept()).isEmpty();
                assertThat(cut.end()).isEqualTo(recording.boundary(cut.boundary()));
            }
            assertThat(recording.markBefore(Cut.of(recording, 1, 0).end())).isEqualTo(CutMark.NONE);
            assertThat(recording.markBefore(Cut.of(recording, 2, 0).end())).isEqualTo(FLUSHED);
        }
    }

    @Test
    void behindAFlushHasAnyOfWhatWasWrittenSince() throws IOException {
        final Set<List<Cut.Piece>> states = new HashSet<>();
        try (Recording recording = recording()) {
            final List<WriteLog.Entry> entries = recording.log().entries();
            // Behind the first flush: a mark, two writes, one that is durable at once.
            for (int round = 1; round <= ROUNDS; round++) {
                final Cut cut = Cut.of(recording, 5 + (round - 1) * 3 + 1, 0);
                assertThat(cut.boundary()).isEqualTo(1);
                assertThat(cut.end()).isBetween(3, 6);
                assertThat(recording.markBefore(cut.end())).isEqualTo(FLUSHED);
                assertThat(cut.kept())
                        .allSatisfy(piece ->
                                assertThat(entries.subList(3, cut.end())).contains(piece.entry()));
                if (cut.end() == 6) {
                    assertThat(cut.kept())
                            .contains(new Cut.Piece(
                                    entries.get(5), 0, entries.get(5).length()));
                }
                states.add(cut.kept());
            }
        }
        assertThat(states)
                .contains(List.of())
                .anySatisfy(kept -> assertThat(kept).hasSize(3))
                .anySatisfy(kept -> assertThat(kept).anyMatch(piece -> piece.length() == BLOCK));
    }

    @Test
    void behindAMarkHasNothingThatWasNotDurable() throws IOException {
        try (Recording recording = recording()) {
            assertThat(recording.numbers()).isEqualTo(new CutNumbers(3, List.of(1, 2)));
            final Cut first = Cut.of(recording, 3, 0);
            assertThat(first.boundary()).isEqualTo(1);
            assertThat(first.kept()).isEmpty();
            assertThat(recording.markBefore(first.end())).isEqualTo(FLUSHED);
            final Cut second = Cut.of(recording, 4, 0);
            assertThat(second.boundary()).isEqualTo(2);
            assertThat(second.kept()).isEmpty();
            assertThat(recording.markBefore(second.end())).isEqualTo(STORED);
            // With the last flush ignored, what is durable by itself is still there.
            assertThat(Cut.of(recording, 4, 1).kept())
                    .containsExactly(Cut.Piece.all(recording.log().entries().get(5)));
        }
    }

    @Test
    void ofADiskThatLiesLacksWhatWasFlushed() throws IOException {
        try (Recording recording = recording()) {
            final Cut cut = Cut.of(recording, 2, 2);
            assertThat(cut.boundary()).isZero();
            assertThat(recording.markBefore(cut.end())).isEqualTo(FLUSHED);
        }
    }

    @Test
    void isNotMadeOfARecordingWithoutItsEnd() throws IOException {
        log.mark(FLUSHED).writeTo(Recording.log(directory), 0);
        assertThatThrownBy(() -> Recording.open(directory)).hasMessageContaining("ends before the client did");
    }

    @Test
    void isNotMadeOfARecordingWithAGap() throws IOException {
        log.mark(STORED).writeTo(Recording.log(directory), 0);
        assertThatThrownBy(() -> Recording.open(directory)).hasMessageContaining("mark 0 is missing");
    }

    private Recording recording() throws IOException {
        log.write(1, 4, 1, 0).flush();
        log.mark(FLUSHED)
                .write(2, 8, 2, 0)
                .write(20, 8, 3, 0)
                .write(40, 1, 4, LogBytes.DURABLE)
                .flush();
        log.write(1, 4, 5, 0).mark(STORED).writeTo(Recording.log(directory), 0);
        return Recording.open(directory);
    }
}
