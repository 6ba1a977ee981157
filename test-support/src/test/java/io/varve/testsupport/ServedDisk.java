package io.varve.testsupport;

import io.varve.block.CloseReason;
import io.varve.block.SessionListener;
import io.varve.block.Sessions;
import io.varve.vhostuser.SessionOptions;
import io.varve.vhostuser.WriteCacheSetting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A disk in memory, served on a socket, and what its sessions tell. */
final class ServedDisk implements AutoCloseable {
    static final int CAPACITY = 16 << 20;
    private static final int TIMEOUT_S = 20;

    final Path socketPath;
    final MemoryBlockDevice device;
    final ReactorThread reactor;
    final WriteCacheSetting writeCache = WriteCacheSetting.inMemory();
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    final LogLines log = new LogLines("vhost-user");

    volatile boolean isHandedOver = true;
    volatile String handOverFailure;

    ServedDisk(final Path directory) throws IOException {
        this(directory, new MemoryBlockDevice(CAPACITY));
    }

    ServedDisk(final Path directory, final Duration holdLimit) throws IOException {
        this(directory, new MemoryBlockDevice(CAPACITY), holdLimit);
    }

    ServedDisk(final Path directory, final MemoryBlockDevice device) throws IOException {
        this(directory, device, SessionOptions.HOLD_LIMIT);
    }

    /** Served with as many lanes as are asked for. */
    static ServedDisk withLanes(final Path directory, final int lanes) throws IOException {
        return new ServedDisk(directory, new MemoryBlockDevice(CAPACITY), SessionOptions.HOLD_LIMIT, lanes);
    }

    ServedDisk(final Path directory, final Duration holdLimit, final int lanes) throws IOException {
        this(directory, new MemoryBlockDevice(CAPACITY), holdLimit, lanes);
    }

    private ServedDisk(final Path directory, final MemoryBlockDevice device, final Duration holdLimit)
            throws IOException {
        this(directory, device, holdLimit, ReactorThread.LANES);
    }

    private ServedDisk(final Path directory, final MemoryBlockDevice device, final Duration holdLimit, final int lanes)
            throws IOException {
        this.device = device;
        socketPath = directory.resolve("disk.sock");
        final SessionListener listener = new SessionListener() {
            @Override
            public void onStarted() {
                events.add("started");
            }

            @Override
            public void onMigration(final boolean isMigrating) {
                events.add("migrating " + isMigrating);
            }

            @Override
            public boolean isHandedOver() {
                events.add("asked");
                if (handOverFailure != null) {
                    throw new IllegalStateException(handOverFailure);
                }
                return isHandedOver;
            }

            @Override
            public void onRequestWaits() {
                events.add("waits");
            }

            @Override
            public void onStopped() {
                events.add("stopped");
            }

            @Override
            public void onClosed(final CloseReason reason) {
                events.add("closed " + reason);
            }
        };
        final Sessions sessions = new Sessions() {
            @Override
            public boolean mayWrite() {
                return true;
            }

            @Override
            public boolean isShared() {
                return false;
            }

            @Override
            public SessionListener open(final String peer, final boolean isWriter) {
                events.add("opened");
                return listener;
            }
        };
        reactor = new ReactorThread(
                socketPath,
                device,
                SessionOptions.of("disk")
                        .withSessions(sessions)
                        .withWriteCache(writeCache)
                        .withHoldLimit(holdLimit),
                lanes);
    }

    /** Waits for the end of a session, until the ring has let go of what it watched, and all descriptors are closed. */
    void awaitClosed(final CloseReason reason) {
        awaitEvent("closed " + reason);
        reactor.run(() -> {});
        awaitAllClosed();
    }

    private void awaitAllClosed() {
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_S);
        while (!reactor.server().hasClosedAll()) {
            if (System.nanoTime() > deadlineNs) {
                throw new AssertionError("descriptors are not closed");
            }
            Thread.yield();
        }
    }

    /** Waits for an event, past all others. */
    void awaitEvent(final String wanted) {
        try {
            String event;
            do {
                event = events.poll(TIMEOUT_S, TimeUnit.SECONDS);
            } while (event != null && !event.equals(wanted));
            if (event == null) {
                throw new AssertionError("not seen: " + wanted);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Number of sockets, memfds, eventfds and the like that this process has open. */
    static long openDescriptors() {
        try (Stream<Path> list = Files.list(Path.of("/proc/self/fd"))) {
            return list.map(ServedDisk::target)
                    .filter(target -> target.startsWith("socket:")
                            || target.startsWith("anon_inode:")
                            || target.startsWith("/memfd:"))
                    .count();
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String target(final Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (final IOException e) {
            return "closed meanwhile";
        }
    }

    /** Number of mappings of guest memory in this process. */
    static long guestMappings() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("memfd:")).count();
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        log.close();
        reactor.close();
        awaitAllClosed();
        device.close();
    }
}
