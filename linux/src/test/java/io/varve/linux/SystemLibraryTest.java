package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SystemLibraryTest {
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment source = arena.allocate(65536);
    private final MemorySegment compressed = arena.allocate(70000);
    private final MemorySegment target = arena.allocate(65536);

    @AfterEach
    void free() {
        arena.close();
    }

    @Test
    void saysWhatIsMissing() {
        assertThatThrownBy(() -> new SystemLibrary("libnone.so.9"))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("libnone.so.9 is not on this host: install it");
    }

    @Test
    void lz4AndZstandardReadWhatTheyWrote() {
        for (long i = 0; i < source.byteSize(); i++) {
            source.set(ValueLayout.JAVA_BYTE, i, (byte) (i / 100));
        }
        Lz4.load();
        final int length = Lz4.compress(source, compressed);
        assertThat(length).isBetween(1, 5000);
        assertThat(Lz4.decompress(compressed.asSlice(0, length), target)).isEqualTo(65536);
        assertThat(target.mismatch(source)).isEqualTo(-1);
        try (Zstd zstd = new Zstd()) {
            final long shorter = zstd.compress(source, compressed, 3);
            assertThat(shorter).isBetween(1L, 5000L);
            target.fill((byte) 0);
            assertThat(Zstd.decompress(compressed.asSlice(0, shorter), target)).isEqualTo(65536);
            assertThat(target.mismatch(source)).isEqualTo(-1);
            assertThat(Zstd.decompress(compressed.asSlice(0, shorter - 1), target))
                    .isNegative();
        }
    }

    @Test
    void whatHasNoRoomIsNotCompressed() {
        final byte[] noise = new byte[65536];
        new Random(1).nextBytes(noise);
        source.copyFrom(MemorySegment.ofArray(noise));
        Lz4.load();
        assertThat(Lz4.compress(source, compressed.asSlice(0, 60000))).isZero();
        try (Zstd zstd = new Zstd()) {
            assertThat(zstd.compress(source, compressed.asSlice(0, 60000), 1)).isZero();
        }
    }

    @Test
    void noiseIsRefused() {
        final byte[] noise = new byte[65536];
        final Random random = new Random(2);
        Lz4.load();
        Zstd.load();
        for (int i = 0; i < 1000; i++) {
            random.nextBytes(noise);
            compressed.copyFrom(MemorySegment.ofArray(noise));
            final MemorySegment some = compressed.asSlice(0, 1 + random.nextInt(65536));
            assertThat(Lz4.decompress(some, target)).isLessThan(65536);
            assertThat(Zstd.decompress(some, target)).isLessThan(65536);
        }
    }
}
