package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NoFdLeaks.class)
class IoRingsTest {
    private static final int SYS_IO_URING_SETUP = 425;
    private static final int SYS_IO_URING_ENTER = 426;

    private String property;

    @BeforeEach
    void setUp() {
        property = System.getProperty(IoRings.PROPERTY);
        System.clearProperty(IoRings.PROPERTY);
    }

    @AfterEach
    void tearDown() {
        if (property == null) {
            System.clearProperty(IoRings.PROPERTY);
        } else {
            System.setProperty(IoRings.PROPERTY, property);
        }
    }

    @Test
    void picksWhatWorks() throws Exception {
        try (IoRing ring = IoRings.open(8)) {
            assertThat(ring.isNative()).isEqualTo(IoRings.refusal() == null);
        }
    }

    @Test
    void takesWhatIsForced() throws Exception {
        System.setProperty(IoRings.PROPERTY, "threads");
        try (IoRing ring = IoRings.open(8)) {
            assertThat(ring.isNative()).isFalse();
            assertThat(IoRings.refusal())
                    .isEqualTo("io_uring is turned off by -Dvarve.io=threads, using a thread pool instead");
        }
        System.setProperty(IoRings.PROPERTY, "uring");
        try (IoRing ring = IoRings.open(8)) {
            assertThat(ring.isNative()).isTrue();
            assertThat(IoRings.refusal()).isNull();
        }
        System.setProperty(IoRings.PROPERTY, "magic");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IoRings.open(8))
                .withMessage("varve.io is uring or threads, not magic");
    }

    @Test
    void saysWhyIoUringIsNotUsed() throws Exception {
        assertThat(refused(SYS_IO_URING_SETUP, Errno.EPERM, IoRings::probe))
                .isEqualTo("io_uring is not permitted here (EPERM), using a thread pool instead");
        assertThat(refused(SYS_IO_URING_SETUP, Errno.ENOSYS, IoRings::probe))
                .isEqualTo("io_uring is not known to this kernel (ENOSYS), using a thread pool instead");
        assertThat(refused(SYS_IO_URING_SETUP, Errno.EINVAL, IoRings::probe))
                .isEqualTo("io_uring does not work here (EINVAL), using a thread pool instead");
        assertThat(refused(SYS_IO_URING_ENTER, Errno.EPERM, IoRings::probe))
                .isEqualTo("io_uring is not permitted here (EPERM), using a thread pool instead");
    }

    @Test
    void failsWhereItIsForcedAndRefused() throws Exception {
        System.setProperty(IoRings.PROPERTY, "uring");
        refused(SYS_IO_URING_SETUP, Errno.EPERM, () -> {
            assertThatExceptionOfType(ErrnoException.class)
                    .isThrownBy(() -> IoRings.open(8))
                    .withMessage("io_uring_setup: Operation not permitted (EPERM)");
            return null;
        });
    }

    /** Calls on a thread of its own for which a system call is refused, as by a container's seccomp filter. */
    private static <T> T refused(final int systemCall, final int errno, final Callable<T> callable) throws Exception {
        final FutureTask<T> task = new FutureTask<>(() -> {
            Seccomp.refuse(systemCall, errno);
            return callable.call();
        });
        new Thread(task).start();
        return task.get();
    }
}
