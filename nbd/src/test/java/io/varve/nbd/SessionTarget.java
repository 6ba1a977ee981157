package io.varve.nbd;

import io.varve.block.SessionListener;
import io.varve.block.Sessions;
import io.varve.linux.ErrnoException;
import io.varve.linux.Memory;
import io.varve.linux.SendList;
import io.varve.linux.UnixSocket;
import io.varve.testsupport.MemoryBlockDevice;
import io.varve.testsupport.fuzz.FuzzTarget;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** All that a client says, from its flags to its last command, cut into pieces of several lengths. */
final class SessionTarget implements FuzzTarget {
    private static final int SIZE = 1 << 20;
    private static final int MAX_STEPS = 100_000;

    private final BufferPool pool = new BufferPool();
    private final MemoryBlockDevice device = new MemoryBlockDevice(SIZE);
    private final SendList list = new SendList(64);

    @Override
    public String name() {
        return "nbd-session";
    }

    @Override
    public int sampled() {
        return 10_000;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(seed(0), seed(Nbd.OPT_STRUCTURED_REPLY), seed(Nbd.OPT_EXTENDED_HEADERS));
    }

    private static byte[] seed(final int mode) {
        final ByteBuffer all = ByteBuffer.allocate(64 << 10);
        all.put((byte) 37).putInt(3);
        if (mode != 0) {
            option(all, mode, new byte[0]);
            option(all, Nbd.OPT_LIST_META_CONTEXT, NbdClient.contextData("disk"));
            option(all, Nbd.OPT_SET_META_CONTEXT, NbdClient.contextData("disk", "base:allocation"));
        }
        option(all, Nbd.OPT_LIST, new byte[0]);
        option(all, Nbd.OPT_STARTTLS, new byte[0]);
        option(all, Nbd.OPT_INFO, NbdClient.goData("", 0, 1, 2, 3));
        if (mode == 0) {
            option(all, Nbd.OPT_EXPORT_NAME, "disk".getBytes(StandardCharsets.US_ASCII));
        } else {
            option(all, Nbd.OPT_GO, NbdClient.goData("disk", 3));
        }
        final boolean isExtended = mode == Nbd.OPT_EXTENDED_HEADERS;
        command(all, isExtended, Nbd.CMD_READ, 0, 4096, 4096);
        command(all, isExtended, Nbd.CMD_WRITE, isExtended ? Nbd.CMD_FLAG_PAYLOAD_LEN : 1, 512, 1024);
        all.position(all.position() + 1024);
        command(all, isExtended, Nbd.CMD_TRIM, 0, 0, 8192);
        command(all, isExtended, Nbd.CMD_WRITE_ZEROES, 2, 4096, 8192);
        command(all, isExtended, Nbd.CMD_CACHE, 0, 0, SIZE);
        command(all, isExtended, Nbd.CMD_BLOCK_STATUS, 0, 0, SIZE);
        command(all, isExtended, Nbd.CMD_FLUSH, 0, 0, 0);
        command(all, isExtended, Nbd.CMD_DISC, 0, 0, 0);
        return Arrays.copyOf(all.array(), all.position());
    }

    private static void option(final ByteBuffer all, final int option, final byte[] data) {
        all.putLong(Nbd.IHAVEOPT).putInt(option).putInt(data.length).put(data);
    }

    private static void command(
            final ByteBuffer all,
            final boolean isExtended,
            final int type,
            final int flags,
            final long offset,
            final long length) {
        all.putInt(isExtended ? Nbd.EXTENDED_REQUEST_MAGIC : Nbd.REQUEST_MAGIC);
        all.putShort((short) flags).putShort((short) type).putLong(7).putLong(offset);
        if (isExtended) {
            all.putLong(length);
        } else {
            all.putInt((int) length);
        }
    }

    /** The first byte says into pieces of what length the rest is cut. */
    @Override
    public void run(final byte[] input) throws ErrnoException {
        final BufferPool.Share share = new BufferPool.Share();
        final Inbound in = new Inbound(pool, share);
        final Script script = new Script(input);
        Transmission transmission = null;
        try (Outbound out = new Outbound()) {
            final Handshake handshake = new Handshake(
                    new NbdOptions("disk", null, Sessions.letAllIn(SessionListener.NONE), null),
                    device,
                    in,
                    out,
                    new Host());
            try {
                Step step = Step.ADVANCED;
                int steps = 0;
                while (step != Step.ENDED && !script.isOver) {
                    if (++steps > MAX_STEPS) {
                        throw new AssertionError("no end");
                    }
                    out.send(script, list, transmission == null ? slot -> {} : transmission);
                    step = transmission == null ? handshake.step() : transmission.step();
                    if (transmission == null && handshake.isDone()) {
                        transmission = new Transmission(
                                device, SessionListener.NONE, true, handshake.agreed(), in, out, pool, share);
                    }
                    if (step == Step.NEEDS_BYTES) {
                        if (!in.prepare()) {
                            throw new AssertionError("no memory");
                        }
                        in.receive(script);
                    }
                }
            } catch (final ProtocolException e) {
                // As a broken client is told.
            } finally {
                if (transmission != null) {
                    transmission.close();
                }
                in.close();
            }
        }
        if (share.taken() != 0) {
            throw new AssertionError(share.taken() + " bytes are left");
        }
    }

    private static final class Host implements Handshake.Host {
        @Override
        public boolean openSession() {
            return true;
        }

        @Override
        public boolean mayWrite() {
            return true;
        }

        @Override
        public boolean isShared() {
            return false;
        }

        @Override
        public void startTls() throws ProtocolException {
            throw new ProtocolException("no TLS");
        }
    }

    /** Says what the input has, and reads all that is answered. */
    private static final class Script implements Transport {
        private final byte[] input;
        private final int piece;
        private int at = 1;
        private boolean isOver;

        Script(final byte[] input) {
            this.input = input;
            piece = input.length == 0 ? 1 : 1 + Byte.toUnsignedInt(input[0]);
        }

        @Override
        public int receive(final long address, final int length) {
            final int count = Math.min(Math.min(length, piece), input.length - at);
            if (count <= 0) {
                isOver = true;
                return UnixSocket.WOULD_BLOCK;
            }
            Memory.copy(input, at, address, count);
            at += count;
            return count;
        }

        @Override
        public boolean isDrained() {
            return false;
        }

        @Override
        public int send(final SendList sent) {
            return (int) Math.max(1, Math.min(sent.totalLength(), 1000));
        }

        @Override
        public boolean hasUnsent() {
            return false;
        }

        @Override
        public boolean flush() {
            return true;
        }

        @Override
        public boolean hasReceived() {
            return false;
        }

        @Override
        public boolean isBusy() {
            return false;
        }

        @Override
        public void close() {}
    }
}
