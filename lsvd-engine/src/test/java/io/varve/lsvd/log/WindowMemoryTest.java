package io.varve.lsvd.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.linux.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WindowMemoryTest {
    private static final int LENGTH = 2 * Mapping.HUGE_PAGE;

    private final WindowMemory windows = new WindowMemory(TimeUnit.HOURS.toNanos(1));

    @Test
    void isThatOfTheWindowBefore() {
        final long address = leave(windows, LENGTH);
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment memory = windows.take(LENGTH, arena);
            assertThat(memory.address()).isEqualTo(address);
            assertThat(memory.byteSize()).isEqualTo(LENGTH);
            assertThat(memory.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
        }
        assertThat(leave(windows, LENGTH)).isEqualTo(address);
    }

    @Test
    void belongsToOneWindow() {
        leave(windows, LENGTH);
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment first = windows.take(LENGTH, arena);
            final MemorySegment second = windows.take(LENGTH, arena);
            second.fill((byte) 2);
            first.fill((byte) 1);
            assertThat(second.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 2);
        }
        leave(windows, LENGTH);
    }

    @Test
    void isNotReachableAnyMoreOnceItIsLeft() {
        final MemorySegment memory;
        try (Arena arena = Arena.ofConfined()) {
            memory = windows.take(LENGTH, arena);
        }
        assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void fitsExactly() {
        leave(windows, LENGTH);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(windows.take(2 * LENGTH, arena).byteSize()).isEqualTo(2 * LENGTH);
            assertThat(windows.take(4096, arena).byteSize()).isEqualTo(4096);
        }
    }

    @Test
    void isFreedWhenNobodyTakesIt() throws Exception {
        final WindowMemory brief = new WindowMemory(TimeUnit.MILLISECONDS.toNanos(20));
        leave(brief, LENGTH);
        final long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (brief.isKeeping()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(10);
        }
    }

    @Test
    void staysWithWhoTookItInTime() throws Exception {
        final WindowMemory brief = new WindowMemory(TimeUnit.MILLISECONDS.toNanos(200));
        leave(brief, LENGTH);
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment memory = brief.take(LENGTH, arena);
            Thread.sleep(400);
            memory.fill((byte) 3);
            assertThat(brief.isKeeping()).isFalse();
        }
    }

    private static long leave(final WindowMemory windows, final int length) {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment memory = windows.take(length, arena);
            memory.fill((byte) 1);
            return memory.address();
        }
    }
}
