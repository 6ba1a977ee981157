package io.varve.testvms.blkio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A judge that lets everything pass would make every other test worthless. */
class DiskModelTest {
    private static final int BLOCK_SIZE = 512;
    private static final int BLOCKS = 16;

    private final DiskModel model = new DiskModel(BLOCK_SIZE, BLOCKS);
    private final MemorySegment buffer = Arena.ofAuto().allocate(4 * BLOCK_SIZE);

    @Test
    void expectsZerosWhereNothingWasWritten() {
        assertThatCode(() -> model.verify(buffer, 3)).doesNotThrowAnyException();
        buffer.set(ValueLayout.JAVA_BYTE, 4 * BLOCK_SIZE - 1, (byte) 1);
        assertThatThrownBy(() -> model.verify(buffer, 3))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("block 6 ")
                .hasMessageContaining("whose content it is: none");
    }

    @Test
    void refusesAnOlderWriteOnceALaterOneIsComplete() throws IOException {
        write(4, 4);
        model.fill(buffer, 4, 1);
        model.verify(buffer, 4);
        write(5, 1);
        assertThatThrownBy(() -> model.verify(buffer, 4))
                .hasMessageContaining("block 5 ")
                .hasMessageContaining("should hold tag 2")
                .hasMessageContaining("whose content it is: 1");
    }

    @Test
    void refusesTheContentOfAnotherBlock() {
        write(4, 4);
        model.fill(buffer, 5, 1);
        assertThatThrownBy(() -> model.verify(buffer, 4)).hasMessageContaining("block 4 ");
    }

    @Test
    void allowsOldOrNewForAWriteThatWasNeverCompletedButNotAMixture() throws IOException {
        write(0, 4);
        model.begin(1, 2, model.nextTag());
        model.fill(buffer, 0, 1);
        model.verify(buffer, 0);
        final MemorySegment second = buffer.asSlice(BLOCK_SIZE, BLOCK_SIZE);
        model.fill(second, 1, 2);
        model.verify(buffer, 0);
        model.fill(second.asSlice(0, BLOCK_SIZE / 2), 1, 1);
        assertThatThrownBy(() -> model.verify(buffer, 0)).hasMessageContaining("block 1 ");
    }

    @Test
    void isTheSameAfterItWasSavedAndLoaded(@TempDir final Path directory) throws IOException {
        write(0, 4);
        model.begin(2, 2, model.nextTag());
        final Path file = directory.resolve("model");
        model.save(file);
        final DiskModel loaded = DiskModel.load(file);
        assertThat(loaded.blockSize()).isEqualTo(BLOCK_SIZE);
        assertThat(loaded.blocks()).isEqualTo(BLOCKS);
        assertThat(loaded.nextTag()).isEqualTo(3);
        loaded.fill(buffer, 0, 1);
        loaded.verify(buffer, 0);
        loaded.fill(buffer.asSlice(2 * BLOCK_SIZE), 2, 2);
        loaded.verify(buffer, 0);
        loaded.fill(buffer.asSlice(0, BLOCK_SIZE), 0, 2);
        assertThatThrownBy(() -> loaded.verify(buffer, 0)).hasMessageContaining("block 0 ");
    }

    @Test
    void refusesAFileThatIsNoModel(@TempDir final Path directory) throws IOException {
        final Path file = Files.writeString(directory.resolve("model"), "something else");
        assertThatThrownBy(() -> DiskModel.load(file)).hasMessageContaining("not a model");
    }

    private void write(final int first, final int count) {
        model.begin(first, count, model.nextTag());
        model.complete(first, count);
    }
}
