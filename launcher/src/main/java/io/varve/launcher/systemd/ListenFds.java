package io.varve.launcher.systemd;

import io.varve.launcher.UserException;
import io.varve.launcher.config.Environment;
import io.varve.launcher.daemon.ListeningSocket;

/** The sockets that a service manager has handed over ({@code sd_listen_fds(3)}). */
public final class ListenFds {
    /** Number of the first. */
    private static final int FIRST = 3;

    private ListenFds() {}

    /**
     * The one listening socket that was handed over; null when none was, or to another process.
     *
     * @throws UserException when there are several, or it is no listening Unix socket.
     */
    public static ListeningSocket take(final Environment environment) {
        final String count = environment.get("LISTEN_FDS");
        final String pid = environment.get("LISTEN_PID");
        if (count == null || !Long.toString(ProcessHandle.current().pid()).equals(pid) || count.equals("0")) {
            return null;
        }
        if (!count.equals("1")) {
            throw new UserException(
                    "LISTEN_FDS: the service manager passes " + count + " sockets, and one is what is needed");
        }
        return ListeningSocket.inherited(FIRST, "LISTEN_FDS");
    }
}
