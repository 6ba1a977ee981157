package io.varve.linux;

import static io.varve.linux.LinuxFileTest.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NoFdLeaks.class)
@Timeout(20)
class EventFdTest {
    @Test
    void countsSignals() throws Exception {
        try (EventFd event = EventFd.create()) {
            assertThat(event.drain()).isZero();
            event.signal();
            assertThat(EventFd.signal(event.fd())).isZero();
            assertThat(event.drain()).isEqualTo(2);
            assertThat(event.drain()).isZero();
        }
    }

    @Test
    void doesNotWaitOnABlockingOneThatCameFromAPeer() throws Exception {
        final int fd = Libc.eventfd(0, 0);
        try {
            assertThat(EventFd.drain(fd))
                    .as("without waiting, though it blocks")
                    .isZero();
            EventFd.prepare(fd);
            assertThat(Fd.statusFlags(fd) & Fd.O_NONBLOCK).isNotZero();
            fill(fd);
            assertThat(EventFd.signal(fd)).as("full: the peer has been told").isZero();
            assertThat(EventFd.drain(fd)).isEqualTo(-2);
        } finally {
            Fd.close(fd);
        }
    }

    private static void fill(final int fd) throws ErrnoException {
        try (Mapping memory = Memory.allocate(8)) {
            Memory.putLong(memory.address(), -2);
            assertThat(Libc.write(fd, memory.address(), 8)).isEqualTo(8);
        }
    }

    @Test
    void refusesWhatIsNoEventFd() throws Exception {
        try (MemFd memFd = MemFd.create("no eventfd", 8)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> EventFd.prepare(memFd.fd()))
                    .withMessageContaining("no eventfd");
        }
        assertFails(Errno.EBADF, "fd 1048576", () -> EventFd.prepare(1 << 20));
        assertThat(EventFd.signal(1 << 20)).isEqualTo(-Errno.EBADF);
        assertThat(EventFd.signal(-1)).isEqualTo(-Errno.EBADF);
        assertThat(EventFd.drain(1 << 20)).isZero();
    }

    @Test
    void drainingWhatIsNoEventFdDoesNotWait() throws Exception {
        final UnixSocket[] pair = UnixSocket.pair();
        try (UnixSocket left = pair[0];
                UnixSocket right = pair[1]) {
            assertThat(EventFd.drain(left.fd())).isZero();
            assertThat(EventFd.drain(right.fd())).isZero();
        }
    }
}
