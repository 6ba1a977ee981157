package io.varve.testsupport;

import io.varve.linux.EventFd;
import io.varve.linux.MemFd;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A session of nothing but messages, with a back-end in this process. A part of an input is a message: its id, a byte that says which
 * descriptors go with it and whether an answer is wanted, and its payload. After each session there is none, and the reactor is
 * well.
 */
public final class MessageTarget implements FuzzTarget {
    private static final int MOST_MESSAGES = 40;
    private static final int MOST_PAYLOAD = 255;
    private static final int TIMEOUT_S = 20;
    private static final int MEMORY = 1 << 20;
    private static final int NEED_REPLY = 8;
    private static final int WRONG_VERSION = 16;
    private static final int USER = 1 << 28;

    private static final byte[] UNKNOWN = {(byte) 255, 0, 0};

    private ServedDisk disk;
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
        if (disk == null) {
            final Path directory = Files.createTempDirectory("fuzz");
            directory.toFile().deleteOnExit();
            disk = new ServedDisk(directory);
            disk.socketPath.toFile().deleteOnExit();
            memory = MemFd.create("fuzz", MEMORY);
            event = EventFd.create();
        }
        try (FrontEndChannel channel = FrontEndChannel.connect(disk.socketPath)) {
            disk.awaitEvent("opened");
            final ByteBuffer messages = ByteBuffer.wrap(input);
            for (int i = 0; messages.remaining() >= 3 && i < MOST_MESSAGES; i++) {
                send(channel, messages);
            }
            // All before this has been read when it ends the session.
            send(channel, ByteBuffer.wrap(UNKNOWN));
            awaitNoSession();
        } catch (final IOException e) {
            // The back-end has had enough.
            awaitNoSession();
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

    private void awaitNoSession() {
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_S);
        while (disk.reactor.call(() -> disk.reactor.server().session()) != null) {
            if (System.nanoTime() > deadlineNs) {
                throw new AssertionError("a session does not end");
            }
            Thread.yield();
        }
        disk.events.clear();
    }
}
