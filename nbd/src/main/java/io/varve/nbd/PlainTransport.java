package io.varve.nbd;

import io.varve.linux.ErrnoException;
import io.varve.linux.SendList;
import io.varve.linux.StreamSocket;

/** The socket itself. */
final class PlainTransport implements Transport {
    private final StreamSocket socket;
    private boolean isDrained;

    PlainTransport(final StreamSocket socket) {
        this.socket = socket;
    }

    @Override
    public int receive(final long address, final int length) throws ErrnoException {
        final int count = socket.receive(address, length);
        isDrained = count < length;
        return count;
    }

    @Override
    public boolean isDrained() {
        return isDrained;
    }

    @Override
    public int send(final SendList list) throws ErrnoException {
        return socket.send(list);
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
