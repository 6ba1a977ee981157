package io.varve.testsupport;

import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.IoVec;
import io.varve.linux.Mapping;
import io.varve.linux.MemFd;
import io.varve.linux.Memory;
import io.varve.vhostuser.Lane;
import io.varve.vhostuser.LaneReader;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A {@link Lane} on a thread of its own that reads a {@link MemoryBlockDevice}: of its reads, it refuses some at once and some later, and serves some at
 * once and some later, as a seed says.
 */
final class MemoryLane implements AutoCloseable {
    private static final long POLL_NS = 50_000;
    private static final long MAX_SLEEP_NS = 1_000_000_000;

    private final Lane lane;
    private final Reader reader;
    private IoRing ring;
    private volatile Thread thread;
    private volatile boolean isToEnd;
    private volatile long served;

    /** Makes a lane of the reactor with a ring. */
    MemoryLane(final IoRing home, final MemoryBlockDevice device, final long seed) {
        reader = new Reader(device, new Random(seed));
        lane = new Lane(home, device, reader, this::start);
    }

    Lane lane() {
        return lane;
    }

    /** Reads that it has served. Any thread. */
    long served() {
        return served;
    }

    /** The thread, once rings have been lent. */
    Thread thread() {
        return thread;
    }

    private IoRing start() {
        if (thread == null) {
            try {
                ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
            } catch (final ErrnoException e) {
                throw new UncheckedIOException(e);
            }
            thread = Thread.ofPlatform().name("lane").start(this::run);
        }
        return ring;
    }

    private void run() {
        Throwable failure = null;
        try {
            long lastWorkNs = System.nanoTime();
            while (!isToEnd) {
                final int work = ring.turn(0) + lane.doWork();
                final long nowNs = System.nanoTime();
                if (work > 0) {
                    lastWorkNs = nowNs;
                } else if (nowNs - lastWorkNs > POLL_NS) {
                    if (!lane.armNotifications() && !isToEnd) {
                        ring.turn(Math.min(MAX_SLEEP_NS, lane.maxIdleNs()));
                    }
                    lane.disarmNotifications();
                }
            }
        } catch (final RuntimeException | Error e) {
            failure = e;
        } finally {
            lane.end(failure);
            ring.close();
            reader.close();
        }
    }

    @Override
    public void close() {
        if (thread != null) {
            isToEnd = true;
            ring.wakeUp();
            try {
                thread.join();
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** What is served later waits for a read of a file. */
    private final class Reader implements LaneReader {
        private static final class Read {
            final int index;
            long offset;
            IoVec buffers;
            long token;
            boolean isServed;

            Read(final int index) {
                this.index = index;
            }
        }

        private final MemoryBlockDevice device;
        private final Random random;
        private Listener listener;
        private IoRing entered;
        private MemFd file;
        private Mapping memory;
        private int handler;
        private final List<Read> reads = new ArrayList<>();
        private final ArrayDeque<Read> free = new ArrayDeque<>();

        Reader(final MemoryBlockDevice device, final Random random) {
            this.device = device;
            this.random = random;
        }

        @Override
        public void listener(final Listener newListener) {
            listener = newListener;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void begin(final IoRing laneRing) {
            if (entered == null) {
                entered = laneRing;
                handler = laneRing.register((data, result, flags) -> finish((int) data));
                try {
                    file = MemFd.create("lane", Memory.PAGE_SIZE);
                    memory = Memory.allocate(Memory.PAGE_SIZE);
                } catch (final ErrnoException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }

        @Override
        public boolean read(final long offset, final IoVec buffers, final long token) {
            final int what = random.nextInt(8);
            if (what == 0 || !device.isPlain()) {
                return false;
            }
            if (what < 4) {
                return device.copyTo(offset, buffers) && tell(token, true);
            }
            if (free.isEmpty()) {
                free.add(new Read(reads.size()));
                reads.add(free.peek());
            }
            final Read read = free.pop();
            read.offset = offset;
            read.buffers = buffers;
            read.token = token;
            read.isServed = what < 7;
            entered.read(file.fd(), memory.address(), 512, 0, handler, read.index);
            return true;
        }

        private void finish(final int index) {
            final Read read = reads.get(index);
            free.push(read);
            tell(read.token, read.isServed && device.isPlain() && device.copyTo(read.offset, read.buffers));
        }

        private boolean tell(final long token, final boolean isServed) {
            served += isServed ? 1 : 0;
            listener.onRead(token, isServed);
            return true;
        }

        @Override
        public boolean isQuiet() {
            return free.size() == reads.size();
        }

        @Override
        public void close() {
            if (file != null) {
                file.close();
                memory.close();
            }
        }
    }
}
