package io.varve.hostdisks;

import io.varve.linux.ErrnoException;
import io.varve.linux.StreamSocket;
import io.varve.linux.UnixSocket;
import java.net.InetSocketAddress;
import java.nio.file.Path;

/**
 * Where an NBD server listens: {@code unix:PATH}, or {@code HOST:PORT}.
 *
 * @param text as it was written.
 */
record ServerAddress(String text) {
    private static final String UNIX = "unix:";
    private static final int MAX_PORT = 0xffff;

    /**
     * Connects, and resolves a name each time.
     *
     * @param timeoutMs most milliseconds to wait for another host.
     * @throws ErrnoException    when nobody listens there or it can't be reached.
     * @throws HostDiskException when it is no address, or names no host.
     */
    StreamSocket connect(final int timeoutMs) throws ErrnoException, HostDiskException {
        if (text.startsWith(UNIX)) {
            return StreamSocket.of(UnixSocket.connect(Path.of(text.substring(UNIX.length()))));
        }
        final int colon = text.lastIndexOf(':');
        if (colon < 1 || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
            throw new HostDiskException("'" + text + "' is no address for NBD: say unix:PATH or HOST:PORT");
        }
        final int port = Integer.parseInt(text.substring(colon + 1));
        final InetSocketAddress address =
                new InetSocketAddress(text.substring(0, colon).replaceAll("[\\[\\]]", ""), Math.min(port, MAX_PORT));
        if (address.isUnresolved() || port > MAX_PORT) {
            throw new HostDiskException("there is no " + text);
        }
        return StreamSocket.connect(address, timeoutMs);
    }
}
