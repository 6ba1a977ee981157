package io.varve.linux;

import static io.varve.linux.LinuxFileTest.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NoFdLeaks.class)
class MappingTest {
    private static final int PAGE = Memory.PAGE_SIZE;

    @Test
    void sharesTheMemoryOfAFile() throws Exception {
        try (MemFd memFd = MemFd.create("test", 4 * PAGE);
                Mapping one = Mapping.ofFile(memFd.fd(), 0, 4 * PAGE);
                Mapping two = Mapping.ofFile(memFd.fd(), PAGE + 100, PAGE);
                Mapping three = Mapping.ofFileReadOnly(memFd.fd(), 3 * PAGE, 10)) {
            Memory.putLong(one.address() + PAGE + 100, 0x1122334455667788L);
            assertThat(Memory.getLong(two.address())).isEqualTo(0x1122334455667788L);
            assertThat(two.length()).isEqualTo(PAGE);
            Memory.putByte(two.address() + PAGE - 1, (byte) 9);
            assertThat(Memory.getByte(one.address() + 2 * PAGE + 99)).isEqualTo((byte) 9);
            Memory.putByte(one.address() + 3 * PAGE + 9, (byte) 5);
            assertThat(three.segment().get(ValueLayout.JAVA_BYTE, 9)).isEqualTo((byte) 5);
            assertThatThrownBy(() -> three.segment().get(ValueLayout.JAVA_BYTE, 10))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void staysWhenTheDescriptorIsClosedAndGoesOnce() throws Exception {
        final Mapping mapping;
        try (MemFd memFd = MemFd.create("test-unmap", PAGE)) {
            mapping = Mapping.ofFile(memFd.fd(), 0, PAGE);
        }
        Memory.putInt(mapping.address(), 1);
        assertThat(isMapped("test-unmap")).isTrue();
        assertThat(mapping.isClosed()).isFalse();
        mapping.close();
        mapping.close();
        assertThat(mapping.isClosed()).isTrue();
        assertThat(isMapped("test-unmap")).isFalse();
    }

    private static boolean isMapped(final String name) throws Exception {
        return Files.readString(Path.of("/proc/self/maps")).contains(name);
    }

    @Test
    void refusesWhatIsNoRange() throws Exception {
        try (MemFd memFd = MemFd.create("test", PAGE)) {
            final int fd = memFd.fd();
            assertThatIllegalArgumentException().isThrownBy(() -> Mapping.ofFile(fd, -1, 1));
            assertThatIllegalArgumentException().isThrownBy(() -> Mapping.ofFile(fd, 0, 0));
            assertThatIllegalArgumentException().isThrownBy(() -> Mapping.ofFile(fd, 0, -1));
            assertThatIllegalArgumentException().isThrownBy(() -> Mapping.ofFile(fd, Long.MAX_VALUE, 1));
            assertThatIllegalArgumentException().isThrownBy(() -> Mapping.ofFile(fd, 1, Long.MAX_VALUE));
            assertThatIllegalArgumentException().isThrownBy(() -> Mapping.anonymous(0));
            assertThatIllegalArgumentException().isThrownBy(() -> Mapping.anonymous(Long.MAX_VALUE));
            assertFails(Errno.ENOMEM, "mmap", () -> Mapping.ofFile(fd, 0, 1L << 60));
        }
        assertFails(Errno.EBADF, "fstatfs", () -> Mapping.ofFile(1 << 20, 0, 1));
        try (EventFd event = EventFd.create()) {
            assertFails(Errno.ENODEV, "mmap", () -> Mapping.ofFile(event.fd(), 0, PAGE));
        }
    }

    @Test
    void memoryOfAnArenaEndsWithIt() throws Exception {
        final MemorySegment memory;
        try (Arena arena = Arena.ofShared()) {
            memory = Mapping.reserve(3 * PAGE + 1, arena);
            assertThat(memory.byteSize()).isEqualTo(3 * PAGE + 1);
            assertThat(memory.address() % PAGE).isZero();
            assertThat(memory.get(ValueLayout.JAVA_BYTE, 3 * PAGE)).isZero();
            memory.fill((byte) 1);
            final MemorySegment large = Mapping.reserve((5 << 20) + 1, arena);
            assertThat(large.address() % (2 << 20)).isZero();
            large.fill((byte) 1);
            assertThatIllegalArgumentException().isThrownBy(() -> Mapping.reserve(0, arena));
            assertThatThrownBy(() -> Mapping.reserve(1L << 60, arena))
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessageContaining("ENOMEM");
        }
        assertThatThrownBy(() -> memory.fill((byte) 2)).isInstanceOf(IllegalStateException.class);
        try (EventFd event = EventFd.create()) {
            assertThat(Libc.write(event.fd(), memory.address(), 8))
                    .as("unmapped")
                    .isEqualTo(-Errno.EFAULT);
        }
    }

    @Test
    void aFileThatShrinksThrowsAndDoesNotKill() throws Exception {
        try (MemFd memFd = MemFd.create("test", 2 * PAGE);
                Mapping mapping = Mapping.ofFile(memFd.fd(), 0, 2 * PAGE)) {
            Memory.putLong(mapping.address() + PAGE, 1);
            memFd.resize(PAGE);
            assertThatThrownBy(() -> {
                        Memory.copy(mapping.address() + PAGE, new byte[64], 0, 64);
                        Thread.yield();
                    })
                    .isInstanceOf(InternalError.class);
            try (EventFd event = EventFd.create()) {
                assertThat(Libc.write(event.fd(), mapping.address() + PAGE, 8)).isEqualTo(-Errno.EFAULT);
            }
        }
    }

    @Test
    void sealsAMemFd() throws Exception {
        try (MemFd memFd = MemFd.create("test", PAGE);
                EventFd event = EventFd.create()) {
            assertThat(MemFd.seals(memFd.fd())).isZero();
            memFd.addSeals(MemFd.F_SEAL_SHRINK);
            assertThat(MemFd.seals(memFd.fd())).isEqualTo(MemFd.F_SEAL_SHRINK);
            assertFails(Errno.EPERM, "ftruncate", () -> memFd.resize(0));
            memFd.resize(2 * PAGE);
            memFd.addSeals(MemFd.F_SEAL_SEAL | MemFd.F_SEAL_GROW);
            assertFails(Errno.EPERM, "F_ADD_SEALS", () -> memFd.addSeals(MemFd.F_SEAL_WRITE));
            assertThat(FdStat.of(memFd.fd()).size()).isEqualTo(2 * PAGE);
            assertThat(MemFd.seals(event.fd())).as("a file that has no seals").isZero();
            assertFails(Errno.EBADF, "F_GET_SEALS", () -> MemFd.seals(1 << 20));
        }
    }

    @Test
    void aMemFdThatCanNotBeMadeLeavesNothing() {
        assertFails(Errno.EINVAL, "memfd_create", () -> MemFd.create("n".repeat(250), 1));
        assertFails(Errno.EINVAL, "ftruncate", () -> MemFd.create("n", -1));
    }

    @Test
    void alignsUpAndDown() {
        assertThat(Mapping.alignDown(2L << 20, 2L << 20)).isEqualTo(2L << 20);
        assertThat(Mapping.alignDown((2L << 20) - 1, 2L << 20)).isZero();
        assertThat(Mapping.alignUp(1, 4096)).isEqualTo(4096);
        assertThat(Mapping.alignUp(4096, 4096)).isEqualTo(4096);
        assertThat(Mapping.alignUp(0, 4096)).isZero();
    }
}
