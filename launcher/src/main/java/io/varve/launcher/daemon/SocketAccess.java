package io.varve.launcher.daemon;

import io.varve.launcher.config.Setting;
import io.varve.launcher.config.Settings;

/**
 * Who may connect to a socket that is bound to a path.
 *
 * @param mode  permissions of its file, such as 0600; connecting takes the right to write.
 * @param group owner of its file, by name; null for the process's own group.
 */
public record SocketAccess(int mode, String group) {
    /** The process's own user, and nobody else. */
    public static final SocketAccess OWNER_ONLY = new SocketAccess(0600, null);

    /** What the settings say of sockets that volumes are served at. */
    public static SocketAccess of(final Settings settings) {
        return of(settings.get(Setting.SOCKET_MODE), settings.get(Setting.SOCKET_GROUP));
    }

    /** What the settings say of the control socket. */
    public static SocketAccess ofControl(final Settings settings) {
        return of(settings.get(Setting.CONTROL_MODE), settings.get(Setting.CONTROL_GROUP));
    }

    private static SocketAccess of(final int mode, final String group) {
        return new SocketAccess(mode, group.isEmpty() ? null : group);
    }
}
