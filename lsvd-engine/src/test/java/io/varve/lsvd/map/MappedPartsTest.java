package io.varve.lsvd.map;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.format.Blocks;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is mapped of a range, held against a bit for each block. */
class MappedPartsTest {
    private static final int BLOCKS = 3000;
    private static final int SECTOR = 512;

    private record Part(long length, boolean isMapped) {}

    @Test
    void tellsOfAnyRangeWhatABitForEachBlockTells() {
        final Random random = new Random(19);
        try (ExtentMap map = new ExtentMap()) {
            final BitSet model = new BitSet(BLOCKS);
            for (int i = 0; i < 500; i++) {
                final int from = random.nextInt(BLOCKS);
                final int to = from + 1 + random.nextInt(Math.min(40, BLOCKS - from));
                if (random.nextInt(3) == 0) {
                    map.remove(from, to - from);
                    model.clear(from, to);
                } else {
                    map.put(from, to - from, Location.inObject(i + 1, 0));
                    model.set(from, to);
                }
                check(map, model, random);
            }
        }
    }

    private static void check(final ExtentMap map, final BitSet model, final Random random) {
        final int sectors = BLOCKS * (Blocks.SIZE / SECTOR);
        final int first = random.nextInt(sectors);
        final long offset = (long) first * SECTOR;
        final long length = (1L + random.nextInt(sectors - first)) * SECTOR;
        long at = offset;
        for (final Part part : parts(map, offset, length, Integer.MAX_VALUE)) {
            for (long sector = at / SECTOR; sector < (at + part.length) / SECTOR; sector++) {
                final int block = (int) (sector / (Blocks.SIZE / SECTOR));
                assertThat(part.isMapped).as("block %d", block).isEqualTo(model.get(block));
            }
            at += part.length;
        }
        assertThat(at).isEqualTo(offset + length);
    }

    private static List<Part> parts(final ExtentMap map, final long offset, final long length, final int room) {
        final List<Part> parts = new ArrayList<>();
        MappedParts.tell(map, offset, length, (partLength, isMapped) -> {
            if (parts.size() == room) {
                return false;
            }
            parts.add(new Part(partLength, isMapped));
            return true;
        });
        return parts;
    }

    @Test
    void stopsWhenTheListenerHasNoRoom() {
        try (ExtentMap map = new ExtentMap()) {
            map.put(1, 1, Location.inObject(1, 0));
            map.put(3, 1, Location.inObject(2, 0));
            assertThat(parts(map, 0, 10L * Blocks.SIZE, 2))
                    .containsExactly(new Part(Blocks.SIZE, false), new Part(Blocks.SIZE, true));
        }
    }

    @Test
    void looksAtSoManyExtentsAndNoMore() {
        try (ExtentMap map = new ExtentMap()) {
            for (int i = 0; i < 2 * MappedParts.MAX_EXTENTS; i++) {
                map.put(2L * i, 1, Location.inObject(i + 1L, 0));
            }
            assertThat(parts(map, 0, 1L << 40, Integer.MAX_VALUE)).hasSize(2 * MappedParts.MAX_EXTENTS - 1);
        }
    }

    @Test
    void ofAnEmptyMapAllIsUnmapped() {
        try (ExtentMap map = new ExtentMap()) {
            assertThat(parts(map, SECTOR, 1L << 40, 9)).containsExactly(new Part(1L << 40, false));
        }
    }
}
