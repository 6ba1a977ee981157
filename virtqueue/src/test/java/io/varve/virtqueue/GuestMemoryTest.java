package io.varve.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.varve.linux.IoVec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GuestMemoryTest {
    private static final long NATIVE = 0x7000_0000_0000L;

    private final GuestMemory memory = new GuestMemory(List.of(
            new GuestMemory.Region(0x4000, 0x1000, NATIVE),
            new GuestMemory.Region(0x5000, 0x2000, NATIVE + 0x10_0000),
            new GuestMemory.Region(-0x1000, 0x1000, NATIVE + 0x20_0000)));
    private final IoVec pieces = new IoVec();

    @Test
    void translatesWithinOneRegion() {
        assertThat(memory.translate(0x4000, 0x1000)).isEqualTo(NATIVE);
        assertThat(memory.translate(0x4fff, 1)).isEqualTo(NATIVE + 0xfff);
        assertThat(memory.translate(0x6fff, 1)).isEqualTo(NATIVE + 0x10_1fff);
        assertThat(memory.translate(-1, 1)).isEqualTo(NATIVE + 0x20_0fff);
    }

    @Test
    void refusesRangesThatLeaveTheRegion() {
        assertThat(memory.translate(0x4fff, 2)).isEqualTo(GuestMemory.NOT_MAPPED);
        assertThat(memory.translate(0x3fff, 1)).isEqualTo(GuestMemory.NOT_MAPPED);
        assertThat(memory.translate(0x7000, 1)).isEqualTo(GuestMemory.NOT_MAPPED);
        assertThat(memory.translate(0x4000, Long.MAX_VALUE)).isEqualTo(GuestMemory.NOT_MAPPED);
        assertThat(memory.translate(0x4000, -1)).isEqualTo(GuestMemory.NOT_MAPPED);
        assertThat(memory.translate(-1, 2)).isEqualTo(GuestMemory.NOT_MAPPED);
        assertThat(GuestMemory.EMPTY.translate(0, 0)).isEqualTo(GuestMemory.NOT_MAPPED);
    }

    @Test
    void goesOnIntoTheNextRegion() {
        assertThat(memory.translate(0x4f00, 0x300, pieces)).isTrue();

        assertThat(pieces.count()).isEqualTo(2);
        assertThat(pieces.address(0)).isEqualTo(NATIVE + 0xf00);
        assertThat(pieces.length(0)).isEqualTo(0x100);
        assertThat(pieces.address(1)).isEqualTo(NATIVE + 0x10_0000);
        assertThat(pieces.length(1)).isEqualTo(0x200);
    }

    @Test
    void refusesPiecesThatAreInNoRegion() {
        assertThat(memory.translate(0x6fff, 2, pieces)).isFalse();
        assertThat(memory.translate(0x3fff, 2, pieces)).isFalse();
        assertThat(memory.translate(0x4000, -1, pieces)).isFalse();
    }

    @Test
    void doesNotWrapAtTheEndOfTheAddressSpace() {
        final GuestMemory wrapping = new GuestMemory(List.of(
                new GuestMemory.Region(-0x1000, 0x1000, NATIVE), new GuestMemory.Region(0, 0x1000, NATIVE * 2)));

        assertThat(wrapping.translate(-0x10, 0x20, pieces)).isFalse();
        assertThat(wrapping.copyOut(-0x10, 0, MemorySegment.NULL)).isTrue();
        assertThat(wrapping.translate(-0x10, 0x10, pieces)).isTrue();
    }

    @Test
    void refusesTablesThatAreNone() {
        assertThatIllegalArgumentException().isThrownBy(() -> new GuestMemory.Region(0x1000, 0, NATIVE));
        assertThatIllegalArgumentException().isThrownBy(() -> new GuestMemory.Region(0x1000, -1, NATIVE));
        assertThatIllegalArgumentException().isThrownBy(() -> new GuestMemory.Region(-0x1000, 0x1001, NATIVE));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GuestMemory(List.of(
                        new GuestMemory.Region(0x1000, 0x1000, NATIVE),
                        new GuestMemory.Region(0x1fff, 0x1000, NATIVE))));
        final List<GuestMemory.Region> many = new ArrayList<>();
        for (int i = 0; i <= GuestMemory.MAX_REGIONS; i++) {
            many.add(new GuestMemory.Region(i * 0x1000L, 0x1000, NATIVE));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new GuestMemory(many));
    }

    @Test
    void agreesWithALinearSearch() {
        final Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            final List<GuestMemory.Region> regions = new ArrayList<>();
            long address = random.nextInt(100);
            for (int i = random.nextInt(12); i >= 0; i--) {
                final int size = 1 + random.nextInt(50);
                regions.add(new GuestMemory.Region(address, size, NATIVE + random.nextInt(1 << 30)));
                address += size + (random.nextBoolean() ? 0 : random.nextInt(40));
            }
            java.util.Collections.shuffle(regions, random);
            final GuestMemory table = new GuestMemory(regions);
            for (int i = 0; i < 200; i++) {
                final long start = random.nextLong(address + 20);
                final int length = 1 + random.nextInt(80);
                assertThat(table.translate(start, length)).isEqualTo(search(regions, start, length));
                pieces.clear();
                assertThat(table.translate(start, length, pieces)).isEqualTo(covered(regions, start, length));
            }
        }
    }

    private static long search(final List<GuestMemory.Region> regions, final long start, final int length) {
        return regions.stream()
                .filter(r -> start >= r.address() && start + length <= r.address() + r.size())
                .mapToLong(r -> r.nativeAddress() + start - r.address())
                .findAny()
                .orElse(GuestMemory.NOT_MAPPED);
    }

    private static boolean covered(final List<GuestMemory.Region> regions, final long start, final int length) {
        for (long address = start; address < start + length; address++) {
            if (search(regions, address, 1) == GuestMemory.NOT_MAPPED) {
                return false;
            }
        }
        return true;
    }
}
