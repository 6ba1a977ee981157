package io.varve.launcher.daemon;

import io.varve.launcher.UserException;
import io.varve.launcher.config.UserPath;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where NBD clients connect, as it is written: {@code unix:PATH}, or {@code HOST:PORT}, where HOST is a name, an IPv4 address, an IPv6
 * address in brackets, or {@code *} for all IPv4 addresses of the machine.
 *
 * @param text as it was written, with an absolute path.
 * @param path of a Unix socket; null for TCP.
 * @param tcp  of TCP; null for a Unix socket.
 */
record NbdAddress(String text, Path path, InetSocketAddress tcp) {
    private static final String UNIX = "unix:";
    private static final int MAX_PORT = 0xffff;
    private static final Pattern TCP =
            Pattern.compile("(\\*|\\[[0-9a-fA-F:.%a-zA-Z]+\\]|[A-Za-z0-9._-]+):([0-9]{1,5})");

    /**
     * Reads an address, and resolves a name.
     *
     * @throws UserException when it is none.
     */
    static NbdAddress parse(final String text) {
        if (text.startsWith(UNIX)) {
            return unix(text.substring(UNIX.length()));
        }
        final Matcher matcher = TCP.matcher(text);
        if (!matcher.matches()) {
            throw new UserException("'" + text + "' is no address for NBD: say unix:PATH or HOST:PORT");
        }
        final int port = Integer.parseInt(matcher.group(2));
        // Port 0 would be any, of which nobody hears.
        if (port < 1 || port > MAX_PORT) {
            throw new UserException("'" + text + "' is no address for NBD: a port is from 1 to " + MAX_PORT);
        }
        final String host = matcher.group(1);
        try {
            final InetAddress address = InetAddress.getByName("*".equals(host) ? "0.0.0.0" : host);
            return new NbdAddress(text, null, new InetSocketAddress(address, port));
        } catch (final UnknownHostException e) {
            throw new UserException("'" + text + "' is no address for NBD: there is no host " + host, e);
        }
    }

    private static NbdAddress unix(final String written) {
        if (written.isEmpty()) {
            throw new UserException("'" + UNIX + "' names no path: say unix:PATH or HOST:PORT");
        }
        final Path path = UserPath.of(written).toAbsolutePath().normalize();
        return new NbdAddress(UNIX + path, path, null);
    }
}
