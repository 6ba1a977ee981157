package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.varve.linux.Answers.Answer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Eventfds whose other owner has made them blocking and full. */
@ExtendWith(NoFdLeaks.class)
@Timeout(20)
class IoUringSignalTest {
    private static final int F_SETFL = 4;
    private static final int O_RDWR = 2;
    private static final long SHORT_NS = 20_000_000;

    private final Answers answers = new Answers();
    private IoRing ring;
    private EventFd event;
    private int id;

    @BeforeEach
    void setUp() throws Exception {
        ring = IoRings.open(8);
        assumeTrue(ring.isNative(), "no io_uring here");
        id = ring.register(answers);
        event = EventFd.create();
        try (Mapping value = Memory.allocate(Long.BYTES)) {
            Memory.putLong(value.address(), -2);
            assertThat(Libc.write(event.fd(), value.address(), Long.BYTES)).isEqualTo(Long.BYTES);
        }
        assertThat(Libc.fcntl(event.fd(), F_SETFL, O_RDWR)).isZero();
    }

    @AfterEach
    void tearDown() {
        ring.close();
        event.close();
    }

    @Test
    void areSignalledWithoutWaiting() {
        ring.signal(event.fd(), id, 3);
        assertThat(ring.turn(SHORT_NS)).isZero();
        assertThat(event.drain()).isEqualTo(-2);
        IoRingContract.turnUntil(ring, () -> !answers.list().isEmpty());
        assertThat(answers.take()).containsExactly(new Answer(3, Long.BYTES, false));
        assertThat(event.drain()).isEqualTo(1);
    }

    @Test
    void doNotHoldUpTheEnd() {
        ring.signal(event.fd(), id, 3);
        ring.turn(0);
        ring.unregister(id);
        while (ring.pending() > 0) {
            ring.turn(SHORT_NS);
        }
        id = ring.register(answers);
        ring.signal(event.fd(), id, 4);
        ring.turn(0);
        assertThat(answers.list()).isEmpty();
    }
}
