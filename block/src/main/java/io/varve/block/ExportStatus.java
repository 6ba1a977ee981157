package io.varve.block;

import java.util.Objects;

/**
 * How an export is.
 *
 * @param protocol its name, such as {@code vhost-user}.
 * @param address  where clients connect, as they are told; null for a socket that was inherited.
 * @param waiting  who waits to be served, and for what, in one line without a full stop, such as "another front-end
 *                 waits until this one is gone"; null
 *                 when nobody is known to.
 */
public record ExportStatus(String protocol, String address, String waiting) {
    /** Checks the values. */
    public ExportStatus {
        Objects.requireNonNull(protocol, "protocol");
    }

    /** The same with somebody, or null for nobody, who waits. */
    public ExportStatus withWaiting(final String newWaiting) {
        return Objects.equals(waiting, newWaiting) ? this : new ExportStatus(protocol, address, newWaiting);
    }
}
