package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.payload;
import static io.varve.testsupport.FrontEndChannel.ringState;
import static io.varve.testsupport.FrontEndChannel.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.LinuxFile;
import io.varve.linux.MemFd;
import io.varve.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/** What a front-end may send that is against the protocol, and ends its session. */
enum Misbehaviour {
    UNKNOWN_MESSAGE(f -> f.channel().send(4711, payload(0))),
    MESSAGE_NOT_NEGOTIATED(f -> f.channel().send(26, payload(8).clear())),
    LOG_WITHOUT_DESCRIPTOR(f -> f.channel().send(6, log(1 << 20, 0))),
    LOG_LARGER_THAN_ITS_FILE(f -> f.channel()
            .send(6, log(1L << 40, 0), f.ram().regions().getFirst().file().fd())),
    LOG_OF_NO_SIZE(f ->
            f.channel().send(6, log(0, 0), f.ram().regions().getFirst().file().fd())),
    LOG_OFFSET_WRAPS(f -> f.channel()
            .send(6, log(4096, -4096), f.ram().regions().getFirst().file().fd())),
    LOG_OF_AN_EVENTFD(f -> f.channel().send(6, log(4096, 0), f.err(0).fd())),
    LOG_SHORT(f ->
            f.channel().send(6, u64(4096), f.ram().regions().getFirst().file().fd())),
    LOG_THAT_DOES_NOT_REACH(f -> {
        f.channel().call(6, log(8, 0), f.ram().regions().getFirst().file().fd());
        f.channel().send(2, u64(f.features() | 1L << 26));
        submitOneMore(f);
    }),
    USED_RING_LOGGED_NOWHERE(f -> {
        f.channel().call(6, log(8, 0), f.ram().regions().getFirst().file().fd());
        f.channel()
                .send(
                        9,
                        address(
                                        0,
                                        1,
                                        f.queue(0).descriptors() + GuestRam.USER_OFFSET,
                                        f.queue(0).used() + GuestRam.USER_OFFSET,
                                        f.queue(0).available() + GuestRam.USER_OFFSET)
                                .putLong(32, -4));
        submitOneMore(f);
    }),
    REPLY_FLAG(f -> f.channel().sendRaw(1, 1 | 4, 0, payload(0))),
    NO_VERSION(f -> f.channel().sendRaw(1, 0, 0, payload(0))),
    HUGE_PAYLOAD(f -> f.channel().sendRaw(1, 1, Integer.MAX_VALUE, payload(0))),
    NEGATIVE_PAYLOAD(f -> f.channel().sendRaw(1, 1, -1, payload(0))),
    SHORT_PAYLOAD(f -> f.channel().send(2, payload(4).clear())),
    LONG_PAYLOAD(f -> f.channel().send(18, payload(12).clear())),
    FEATURES_NOT_OFFERED(f -> f.channel().send(2, u64(-1))),
    PROTOCOL_FEATURES_NOT_OFFERED(f -> f.channel().send(16, u64(-1))),
    RING_256(f -> f.channel().send(18, ringState(256, 1))),
    RING_MINUS_ONE(f -> f.channel().send(18, ringState(-1, 1))),
    ENABLE_TWO(f -> f.channel().send(18, ringState(0, 2))),
    SIZE_OF_A_RUNNING_RING(f -> f.channel().send(8, ringState(0, 64))),
    BASE_OF_A_RUNNING_RING(f -> f.channel().send(10, ringState(0, 64))),
    SIZE_ZERO(f -> f.channel().send(8, ringState(1, 0))),
    SIZE_100(f -> f.channel().send(8, ringState(1, 100))),
    SIZE_2048(f -> f.channel().send(8, ringState(1, 2048))),
    BASE_65536(f -> f.channel().send(10, ringState(1, 65536))),
    KICK_WITHOUT_DESCRIPTOR(f -> f.channel().send(12, u64(0))),
    KICK_WITH_AND_WITHOUT(f -> f.channel().send(12, u64(0x100), f.err(0).fd())),
    KICK_OF_A_RING_WITHOUT_ADDRESSES(f -> f.channel().send(12, u64(3), f.err(0).fd())),
    KICK_WITH_STRANGE_BITS(f -> f.channel().send(12, u64(0x1000), f.err(0).fd())),
    DESCRIPTOR_OUT_OF_PLACE(f -> f.channel().send(1, payload(0), f.err(0).fd())),
    MANY_DESCRIPTORS(f -> {
        final int[] fds = new int[30];
        Arrays.fill(fds, f.err(0).fd());
        f.channel().send(13, u64(0), fds);
    }),
    DESCRIPTOR_WITH_THE_PAYLOAD(f -> {
        f.channel().sendRaw(13, 1, 8, payload(0));
        f.channel().sendBytes(u64(0), f.err(0).fd());
    }),
    RING_OUTSIDE_OF_MEMORY(f -> f.channel().send(9, address(0, 0, 0, 0x1000, 0x2000))),
    RING_BEYOND_ITS_REGION(f -> {
        final long end = f.ram().regions().getLast().userAddress()
                + f.ram().regions().getLast().size();
        f.channel().send(9, address(0, 0, end - 16, end - 4096, end - 8192));
    }),
    RING_MISALIGNED(f -> f.channel().send(9, address(0, 0, GuestRam.USER_OFFSET + 8, 0, 0))),
    RING_FLAGS(f -> f.channel().send(9, address(0, 4, 0, 0, 0))),
    NO_REGIONS(f -> f.channel().send(5, payload(8).clear())),
    NINE_REGIONS(f -> f.channel().send(5, payload(8).putInt(9).clear())),
    REGIONS_WITHOUT_DESCRIPTORS(f -> f.channel().send(5, table(0x1000, 0x1000, 0x1000, 0))),
    REGION_WITHOUT_DESCRIPTOR(f -> f.channel().send(37, region(1L << 40, 0x1000, 1L << 40, 0))),
    REGION_LARGER_THAN_ITS_FILE(f -> addRegion(f, 1L << 40, 1L << 40, 1L << 40, 0)),
    REGION_BEYOND_ITS_FILE(f -> addRegion(f, 1L << 40, 0x1000, 1L << 40, 1L << 40)),
    REGION_OFFSET_WRAPS(f -> addRegion(f, 1L << 40, 0x1000, 1L << 40, -0x800)),
    REGION_OF_NO_SIZE(f -> addRegion(f, 1L << 40, 0, 1L << 40, 0)),
    REGION_OF_NEGATIVE_SIZE(f -> addRegion(f, 0, -1, 0, 0)),
    REGION_WRAPS(f -> addRegion(f, -0x800, 0x1000, 1L << 40, 0)),
    REGION_WRAPS_IN_THE_FRONT_END(f -> addRegion(f, 1L << 40, 0x1000, -0x800, 0)),
    REGION_OF_LESS_THAN_A_PAGE(f -> addRegion(f, 1L << 40, 0xfff, 1L << 40, 0)),
    CALL_OF_A_SOCKET(f -> {
        try (SocketPair pair = new SocketPair()) {
            f.channel().send(13, u64(0), pair.fd());
        }
    }),
    ERR_OF_MEMORY(f ->
            f.channel().send(14, u64(0), f.ram().regions().getFirst().file().fd())),
    KICK_OF_A_DIRECTORY(f -> sendFile(f, 12, "/tmp", LinuxFile.O_RDONLY)),
    KICK_OF_A_DEVICE(f -> sendFile(f, 12, "/dev/zero", LinuxFile.O_RDWR)),
    LOG_FD_OF_A_DEVICE(f -> {
        try (LinuxFile file = LinuxFile.open(Path.of("/dev/null"), LinuxFile.O_RDWR)) {
            f.channel().send(7, payload(0), file.fd());
        }
    }),
    BACKEND_CHANNEL_OF_A_DEVICE(f -> {
        try (LinuxFile file = LinuxFile.open(Path.of("/dev/null"), LinuxFile.O_RDWR)) {
            f.channel().send(21, payload(0), file.fd());
        }
    }),
    REGION_OF_A_DEVICE(f -> {
        try (LinuxFile file = LinuxFile.open(Path.of("/dev/zero"), LinuxFile.O_RDWR)) {
            f.channel().send(37, region(1L << 40, 0x1000, 1L << 40, 0), file.fd());
        }
    }),
    REGION_OF_A_DIRECTORY(f -> {
        try (LinuxFile file = LinuxFile.open(Path.of("/tmp"), LinuxFile.O_RDONLY)) {
            f.channel().send(37, region(1L << 40, 0x1000, 1L << 40, 0), file.fd());
        }
    }),
    MORE_MEMORY_THAN_ANY_GUEST_HAS(f -> {
        try (MemFd file = MemFd.create("huge", 8L << 40)) {
            for (int i = 1; i <= 3; i++) {
                f.channel().send(37, region((long) i << 44, 8L << 40, (long) i << 44, 0), file.fd());
            }
        }
    }),
    REGIONS_OVERLAP(f -> addRegion(f, 0x800, 0x1000, 1L << 40, 0)),
    REGIONS_OVERLAP_IN_THE_FRONT_END(f -> addRegion(f, 1L << 40, 0x1000, GuestRam.USER_OFFSET + 0x800, 0)),
    REGIONS_TOO_MANY(f -> {
        for (int i = f.ram().regions().size(); i <= 509; i++) {
            addRegion(f, (1L << 40) + i * 0x1000, 0x1000, (1L << 40) + i * 0x1000, 0);
        }
    }),
    REGION_NOT_OF_A_FILE(f ->
            f.channel().send(37, region(1L << 40, 0x1000, 1L << 40, 0), f.err(0).fd())),
    TABLE_WITHOUT_THE_RING(f -> f.channel()
            .send(
                    5,
                    table(0, 0x1000, 1L << 40, 0),
                    f.ram().regions().getFirst().file().fd())),
    UNKNOWN_REGION_REMOVED(f -> f.channel().send(38, region(1L << 40, 0x1000, 1L << 40, 0))),
    REGION_OF_THE_RING_REMOVED(f -> f.removeMemory(f.ram().regions().getFirst())),
    INFLIGHT_WITHOUT_DESCRIPTOR(f -> f.channel().send(32, f.inflight(f.inflightSize(), 0))),
    INFLIGHT_WHILE_RINGS_RUN(f -> f.channel().send(32, f.inflight(f.inflightSize(), 0), f.inflightFd())),
    INFLIGHT_OF_AN_EVENTFD(
            f -> f.channel().send(32, f.inflight(1 << 20, 0), f.err(0).fd())),
    INFLIGHT_BEYOND_ITS_FILE(f -> f.channel().send(32, f.inflight(1 << 20, 64), f.inflightFd())),
    INFLIGHT_OFFSET_WRAPS(f -> f.channel().send(32, f.inflight(-1, -8), f.inflightFd())),
    INFLIGHT_OFFSET_OF_4(f -> f.channel()
            .send(
                    32,
                    f.inflight(1 << 16, 4),
                    f.ram().regions().getFirst().file().fd())),
    INFLIGHT_TOO_SMALL(f -> f.channel()
            .send(32, f.inflight(16, 0), f.ram().regions().getFirst().file().fd())),
    INFLIGHT_FOR_NO_RING(f -> f.channel().send(31, f.inflight(0, 0).putShort(16, (short) 0))),
    INFLIGHT_FOR_257_RINGS(f -> f.channel().send(31, f.inflight(0, 0).putShort(16, (short) 257))),
    INFLIGHT_FOR_RINGS_OF_100(f -> f.channel().send(31, f.inflight(0, 0).putShort(18, (short) 100))),
    INFLIGHT_SHORT(f -> f.channel().send(31, f.inflight(0, 0).limit(16))),
    BACKEND_CHANNEL_WITHOUT_DESCRIPTOR(f -> f.channel().send(21, payload(0))),
    BACKEND_CHANNEL_OF_AN_EVENTFD(f -> f.channel().send(21, payload(0), f.err(0).fd())),
    BACKEND_CHANNEL_WITH_A_PAYLOAD(f -> f.channel().send(21, u64(0), f.err(0).fd())),
    CONFIG_OF_257_BYTES(
            f -> f.channel().send(24, payload(12).putInt(0).putInt(257).clear())),
    CONFIG_SIZE_DIFFERS(
            f -> f.channel().send(24, payload(20).putInt(0).putInt(9).clear())),
    CONFIG_WITHOUT_HEADER(f -> f.channel().send(24, payload(8).clear())),
    END_WITHIN_A_MESSAGE(f -> {
        f.channel().sendBytes(payload(5).putInt(1).put((byte) 1).flip());
        f.disconnect();
    });

