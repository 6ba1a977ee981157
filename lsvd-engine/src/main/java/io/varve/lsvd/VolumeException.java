package io.varve.lsvd;

import io.varve.linux.Errno;
import io.varve.linux.ErrnoException;
import io.varve.lsvd.crypto.KeyException;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.history.HistoryException;
import io.varve.lsvd.log.LogInUseException;
import io.varve.lsvd.store.NoSuchObjectException;
import java.io.IOException;

/**
 * A volume cannot be opened, made or changed as asked. The message is one line for people: what is wrong, what to do. The kind is for
 * programs.
 */
public final class VolumeException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What a program may want to know of why something can't be done. */
    public enum Kind {
        /** There is no volume, or snapshot, of that name. */
        NOT_FOUND,

        /** The name is taken. */
        EXISTS,

        /** Somebody uses it, or does something else with it right now; it can be had when they are done. */
        BUSY,

        /** It has snapshots, which have to go first. */
        HAS_SNAPSHOTS,

        /** It has clones, which need its data and have to go first. */
        HAS_CHILDREN,

        /** Somebody else has opened the volume, or shut this host out. */
        FENCED,

        /** A disk or a store has no room for it. */
        NO_SPACE,

        /** A store or a disk could not do what it was asked; trying again later may help. */
        UNAVAILABLE,

        /** What the store or the log holds is damaged, or not all there. */
        DAMAGED,

        /** What was asked for is not possible with any volume. */
        INVALID;

        /** The kind of what stores, logs and the reading of formats throw. */
        static Kind of(final IOException e) {
            return switch (e) {
                case KeyException key -> INVALID;
                case NoSuchObjectException missing -> DAMAGED;
                case FormatException unreadable -> DAMAGED;
                case HistoryException gap -> DAMAGED;
                case LogInUseException inUse -> BUSY;
                case ErrnoException call when call.errno() == Errno.ENOSPC -> NO_SPACE;
                default -> UNAVAILABLE;
            };
        }
    }

    private final Kind kind;

    /** Makes an exception with a message for people. */
    public VolumeException(final Kind kind, final String message) {
        super(message);
        this.kind = kind;
    }

    /** Makes an exception with a message for people and its cause. */
    public VolumeException(final Kind kind, final String message, final Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** Makes an exception with a message for people, of the kind of its cause. */
    public VolumeException(final String message, final IOException cause) {
        this(Kind.of(cause), message, cause);
    }

    /** What kind of failure it is. */
    public Kind kind() {
        return kind;
    }
}
