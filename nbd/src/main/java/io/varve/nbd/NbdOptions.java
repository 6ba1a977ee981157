package io.varve.nbd;

import io.varve.block.Sessions;
import java.util.Objects;

/**
 * How a volume is served over NBD.
 *
 * @param name     the export's name, as clients may ask for it: the volume's, or {@code VOLUME@SNAPSHOT}. The empty name means the same.
 * @param address  where clients connect, as they are told.
 * @param sessions where sessions are told of.
 * @param tls      whom to believe, and what to show; null for no TLS. With it, clients are served over TLS only.
 */
public record NbdOptions(String name, String address, Sessions sessions, NbdTls tls) {
    /** Checks the values. */
    public NbdOptions {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(sessions, "sessions");
    }
}
