package io.varve.launcher.daemon;

/**
 * Who may connect to a socket that is bound to a path.
 *
 * @param mode  permissions of its file, such as 0600; connecting takes the right to write.
 * @param group owner of its file, by name; null for the process's own group.
 */
public record SocketAccess(int mode, String group) {
    /** The process's own user, and nobody else. */
    public static final SocketAccess OWNER_ONLY = new SocketAccess(0600, null);
}