    @FunctionalInterface
    private interface Attack {
        void run(FrontEnd frontEnd) throws IOException;
    }

    private final Attack attack;

    Misbehaviour(final Attack attack) {
        this.attack = attack;
    }

    /** Does it, on a connection whose rings run. */
    void run(final FrontEnd frontEnd) throws IOException {
        attack.run(frontEnd);
    }

    private static void sendFile(final FrontEnd f, final int request, final String path, final int flags)
            throws IOException {
        try (LinuxFile file = LinuxFile.open(Path.of(path), flags)) {
            f.channel().send(request, u64(0), file.fd());
        }
    }

    /** A socket whose other end nobody reads. */
    private static final class SocketPair implements AutoCloseable {
        private final UnixSocket[] pair;

        SocketPair() throws IOException {
            pair = UnixSocket.pair();
        }

        int fd() {
            return pair[0].fd();
        }

        @Override
        public void close() {
            pair[0].close();
            pair[1].close();
        }
    }

    private static ByteBuffer address(
            final int index, final int flags, final long table, final long used, final long available) {
        return payload(40)
                .putInt(index)
                .putInt(flags)
                .putLong(table)
                .putLong(used)
                .putLong(available)
                .putLong(0)
                .flip();
    }

    private static void submitOneMore(final FrontEnd f) throws IOException {
        assertThat(f.channel().acknowledged(3, payload(0))).isZero();
        f.queue(0).submit(BlkRequest.flush(), Framing.USUAL);
        f.queue(0).publish();
    }

    private static ByteBuffer log(final long size, final long offset) {
        return payload(16).putLong(size).putLong(offset).flip();
    }

    private static ByteBuffer region(final long guest, final long size, final long user, final long offset) {
        return payload(40)
                .putLong(0)
                .putLong(guest)
                .putLong(size)
                .putLong(user)
                .putLong(offset)
                .flip();
    }

    private static ByteBuffer table(final long guest, final long size, final long user, final long offset) {
        return payload(40)
                .putInt(1)
                .putInt(0)
                .putLong(guest)
                .putLong(size)
                .putLong(user)
                .putLong(offset)
                .flip();
    }

    private static void addRegion(
            final FrontEnd f, final long guest, final long size, final long user, final long offset)
            throws IOException {
        f.channel()
                .send(
                        37,
                        region(guest, size, user, offset),
                        f.ram().regions().getLast().file().fd());
    }
}
