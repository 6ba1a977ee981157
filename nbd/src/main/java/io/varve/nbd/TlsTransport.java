package io.varve.nbd;

import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.IoRing;
import io.varve.linux.Memory;
import io.varve.linux.SendList;
import io.varve.linux.StreamSocket;
import io.varve.linux.UnixSocket;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/**
 * TLS over the socket. It has buffers of its own, about 128 KiB, and what an exchange of keys has to compute is computed on another
 * thread, which wakes the ring. The reactor's.
 */
final class TlsTransport implements Transport {
    private static final int OUT_LENGTH = 64 << 10;
    private static final int PIECE = 16 << 10;

    private final StreamSocket socket;
    private final IoRing ring;
    private final SSLEngine engine;

    /** From the socket, not read yet: from 0 to its position. */
    private final ByteBuffer encryptedIn;

    /** For the socket, not sent yet: from its position to its limit. */
    private final ByteBuffer encryptedOut;

    /** For the client of this, not taken yet: from its position to its limit. */
    private final ByteBuffer plainIn;

    private final ByteBuffer plainOut = ByteBuffer.allocateDirect(PIECE);
    private final SendList list = new SendList(1);
    private volatile boolean isBusy;
    private volatile Throwable taskFailure;
    private boolean hasMetTask;

    /** Whether the client has said something: what TLS 1.2 would let it have computed from then on is refused. */
    private boolean hasSaid;

    /** Whether another attempt to receive may bring something that the socket will not tell of. */
    private boolean mayReceive = true;

    TlsTransport(final StreamSocket socket, final IoRing ring, final SSLEngine engine) {
        this.socket = socket;
        this.ring = ring;
        this.engine = engine;
        final int packet = engine.getSession().getPacketBufferSize();
        encryptedIn = ByteBuffer.allocateDirect(2 * packet);
        encryptedOut = ByteBuffer.allocateDirect(OUT_LENGTH + 4 * packet).limit(0);
        plainIn = ByteBuffer.allocateDirect(engine.getSession().getApplicationBufferSize())
                .limit(0);
    }

    @Override
    public int receive(final long address, final int length) throws ErrnoException {
        try {
            while (!plainIn.hasRemaining()) {
                final int result = advance();
                if (result <= 0) {
                    mayReceive = hasMetTask;
                    return result;
                }
            }
        } catch (final SSLException e) {
            throw broken(e);
        }
        mayReceive = true;
        hasSaid = true;
        final int count = Math.min(length, plainIn.remaining());
        Memory.copy(address(plainIn) + plainIn.position(), address, count);
        plainIn.position(plainIn.position() + count);
        return count;
    }

    /** Does one thing towards having something for the client of this; answers 1, 0 at the end, or {@link UnixSocket#WOULD_BLOCK}. */
    private int advance() throws SSLException, ErrnoException {
        if (taskFailure != null) {
            throw new SSLException(taskFailure);
        }
        hasMetTask = isBusy;
        if (hasMetTask) {
            return UnixSocket.WOULD_BLOCK;
        }
        switch (engine.getHandshakeStatus()) {
            case NEED_TASK -> {
                if (hasSaid) {
                    throw new SSLException("keys are exchanged once");
                }
                compute(engine.getDelegatedTask());
                return 1;
            }
            case NEED_WRAP -> {
                return wrapNothing() ? 1 : UnixSocket.WOULD_BLOCK;
            }
            default -> {
                return unwrap();
            }
        }
    }

    private void compute(final Runnable task) {
        if (task == null) {
            return;
        }
        isBusy = true;
        Thread.startVirtualThread(() -> {
            try {
                task.run();
            } catch (final RuntimeException | Error e) {
                taskFailure = e;
            }
            isBusy = false;
            ring.wakeUp();
        });
    }

    /** Wraps what the exchange of keys has to say. Whether there was room. */
    private boolean wrapNothing() throws SSLException, ErrnoException {
        if (!flush()
                && encryptedOut.capacity() - encryptedOut.limit()
                        < engine.getSession().getPacketBufferSize()) {
            return false;
        }
        plainOut.clear().limit(0);
        wrap();
        flush();
        return true;
    }

