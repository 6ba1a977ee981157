package io.varve.linux;

import java.io.UncheckedIOException;

/**
 * Opens the ring that works here: io_uring where it is permitted, else a thread pool. The system property
 * {@value #PROPERTY} forces one of them: {@code uring} or {@code threads}.
 */
public final class IoRings {
    /** System property that forces one kind of ring: {@code uring} or {@code threads}. */
    public static final String PROPERTY = "varve.io";

    /** Number of entries that suits a reactor. */
    public static final int DEFAULT_ENTRIES = 256;

    private IoRings() {}

    /** What a probe found out, once. */
    private static final class Probe {
        static final String REFUSAL = probe();
    }

    /**
     * Opens a ring.
     *
     * @param entries least number of operations that can be queued, from 1 to 32768; rounded up to a power of two.
     * @throws ErrnoException when there are not enough descriptors or memory, or io_uring is forced and refused.
     */
    public static IoRing open(final int entries) throws ErrnoException {
        final String kind = System.getProperty(PROPERTY, "");
        return switch (kind) {
            case "uring" -> IoUring.open(entries);
            case "threads" -> ThreadPoolRing.open(entries);
            case "" -> Probe.REFUSAL == null ? IoUring.open(entries) : ThreadPoolRing.open(entries);
            default -> throw new IllegalArgumentException(PROPERTY + " is uring or threads, not " + kind);
        };
    }

    /**
     * Why {@link #open} does not use io_uring.
     *
     * @return one line without a full stop, such as "io_uring is not permitted here (EPERM), using a thread pool instead";
     *     null when io_uring is used.
     */
    public static String refusal() {
        return switch (System.getProperty(PROPERTY, "")) {
            case "uring" -> null;
            case "threads" -> "io_uring is turned off by -D" + PROPERTY + "=threads, using a thread pool instead";
            default -> Probe.REFUSAL;
        };
    }

    static String probe() {
        try (IoUring ring = IoUring.open(1)) {
            ring.turn(0);
            return null;
        } catch (final UncheckedIOException e) {
            return refusal((ErrnoException) e.getCause());
        } catch (final ErrnoException e) {
            return refusal(e);
        }
    }

    private static String refusal(final ErrnoException e) {
        final String why = switch (e.errno()) {
            case Errno.EPERM, Errno.EACCES -> "is not permitted here";
            case Errno.ENOSYS -> "is not known to this kernel";
            default -> "does not work here";
        };
        return "io_uring " + why + " (" + Errno.name(e.errno()) + "), using a thread pool instead";
    }
}
