package io.varve.launcher.torture;

import io.varve.linux.LinuxFile;
import io.varve.linux.MemFd;
import io.varve.linux.UnixSocket;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndChannel;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Front-ends of one volume that take what others need, as far as they get: memory, mappings, descriptors, time. Each session is
 * one thing of a kind and ends by itself within a second or two. One thread.
 */
final class HostileGuest {
    private static final int MESSAGE_ADD_MEM_REG = 37;
    private static final int MESSAGE_SET_VRING_KICK = 12;
    private static final int MESSAGE_SET_VRING_CALL = 13;
    private static final int MOST_REGIONS = 600;
    private static final byte[] NOTHING = {};

    private final Path socket;
    private final int sectors;
    private long sessions;

    HostileGuest(final Path socket, final int sectors) {
        this.socket = socket;
        this.sectors = sectors;
    }

    /** Sessions so far. */
    long sessions() {
        return sessions;
    }

    /** One session. What ends it, a refusal above all, is what is expected. */
    void session(final Random random) throws InterruptedException {
        sessions++;
        try {
            switch (random.nextInt(7)) {
                case 0 -> noise(random);
                case 1 -> strangeDescriptors(random);
                case 2 -> hugeMappings(random);
                case 3 -> manyRegions();
                case 4 -> trims(random);
                case 5 -> truncatedMemory(random);
                default -> load(random);
            }
        } catch (final IOException | InternalError | AssertionError e) {
            // Refused, or ended: whatever this volume does to this guest is right as long as nobody else notices.
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    private void noise(final Random random) throws IOException {
        try (FrontEndChannel channel = FrontEndChannel.connect(socket)) {
            final byte[] bytes = new byte[4 + random.nextInt(400)];
            random.nextBytes(bytes);
            if (random.nextBoolean()) {
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(0, random.nextInt(45));
            }
            channel.sendBytes(ByteBuffer.wrap(bytes));
            channel.awaitReadable(50);
        }
    }

    private void strangeDescriptors(final Random random) throws IOException {
        final UnixSocket[] pair = UnixSocket.pair();
        try (FrontEnd frontEnd = new FrontEnd(socket, FrontEndOptions.DEFAULT);
                UnixSocket one = pair[0];
                UnixSocket other = pair[1];
                LinuxFile directory = LinuxFile.open(Path.of("/"), LinuxFile.O_RDONLY);
                LinuxFile zeros = LinuxFile.open(Path.of("/dev/zero"), LinuxFile.O_RDWR);
                LinuxFile chance = LinuxFile.open(Path.of("/dev/random"), LinuxFile.O_RDWR)) {
            frontEnd.connect();
            frontEnd.start();
            final int[] fds = {one.fd(), other.fd(), directory.fd(), zeros.fd(), chance.fd()};
            final int fd = fds[random.nextInt(fds.length)];
            switch (random.nextInt(3)) {
                case 0 -> frontEnd.channel().send(MESSAGE_SET_VRING_KICK, FrontEndChannel.u64(0), fd);
                case 1 -> frontEnd.channel().send(MESSAGE_SET_VRING_CALL, FrontEndChannel.u64(0), fd);
                default -> frontEnd.channel().send(MESSAGE_ADD_MEM_REG, region(1L << 45, 1 << 20, 0), fd);
            }
            frontEnd.channel().awaitReadable(50);
        }
    }

    private void hugeMappings(final Random random) throws IOException {
        final long size = 1L << 38 + random.nextInt(9);
        try (FrontEnd frontEnd = new FrontEnd(socket, FrontEndOptions.DEFAULT);
                MemFd memory = MemFd.create("huge", size)) {
            frontEnd.connect();
            for (int i = 0; i < 8; i++) {
                frontEnd.channel().acknowledged(MESSAGE_ADD_MEM_REG, region(size * (i + 1), size, 0), memory.fd());
            }
        }
    }

    private void manyRegions() throws IOException {
        try (FrontEnd frontEnd = new FrontEnd(socket, FrontEndOptions.DEFAULT);
                MemFd memory = MemFd.create("small", 4096)) {
            frontEnd.connect();
            for (int i = 0; i < MOST_REGIONS; i++) {
                frontEnd.channel().acknowledged(MESSAGE_ADD_MEM_REG, region((1L << 40) + i, 1, 0), memory.fd());
            }
        }
    }

    private static ByteBuffer region(final long address, final long size, final long offset) {
        return FrontEndChannel.payload(40)
                .putLong(0)
                .putLong(address)
                .putLong(size)
                .putLong(address)
                .putLong(offset)
                .flip();
    }

    /** Unaligned trims, as many as the rings take, behind which it is gone. */
    private void trims(final Random random) throws IOException {
        final FrontEndOptions options = FrontEndOptions.DEFAULT.withQueues(4, 256);
        try (FrontEnd frontEnd = FrontEnd.started(socket, options)) {
            for (int queue = 0; queue < frontEnd.queueCount(); queue++) {
                BlkRequest request;
                do {
                    final int sector = random.nextInt(sectors - 64) | 1;
                    request = BlkRequest.of(BlkRequest.DISCARD, 0, BlkRequest.segment(sector, 33, 0), 0);
                } while (frontEnd.queue(queue).submit(request, Framing.USUAL));
                frontEnd.queue(queue).publish();
            }
            frontEnd.awaitCall(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(500)));
        }
    }

    private void truncatedMemory(final Random random) throws IOException {
        try (FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            for (int i = 0; i < 16; i++) {
                frontEnd.queue(0)
                        .submit(
                                BlkRequest.of(BlkRequest.IN, random.nextInt(sectors - 8), NOTHING, 4096),
                                Framing.USUAL);
            }
            frontEnd.queue(0).publish();
            frontEnd.ram()
                    .regions()
                    .get(random.nextInt(frontEnd.ram().regions().size()))
                    .file()
                    .resize(0);
            frontEnd.channel().awaitReadable(100);
        }
    }

    /** Load as anybody's, so that there is something to ship, to collect and to lose; then gone with what is in flight. */
    private void load(final Random random) throws IOException {
        try (TortureClient client = new TortureClient(socket, new DiskHistory(sectors), random)) {
            client.expectErrors().adopt();
            client.pace(2_000).runFor(Torment.spread(random, 100, 1_500));
        }
    }
}
