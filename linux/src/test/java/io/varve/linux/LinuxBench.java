package io.varve.linux;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Costs of the calls on the data path, measured by hand: {@code main} prints nanoseconds per call. No test: speed is not
 * asserted.
 */
final class LinuxBench {
    private static final int ROUNDS = 5;

    private LinuxBench() {}

    @FunctionalInterface
    private interface Body {
        void run(int count) throws Exception;
    }

    /** Runs all measurements. */
    public static void main(final String[] args) throws Exception {
        measureEventFd();
        for (final String kind : new String[] {"uring", "threads"}) {
            System.setProperty(IoRings.PROPERTY, kind);
            measureTurns(kind);
            measureFile(kind);
            measureWakeUps(kind);
        }
    }

    private static void measureEventFd() throws Exception {
        try (EventFd event = EventFd.create()) {
            final int fd = event.fd();
            measure("eventfd signal", 2_000_000, count -> {
                for (int i = 0; i < count; i++) {
                    EventFd.signal(fd);
                }
            });
            try (Mapping pollFd = Memory.allocate(8)) {
                Memory.putInt(pollFd.address(), fd);
                Memory.putInt(pollFd.address() + 4, IoRing.POLLOUT);
                measure("eventfd poll, then signal (not what Varve does)", 2_000_000, count -> {
                    for (int i = 0; i < count; i++) {
                        SocketCalls.poll(pollFd.address(), 1, 0);
                        EventFd.signal(fd);
                    }
                });
            }
            measure("eventfd signal + drain", 1_000_000, count -> {
                for (int i = 0; i < count; i++) {
                    EventFd.signal(fd);
                    EventFd.drain(fd);
                }
            });
        }
    }

    private static void measureTurns(final String kind) throws Exception {
        try (IoRing ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
                EventFd event = EventFd.create()) {
            final int id = ring.register((data, result, flags) -> {});
            measure(kind + ": turn with nothing to do", 5_000_000, count -> {
                for (int i = 0; i < count; i++) {
                    ring.turn(0);
                }
            });
            measure(kind + ": wakeUp + turn that would wait", 1_000_000, count -> {
                for (int i = 0; i < count; i++) {
                    ring.wakeUp();
                    ring.turn(-1);
                }
            });
            measure(kind + ": signal an eventfd through the ring + turn", 1_000_000, count -> {
                for (int i = 0; i < count; i++) {
                    ring.signal(event.fd(), id, 2);
                    ring.turn(0);
                }
            });
            ring.pollMultishot(event.fd(), IoRing.POLLIN, id, 1);
            ring.turn(0);
            measure(kind + ": signal + turn that tells it", 300_000, count -> {
                for (int i = 0; i < count; i++) {
                    event.signal();
                    ring.turn(-1);
                }
            });
        }
    }

    private static void measureFile(final String kind) throws Exception {
        final Path path = Files.createTempFile(Path.of("target"), "bench", "");
        try (IoRing ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
                LinuxFile file = LinuxFile.open(path, LinuxFile.O_RDWR | LinuxFile.O_DIRECT);
                LinuxFile cached = LinuxFile.open(path, LinuxFile.O_RDWR);
                Mapping buffer = Memory.allocate(1 << 20)) {
            file.pwrite(buffer.address(), buffer.length(), 0);
            cached.pread(buffer.address(), buffer.length(), 0);
            final int id = ring.register((data, result, flags) -> {
                if (result != 4096) {
                    throw new IllegalStateException("read: " + result);
                }
            });
            for (final int depth : new int[] {1, 32}) {
                measure(kind + ": 4K read of the page cache, depth " + depth, 200_000, count -> {
                    read(ring, cached, buffer, id, depth, count);
                });
                measure(kind + ": 4K O_DIRECT read, depth " + depth, 20_000, count -> {
                    read(ring, file, buffer, id, depth, count);
                });
            }
        } finally {
            Files.delete(path);
        }
    }

    private static void read(
            final IoRing ring,
            final LinuxFile file,
            final Mapping buffer,
            final int id,
            final int depth,
            final int count) {
        int queued = 0;
        int answered = 0;
        while (answered < count) {
            while (queued < count && queued - answered < depth) {
                final long offset = (queued++ & 0xff) * 4096L;
                ring.read(file.fd(), buffer.address() + offset, 4096, offset, id, 0);
            }
            answered += ring.turn(-1);
        }
    }

    private static void measureWakeUps(final String kind) throws Exception {
        try (IoRing ping = IoRings.open(8)) {
            measure(kind + ": wake-up there and back between two threads", 50_000, count -> {
                if (count > 0) {
                    final IoRing[] there = new IoRing[1];
                    final Thread thread = new Thread(() -> {
                        try (IoRing ring = IoRings.open(8)) {
                            there[0] = ring;
                            ping.wakeUp();
                            for (int i = 0; i < count; i++) {
                                ring.turn(-1);
                                ping.wakeUp();
                            }
                        } catch (final ErrnoException e) {
                            throw new IllegalStateException(e);
                        }
                    });
                    thread.start();
                    ping.turn(-1);
                    for (int i = 0; i < count; i++) {
                        there[0].wakeUp();
                        ping.turn(-1);
                    }
                    thread.join();
                }
            });
        }
    }

    private static void measure(final String what, final int count, final Body body) throws Exception {
        double best = Double.MAX_VALUE;
        for (int i = 0; i < ROUNDS; i++) {
            final long start = System.nanoTime();
            body.run(count);
            best = Math.min(best, (System.nanoTime() - start) / (double) count);
        }
        System.out.printf("%-60s %10.1f ns%n", what, best);
    }
}
