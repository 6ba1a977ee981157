package io.varve.testsupport;

import io.varve.linux.EventFd;
import io.varve.linux.Fd;
import io.varve.linux.LinuxFile;
import io.varve.linux.Mapping;
import io.varve.linux.MemFd;
import io.varve.linux.Memory;
import io.varve.linux.UnixSocket;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Sessions that do whatever a hostile front-end and guest can do: messages with any contents and any descriptors, rings of
 * either kind with any contents, which change while they are read, memory that is taken away. After each, the next one has to be
 * served; after some, nothing may have leaked. All of a session is decided by its seed, but for the order in which threads run.
 *
 * <p>{@code dev/fuzz} runs it for as long as one likes.
 */
final class Fuzzer implements AutoCloseable {
    private static final int STEPS = 120;
    private static final int SESSIONS_A_CHECK = 50;
    private static final int MAX_PAYLOAD = 300;
    private static final int GUEST_PAGE = 4096;
    private static final int TIMEOUT_S = 20;
    private static final long PROGRESS_NS = TimeUnit.SECONDS.toNanos(15);
    private static final int O_PATH = 0x200000;

    /** Far more than the regions, rings and logs of one session take. */
    private static final long MAX_SESSION_MAPPINGS = 600;

    private static final long MAX_SESSION_DESCRIPTORS = 100;

    /** A reactor, and what closes descriptors, of each of the two disks; the storm, the neighbour's guest. */
    private static final int MAX_MORE_THREADS = 6;

    /** Far more than any guest has, and nothing of it is there. */
    private static final long SPARSE_BYTES = 8L << 40;

    private final ServedDisk disk;
    private final Neighbour neighbour;
    private final Path socketPath;
    private final EventFd event = EventFd.create();
    private final MemFd small = MemFd.create("fuzz-small", 100);
    private final MemFd large = MemFd.create("fuzz-large", 1 << 20);
    private final UnixSocket[] pair = UnixSocket.pair();
    private final LinuxFile directory = LinuxFile.open(Path.of("/tmp"), LinuxFile.O_RDONLY);
    private final LinuxFile none = LinuxFile.open(Path.of("/dev/null"), LinuxFile.O_RDWR);
    private final LinuxFile zero = LinuxFile.open(Path.of("/dev/zero"), LinuxFile.O_RDWR);
    private final LinuxFile path = LinuxFile.open(Path.of("/tmp"), LinuxFile.O_RDONLY | O_PATH);
    private final MemFd sparse = MemFd.create("fuzz-sparse", SPARSE_BYTES);
    private final int[] pipe = NativeFds.pipe();
    private final int timer = NativeFds.timer();
    private final int[] strangeFds;
    private long descriptors;
    private long mappings;
    private int threads;
    private long cases;
    private long sessions;

    Fuzzer(final Path home) throws IOException {
        disk = new ServedDisk(home);
        socketPath = disk.socketPath;
        strangeFds = new int[] {
            event.fd(),
            small.fd(),
            large.fd(),
            sparse.fd(),
            pair[0].fd(),
            directory.fd(),
            none.fd(),
            zero.fd(),
            path.fd(),
            pipe[0],
            pipe[1],
            timer
        };
        neighbour = new Neighbour(Files.createDirectories(home.resolve("neighbour")));
        probe();
        awaitNoSession();
        descriptors = ServedDisk.openDescriptors();
        mappings = ServedDisk.guestMappings();
        threads = Thread.getAllStackTraces().size();
    }

    /** Runs for some seconds, or for ever, from a seed on. */
    public static void main(final String[] args) throws IOException {
        long seconds = 60;
        long seed = System.nanoTime() & 0xffff_ffffL;
        for (int i = 0; i + 1 < args.length; i += 2) {
            switch (args[i]) {
                case "--seconds" -> seconds = Long.parseLong(args[i + 1]);
                case "--seed" -> seed = Long.parseLong(args[i + 1]);
                default -> throw new IllegalArgumentException(args[i]);
            }
        }
        final Path home = Files.createTempDirectory("fuzz");
        try (Fuzzer fuzzer = new Fuzzer(home)) {
            System.out.println("fuzz: seed " + seed + ", " + seconds + " seconds");
            fuzzer.run(seed, TimeUnit.SECONDS.toNanos(seconds));
            System.out.println("fuzz: PASSED, " + fuzzer.figures());
        }
        Files.deleteIfExists(home.resolve("disk.sock"));
        Files.deleteIfExists(home.resolve("neighbour/disk.sock"));
        Files.delete(home.resolve("neighbour"));
        Files.delete(home);
    }

