package io.varve.lsvd.log;

import io.varve.lsvd.format.Superblock;
import java.io.IOException;

/**
 * The place of one volume's local log. A log is open in one process at a time: opening it locks it. Whoever has it open may
 * set it aside or delete it, and nobody else may: so what is open keeps its name.
 */
public interface LogStore {
    /** Whether there is a log. */
    boolean exists();

    /**
     * Opens and locks the log.
     *
     * @throws LogInUseException when another process has it open.
     */
    LogDevice open() throws IOException;

    /**
     * Makes, opens and locks a log whose first superblock is durable before the log can be found.
     *
     * @throws LogInUseException when another process is making one, or has made one meanwhile.
     */
    LogDevice create(LogGeometry geometry, Superblock first) throws IOException;

    /**
     * Greatest length in bytes that a log made now may have, in place of the one that is there, so that others who need the disk's
     * space find some.
     */
    default long room() throws IOException {
        return Long.MAX_VALUE;
    }

    /** Keeps a log that does not count any more under another name; tells which. It is open here, and stays so. */
    String setAside(long epoch) throws IOException;

    /** Deletes the log, which is open here; what has been set aside stays. */
    void delete() throws IOException;

    /** Where it is, for messages. */
    String name();
}
