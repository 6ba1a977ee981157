package io.varve.testsupport;

import io.varve.linux.EventFd;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.MemFd;
import io.varve.linux.UnixSocket;
import io.varve.testsupport.fuzz.FuzzTarget;
import io.varve.vhostuser.SessionOptions;
import io.varve.vhostuser.VhostUserBlkServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A session of nothing but messages, with a back-end in this process. A part of an input is a message: its id, a byte that says which
 * descriptors go with it and whether an answer is wanted, and its payload. After each session there is none.
 *
 * <p>The front-end drives the back-end too, on its own thread, after every message: neither waits for the other, and what
 * happens follows from the input.
 */
public final class MessageTarget implements FuzzTarget {
    private static final int MOST_MESSAGES = 40;
    private static final int MOST_PAYLOAD = 255;
    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(20);

    /** How often there is nothing to do before the thread sleeps: then another thread looks at descriptors. */
    private static final int MOST_IDLE_TURNS = 100;

    private static final long SLEEP_NS = 1_000_000;
    private static final int BACKLOG = 4;
    private static final int MEMORY = 1 << 20;
    private static final int NEED_REPLY = 8;
    private static final int WRONG_VERSION = 16;
    private static final int USER = 1 << 28;

    private static final byte[] UNKNOWN = {(byte) 255, 0, 0};

    private Path socketPath;
    private IoRing ring;
    private MemoryBlockDevice device;
    private VhostUserBlkServer server;
    private MemFd memory;
    private EventFd event;

    @Override
    public String name() {
        return "messages";
    }

    @Override
    public int sampled() {
        return 1_000;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                session(0, 8),
                session(1L << 34, 8),
                new Messages().add(1, NEED_REPLY).bytes());
    }

    /** Sets a ring up, asks for the configuration and stops the ring. */
    private static byte[] session(final long features, final int size) {
        final Messages messages = new Messages();
        messages.add(1, 0)
                .add(3, 0)
                .add(2, 0, features | 1L << 32 | 1L << 30 | 1L << 26)
                .add(15, 0);
        messages.add(16, 0, 1L | 1L << 1 | 1L << 3 | 1L << 9 | 1L << 12);
        messages.add(17, 0).add(31, 0, 0, 0, 1L | (long) size << 16);
        messages.add(5, 1, 1, 0, MEMORY, USER, 0);
        messages.add(8, 0, (long) size << 32).add(10, 0, features == 0 ? 0 : 0x80008000L << 32);
        messages.add(9, 0, 0, USER, USER + 0x800, USER + 0x400, 0);
        messages.add(13, 2, 0).add(14, 2, 0).add(12, 2, 0).add(18, NEED_REPLY, 1L << 32);
        return messages.add(36, NEED_REPLY).add(11, 0, 0).add(34, 0).bytes();
    }

    /** Makes up an input. */
    private static final class Messages {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Messages add(final int id, final int how, final long... payload) {
            final ByteBuffer message = ByteBuffer.allocate(3 + payload.length * Long.BYTES);
            message.order(ByteOrder.LITTLE_ENDIAN);
            message.put((byte) id).put((byte) how).put((byte) (payload.length * Long.BYTES));
            for (final long value : payload) {
                message.putLong(value);
            }
            bytes.writeBytes(message.array());
            return this;
        }

        byte[] bytes() {
            return bytes.toByteArray();
        }
    }

    @Override
    public void run(final byte[] input) throws IOException {
        if (server == null) {
            serve();
        }
        try (FrontEndChannel channel = FrontEndChannel.connect(socketPath)) {
            driveUntil(() -> server.session() != null);
            final ByteBuffer messages = ByteBuffer.wrap(input);
            for (int i = 0; messages.remaining() >= 3 && i < MOST_MESSAGES; i++) {
                send(channel, messages);
                drive();
            }
            // All before this has been read when it ends the session.
            send(channel, ByteBuffer.wrap(UNKNOWN));
            driveUntil(() -> server.session() == null);
        } catch (final IOException e) {
            // The back-end has had enough.
            driveUntil(() -> server.session() == null);
        }
    }

    private void serve() throws IOException {
        final Path directory = Files.createTempDirectory("fuzz");
        directory.toFile().deleteOnExit();
        socketPath = directory.resolve("disk.sock");
        socketPath.toFile().deleteOnExit();
        ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
        device = new MemoryBlockDevice(ServedDisk.CAPACITY);
        server = new VhostUserBlkServer(
                ring, UnixSocket.listen(socketPath, 0600, BACKLOG), device, SessionOptions.of("disk"));
        memory = MemFd.create("fuzz", MEMORY);
        event = EventFd.create();
    }

    private int drive() {
        return ring.turn(0) + device.doWork() + server.doWork();
    }

    private void driveUntil(final BooleanSupplier isOver) {
        final long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        int idleTurns = 0;
        while (!isOver.getAsBoolean()) {
            idleTurns = drive() > 0 ? 0 : idleTurns + 1;
            if (idleTurns > MOST_IDLE_TURNS) {
                ring.turn(SLEEP_NS);
                if (System.nanoTime() > deadlineNs) {
                    throw new AssertionError("a session does not begin, or does not end");
                }
            }
        }
    }

    private void send(final FrontEndChannel channel, final ByteBuffer messages) throws IOException {
        final int id = messages.get() & 0xff;
        final int how = messages.get();
        final byte[] payload = new byte[Math.min(messages.get() & MOST_PAYLOAD, messages.remaining())];
        messages.get(payload);
        final int flags = (how & WRONG_VERSION) == 0 ? 1 | how & NEED_REPLY : how;
        final ByteBuffer message = FrontEndChannel.payload(12 + payload.length)
                .putInt(id)
                .putInt(flags)
                .putInt(payload.length)
                .put(payload)
                .flip();
        final int[] fds = switch (how & 7) {
            case 0 -> new int[0];
            case 1 -> new int[] {memory.fd()};
            case 2 -> new int[] {event.fd()};
            case 3 -> new int[] {event.fd(), memory.fd()};
            default -> new int[] {memory.fd(), memory.fd()};
        };
        if (!channel.trySend(message, fds)) {
            channel.discard();
        }
    }
}