    /** What was done so far. */
    String figures() {
        return sessions + " sessions, " + cases + " cases";
    }

    /** Runs sessions with the seeds from one on until the time is over. */
    void run(final long firstSeed, final long durationNs) throws IOException {
        final long startNs = System.nanoTime();
        long toldNs = startNs;
        for (long seed = firstSeed; System.nanoTime() - startNs < durationNs; seed++) {
            try {
                session(new Random(seed * 0x9e37_79b9_7f4a_7c15L));
                if (++sessions % SESSIONS_A_CHECK == 0) {
                    check();
                }
            } catch (final AssertionError | RuntimeException e) {
                throw new AssertionError("with seed " + seed + ", after " + figures() + ": " + e.getMessage(), e);
            }
            if (System.nanoTime() - toldNs > PROGRESS_NS) {
                toldNs = System.nanoTime();
                System.out.println("fuzz: seed " + seed + ", " + figures());
            }
        }
        check();
    }

    private void session(final Random random) throws IOException {
        disk.reactor.run(() -> disk.device.delayed(random.nextInt(3) == 0 ? new Random(random.nextLong()) : null));
        final FrontEndOptions options = FrontEndOptions.DEFAULT
                .withQueues(1 + random.nextInt(3), 1 << random.nextInt(8))
                .withMaxDataLength(GUEST_PAGE)
                .withPacked(random.nextBoolean())
                .withIndirect(random.nextBoolean())
                .withEventIndex(random.nextBoolean())
                .withInflight(random.nextInt(4) > 0)
                .withMemorySlots(random.nextBoolean());
        try (FrontEnd frontEnd = new FrontEnd(socketPath, options)) {
            frontEnd.connect();
            if (random.nextInt(8) > 0) {
                frontEnd.start();
            }
            final boolean[] isOver = new boolean[1];
            final Thread storm = random.nextInt(4) == 0 ? storm(frontEnd, random.nextLong(), isOver) : null;
            try {
                final int steps = 1 + random.nextInt(STEPS);
                for (int i = 0; i < steps; i++) {
                    cases++;
                    step(frontEnd, random);
                }
            } catch (final IOException | InternalError e) {
                // The back-end has had enough, or the memory has gone for this side too.
                cases++;
            } finally {
                end(storm, isOver);
            }
        } catch (final EOFException e) {
            throw new AssertionError("a well-behaved beginning was refused", e);
        }
        awaitNoSession();
    }

    /** Changes rings and tables while the back-end reads them. */
    private static Thread storm(final FrontEnd frontEnd, final long seed, final boolean[] isOver) {
        final List<GuestRam.Region> regions = List.copyOf(frontEnd.ram().regions());
        return Thread.ofPlatform().name("storm").start(() -> {
            final Random random = new Random(seed);
            try {
                while (true) {
                    synchronized (isOver) {
                        if (isOver[0]) {
                            return;
                        }
                        for (int i = 0; i < 50; i++) {
                            final GuestRam.Region region = regions.get(random.nextInt(regions.size()));
                            final long offset = random.nextInt((int) Math.min(region.size(), 16 << 10)) & -8L;
                            frontEnd.ram().putLong(region.guestAddress() + offset, interesting(random));
                        }
                    }
                    Thread.yield();
                }
            } catch (final InternalError | IndexOutOfBoundsException e) {
                // Its memory has gone.
                return;
            }
        });
    }