    private void wrap() throws SSLException {
        final int position = encryptedOut.position();
        encryptedOut.position(encryptedOut.limit()).limit(encryptedOut.capacity());
        final SSLEngineResult result = engine.wrap(plainOut, encryptedOut);
        encryptedOut.limit(encryptedOut.position()).position(position);
        if (result.getStatus() != SSLEngineResult.Status.OK && result.bytesProduced() == 0) {
            throw new SSLException("can't be sent to: " + result.getStatus());
        }
    }

    private int unwrap() throws SSLException, ErrnoException {
        encryptedIn.flip();
        plainIn.clear();
        final SSLEngineResult result;
        try {
            result = engine.unwrap(encryptedIn, plainIn);
        } finally {
            encryptedIn.compact();
            plainIn.flip();
        }
        return switch (result.getStatus()) {
            case OK -> 1;
            case BUFFER_UNDERFLOW -> fill();
            case BUFFER_OVERFLOW -> throw new SSLException("a packet is too long");
            case CLOSED -> 0;
        };
    }

    private int fill() throws ErrnoException {
        if (!encryptedIn.hasRemaining()) {
            throw new ErrnoException("a TLS packet is too long", Errno.ECONNRESET);
        }
        final int count = socket.receive(address(encryptedIn) + encryptedIn.position(), encryptedIn.remaining());
        if (count > 0) {
            encryptedIn.position(encryptedIn.position() + count);
            return 1;
        }
        return count;
    }

    @Override
    public boolean isDrained() {
        return false;
    }

    @Override
    public int send(final SendList pieces) throws ErrnoException {
        if (isBusy || !flush()) {
            return UnixSocket.WOULD_BLOCK;
        }
        try {
            int total = 0;
            for (int i = 0; i < pieces.count() && encryptedOut.limit() < OUT_LENGTH; i++) {
                long at = 0;
                while (at < pieces.length(i) && encryptedOut.limit() < OUT_LENGTH) {
                    final int length = (int) Math.min(PIECE, pieces.length(i) - at);
                    wrap(pieces.address(i) + at, length);
                    at += length;
                    total += length;
                }
            }
            flush();
            return total;
        } catch (final SSLException e) {
            throw broken(e);
        }
    }

    private void wrap(final long address, final int length) throws SSLException {
        plainOut.clear().limit(length);
        Memory.copy(address, address(plainOut), length);
        while (plainOut.hasRemaining()) {
            wrap();
        }
    }

    @Override
    public boolean hasUnsent() {
        return encryptedOut.hasRemaining();
    }

    @Override
    public boolean flush() throws ErrnoException {
        while (encryptedOut.hasRemaining()) {
            list.clear();
            list.add(address(encryptedOut) + encryptedOut.position(), encryptedOut.remaining());
            final int sent = socket.send(list);
            if (sent == UnixSocket.WOULD_BLOCK) {
                return false;
            }
            encryptedOut.position(encryptedOut.position() + sent);
            mayReceive |= engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING;
        }
        encryptedOut.clear().limit(0);
        return true;
    }

    @Override
    public boolean hasReceived() {
        return mayReceive && !isBusy;
    }

    @Override
    public boolean isBusy() {
        return isBusy;
    }

    private static long address(final ByteBuffer buffer) {
        return MemorySegment.ofBuffer(buffer.duplicate().clear()).address();
    }

    private static ErrnoException broken(final SSLException e) {
        return new ErrnoException("TLS: " + e.getMessage(), Errno.ECONNRESET);
    }

    /** Says that this is the end, if the socket takes it. */
    @Override
    public void close() {
        if (isBusy) {
            return;
        }
        try {
            engine.closeOutbound();
            if (!encryptedOut.hasRemaining()) {
                wrapNothing();
            }
        } catch (final SSLException | ErrnoException e) {
            // The client has gone already.
        }
    }
}
