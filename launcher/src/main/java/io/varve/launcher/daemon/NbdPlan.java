package io.varve.launcher.daemon;

import io.varve.block.Export;
import io.varve.launcher.UserException;
import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.linux.StreamSocket;
import io.varve.nbd.NbdOptions;
import io.varve.nbd.NbdServer;
import io.varve.nbd.NbdTls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;

/** A volume that is to be served over NBD, at a path or a TCP port. */
public final class NbdPlan implements ExportPlan {
    private static final int BACKLOG = 64;

    private final NbdAddress address;
    private final SocketAccess access;
    private final NbdTls tls;
    private ListeningSocket socket;

    private NbdPlan(final NbdAddress address, final SocketAccess access, final NbdTls tls) {
        this.address = address;
        this.access = access;
        this.tls = tls;
    }

    /**
     * An address that is yet to be listened at.
     *
     * @param text   {@code unix:PATH} or {@code HOST:PORT}.
     * @param access who may connect to a Unix socket.
     * @param tls    what {@link #tls} has read; null for no TLS.
     * @throws UserException when it is none, or can't be used, as far as one can know beforehand.
     */
    public static NbdPlan at(final String text, final SocketAccess access, final NbdTls tls) {
        final NbdAddress address = NbdAddress.parse(text);
        if (address.path() != null) {
            ListeningSocket.check(address.path(), access);
        }
        return new NbdPlan(address, access, tls);
    }

    /**
     * Reads the certificates and the key for TLS.
     *
     * @param directory where they are; null for no TLS.
     * @return null for no TLS.
     * @throws UserException when they can't be used.
     */
    public static NbdTls tls(final Path directory) {
        if (directory == null) {
            return null;
        }
        try {
            return NbdTls.of(directory);
        } catch (final IOException e) {
            throw new UserException("TLS for NBD: " + e.getMessage(), e);
        }
    }

    /**
     * An address as whoever is in another directory writes it.
     *
     * @throws UserException when it is none.
     */
    public static String absolute(final String text) {
        return NbdAddress.parse(text).text();
    }

    @Override
    public String protocol() {
        return NbdServer.PROTOCOL;
    }

    @Override
    public String address() {
        return address.text();
    }

    @Override
    public boolean takesSeveral() {
        return true;
    }

    @Override
    public Export open(final ExportContext context) {
        final StreamSocket listener = address.path() == null ? tcp(address.tcp()) : unix();
        return new NbdServer(
                context.ring(),
                listener,
                context.device(),
                new NbdOptions(context.volume(), address(), context.sessions(), tls));
    }

    private StreamSocket unix() {
        socket = ListeningSocket.listen(address.path(), access);
        return StreamSocket.of(socket.socket());
    }

    private StreamSocket tcp(final InetSocketAddress at) {
        try {
            return StreamSocket.listen(at, BACKLOG);
        } catch (final ErrnoException e) {
            final String reason =
                    e.errno() == Errno.EADDRINUSE ? "another process listens there" : Errno.describe(e.errno());
            throw new UserException("cannot listen at " + address.text() + ": " + reason, e);
        }
    }

    @Override
    public void close() {
        if (socket != null) {
            socket.close();
        }
    }
}