    private static void end(final Thread storm, final boolean[] isOver) {
        synchronized (isOver) {
            isOver[0] = true;
        }
        if (storm != null) {
            try {
                storm.join();
            } catch (final InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void step(final FrontEnd frontEnd, final Random random) throws IOException {
        switch (random.nextInt(26)) {
            case 24 -> memory(frontEnd, random);
            case 25 -> {
                if (random.nextInt(50) == 0) {
                    checkLimits(frontEnd);
                }
            }
            case 0, 1 -> message(frontEnd, random, random.nextInt(46), randomPayload(random));
            case 2, 3 -> alteredMessage(frontEnd, random);
            case 4 -> spoil(frontEnd.inflightFd(), frontEnd.inflightSize(), random);
            case 5 -> {
                if (random.nextInt(20) == 0) {
                    final List<GuestRam.Region> regions = frontEnd.ram().regions();
                    final GuestRam.Region region = regions.get(random.nextInt(regions.size()));
                    region.file().resize(random.nextLong(region.fileOffset() + region.size()) & -GUEST_PAGE);
                }
            }
            case 6, 7, 8, 9, 10, 11 -> descriptors(frontEnd, random);
            case 12, 13 -> ringBytes(frontEnd, random);
            case 14 -> frontEnd.channel().discard();
            default -> request(frontEnd, random);
        }
    }

    /** Regions of all sizes and at all places, side by side or not, of files that hold them or not. */
    private void memory(final FrontEnd frontEnd, final Random random) throws IOException {
        final MemFd file = random.nextInt(4) == 0 ? large : sparse;
        final long size = switch (random.nextInt(4)) {
            case 0 -> GUEST_PAGE;
            case 1 -> 1 + random.nextInt(2 * GUEST_PAGE);
            case 2 -> 1L << 12 + random.nextInt(40);
            default -> interesting(random);
        };
        long address = (1L + random.nextInt(4) << 44) + (random.nextBoolean() ? 0 : interesting(random));
        final int count = random.nextInt(20) == 0 ? 520 : 1 + random.nextInt(6);
        for (int i = 0; i < count; i++) {
            final ByteBuffer region = FrontEndChannel.payload(40)
                    .putLong(0)
                    .putLong(address)
                    .putLong(size)
                    .putLong(address)
                    .putLong(random.nextInt(4) == 0 ? interesting(random) : 0)
                    .flip();
            final ByteBuffer message = FrontEndChannel.payload(52)
                    .putInt(random.nextInt(8) == 0 ? 38 : 37)
                    .putInt(1)
                    .putInt(40)
                    .put(region)
                    .flip();
            if (!frontEnd.channel().trySend(message, file.fd())) {
                frontEnd.channel().discard();
            }
            address += size;
        }
        // What is in flight may reach across all of them.
        final DriverQueue queue = frontEnd.queue(random.nextInt(frontEnd.queueCount()));
        if (queue instanceof final SplitDriverQueue split) {
            split.putDescriptor(0, address - size * count, Integer.MAX_VALUE, random.nextInt(4), 0);
            split.putAvailable(0);
            queue.publish();
        }
    }

    /** One session takes no more of what all share than it may. */
    private void checkLimits(final FrontEnd frontEnd) throws IOException {
        frontEnd.channel().discard();
        final long guest = ServedDisk.guestMappings() - mappings;
        final long open = ServedDisk.openDescriptors() - descriptors;
        final int more = Thread.getAllStackTraces().size() - threads;
        if (guest > MAX_SESSION_MAPPINGS || open > MAX_SESSION_DESCRIPTORS || more > MAX_MORE_THREADS) {
            throw new AssertionError(
                    "a session has " + guest + " mappings, " + open + " descriptors, " + more + " threads");
        }
    }

    private void message(final FrontEnd frontEnd, final Random random, final int id, final ByteBuffer payload)
            throws IOException {
        final int flags = random.nextInt(10) == 0 ? random.nextInt(32) : 1 | (random.nextBoolean() ? 8 : 0);
        final int size = random.nextInt(30) == 0 ? (int) interesting(random) : payload.remaining();
        final ByteBuffer message = FrontEndChannel.payload(12 + payload.remaining())
                .putInt(id)
                .putInt(flags)
                .putInt(size)
                .put(payload)
                .flip();
        final int[] fds = new int[random.nextInt(3) == 0 ? random.nextInt(4) : expectedFds(id)];
        for (int i = 0; i < fds.length; i++) {
            final int kind = random.nextInt(strangeFds.length + 2);
            fds[i] = kind < strangeFds.length
                    ? strangeFds[kind]
                    : frontEnd.ram()
                            .regions()
                            .get(random.nextInt(frontEnd.ram().regions().size()))
                            .file()
                            .fd();
        }
        if (!frontEnd.channel().trySend(message, fds)) {
            frontEnd.channel().discard();
        }
    }

    private static int expectedFds(final int id) {
        return switch (id) {
            case 5, 6, 7, 12, 13, 14, 21, 32, 37 -> 1;
            default -> 0;
        };
    }

    private static ByteBuffer randomPayload(final Random random) {
        final int length = random.nextBoolean() ? random.nextInt(6) * 8 : random.nextInt(MAX_PAYLOAD);
        final ByteBuffer payload = FrontEndChannel.payload(length);
        while (payload.remaining() >= 4) {
            payload.putInt((int) interesting(random));
        }
        return payload.clear();
    }

    /** A message such as a well-behaved front-end sends, with one value in it that is something else. */
    private void alteredMessage(final FrontEnd frontEnd, final Random random) throws IOException {
        final int ring = random.nextInt(frontEnd.queueCount());
        final DriverQueue queue = frontEnd.queue(ring);
        final GuestRam.Region region = frontEnd.ram()
                .regions()
                .get(random.nextInt(frontEnd.ram().regions().size()));
        final int id = List.of(2, 5, 6, 8, 9, 9, 10, 11, 12, 13, 18, 18, 24, 25, 32, 34, 37, 38, 39)
                .get(random.nextInt(19));
        final ByteBuffer payload = switch (id) {
            case 2 -> FrontEndChannel.u64(frontEnd.features() ^ (random.nextBoolean() ? FrontEnd.F_LOG_ALL : 0));
            case 5, 37, 38 ->
                FrontEndChannel.payload(40)
                        .putLong(id == 5 ? 1 : 0)
                        .putLong(region.guestAddress())
                        .putLong(region.size())
                        .putLong(region.userAddress())
                        .putLong(region.fileOffset())
                        .flip();
            case 6 -> FrontEndChannel.payload(16).putLong(1 << 18).putLong(0).flip();
            case 8 -> FrontEndChannel.ringState(ring, queue.size());
            case 9 ->
                FrontEndChannel.payload(40)
                        .putInt(ring)
                        .putInt(random.nextInt(2))
                        .putLong(queue.descriptors() + GuestRam.USER_OFFSET)
                        .putLong(queue.used() + GuestRam.USER_OFFSET)
                        .putLong(queue.available() + GuestRam.USER_OFFSET)
                        .putLong(queue.used())
                        .flip();
            case 10 -> FrontEndChannel.ringState(ring, queue.startBase());
            case 18 -> FrontEndChannel.ringState(ring, random.nextInt(2));
            case 12, 13 -> FrontEndChannel.u64(ring);
            case 24, 25 ->
                FrontEndChannel.payload(13)
                        .putInt(32)
                        .putInt(1)
                        .putInt(0)
                        .put((byte) random.nextInt(2))
                        .flip();
            case 32 -> frontEnd.inflight(frontEnd.inflightSize(), 0);
            case 34 -> FrontEndChannel.payload(0);
            case 39 -> FrontEndChannel.u64(random.nextInt(16));
            default -> FrontEndChannel.ringState(ring, 0);
        };
        if (random.nextInt(3) == 0 && payload.remaining() >= 8) {
            payload.putLong(random.nextInt(payload.remaining() / 8) * 8, interesting(random));
        }
        message(frontEnd, random, id, payload);
    }

    private static void spoil(final int fd, final long size, final Random random) throws IOException {
        if (fd < 0 || size == 0) {
            return;
        }
        try (Mapping notes = Mapping.ofFile(fd, 0, size)) {
            for (int i = random.nextInt(8); i >= 0; i--) {
                Memory.putShort(notes.address() + random.nextInt((int) size / 2) * 2L, (short) interesting(random));
            }
        }
    }

    private static void descriptors(final FrontEnd frontEnd, final Random random) throws IOException {
        final int ring = random.nextInt(frontEnd.queueCount());
        final DriverQueue queue = frontEnd.queue(ring);
        for (int i = random.nextInt(5); i >= 0; i--) {
            final long address = address(frontEnd, random);
            final int length = (int) (random.nextBoolean() ? random.nextInt(64) * 16L : interesting(random));
            final int flags = random.nextInt(8) == 0 ? random.nextInt(0x10000) : random.nextInt(8);
            if (queue instanceof final SplitDriverQueue split) {
                final int index = random.nextInt(queue.size());
                split.putDescriptor(index, address, length, flags, random.nextInt(queue.size() + 1));
                if (random.nextBoolean()) {
                    split.putAvailable(random.nextInt(10) == 0 ? (int) interesting(random) : index);
                }
            } else if (queue instanceof final PackedDriverQueue packed) {
                packed.putDescriptor(address, length, flags & 7, random.nextInt(0x10000));
            }
        }
        queue.publish();
    }

    private static void ringBytes(final FrontEnd frontEnd, final Random random) {
        final DriverQueue queue = frontEnd.queue(random.nextInt(frontEnd.queueCount()));
        final long base =
                List.of(queue.descriptors(), queue.available(), queue.used()).get(random.nextInt(3));
        for (int i = random.nextInt(4); i >= 0; i--) {
            frontEnd.ram().putShort(base + 2L * random.nextInt(8 * queue.size() + 3), (int) interesting(random));
        }
        queue.kickAnyway();
    }

    private static void request(final FrontEnd frontEnd, final Random random) {
        final DriverQueue queue = frontEnd.queue(random.nextInt(frontEnd.queueCount()));
        final int type = List.of(0, 0, 1, 1, 4, 8, 11, 13, 99).get(random.nextInt(9));
        final byte[] out = new byte[type == 1 ? 512 * random.nextInt(4) : type > 8 ? 16 * random.nextInt(40) : 0];
        random.nextBytes(out);
        final BlkRequest request = BlkRequest.of(
                type, random.nextInt(4) == 0 ? interesting(random) : random.nextInt(1000), out, random.nextInt(2049));
        if (queue.submit(request, Framing.random(random, 6))) {
            queue.publish();
        }
    }

    private static long address(final FrontEnd frontEnd, final Random random) {
        final List<GuestRam.Region> regions = frontEnd.ram().regions();
        final GuestRam.Region region = regions.get(random.nextInt(regions.size()));
        final DriverQueue queue = frontEnd.queue(random.nextInt(frontEnd.queueCount()));
        return switch (random.nextInt(6)) {
            case 0 -> interesting(random);
            case 1 -> region.guestAddress() + region.size() - random.nextInt(64);
            case 2 -> queue.descriptors() + random.nextInt(64);
            case 3 -> queue.used() + random.nextInt(64);
            default -> region.guestAddress() + random.nextInt((int) region.size());
        };
    }

    private static long interesting(final Random random) {
        final long value = switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> 1L << random.nextInt(64);
            case 3 -> (1L << random.nextInt(64)) - 1;
            case 4 -> random.nextLong();
            default -> random.nextInt(300);
        };
        return random.nextInt(8) == 0 ? -value : value;
    }

    private void probe() throws IOException {
        disk.reactor.run(() -> disk.device.delayed(null));
        try (FrontEnd frontEnd = FrontEnd.started(socketPath, FrontEndOptions.DEFAULT)) {
            if (frontEnd.run(BlkRequest.read(0, 512)).status() != BlkRequest.OK) {
                throw new AssertionError("a well-behaved front-end is not served any more");
            }
        }
    }

    private void awaitNoSession() {
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_S);
        while (disk.reactor.call(() -> disk.reactor.server().session()) != null
                || !disk.reactor.server().hasClosedAll()) {
            if (System.nanoTime() > deadlineNs) {
                throw new AssertionError("a session does not end, with " + disk.device.pendingCount() + " pending");
            }
            Thread.yield();
        }
        disk.events.clear();
    }

    /** A well-behaved front-end is served, and nothing has leaked. */
    private void check() throws IOException {
        neighbour.check();
        probe();
        awaitNoSession();
        // What has been written there is given back.
        sparse.resize(0);
        sparse.resize(SPARSE_BYTES);
        disk.reactor.run(() -> {});
        final List<String> leaks = new ArrayList<>();
        if (ServedDisk.openDescriptors() != descriptors) {
            leaks.add(ServedDisk.openDescriptors() - descriptors + " descriptors");
        }
        if (ServedDisk.guestMappings() != mappings) {
            leaks.add(ServedDisk.guestMappings() - mappings + " mappings");
        }
        if (Thread.getAllStackTraces().size() > threads + MAX_MORE_THREADS) {
            leaks.add(Thread.getAllStackTraces().size() - threads + " threads");
        }
        if (!leaks.isEmpty()) {
            throw new AssertionError("leaked within the last " + SESSIONS_A_CHECK + " sessions: " + leaks);
        }
    }

    @Override
    public void close() throws IOException {
        neighbour.close();
        disk.close();
        zero.close();
        path.close();
        sparse.close();
        Fd.close(pipe[0]);
        Fd.close(pipe[1]);
        Fd.close(timer);
        event.close();
        small.close();
        large.close();
        pair[0].close();
        pair[1].close();
        directory.close();
        none.close();
    }
}
