package io.varve.block;

/**
 * Where an export tells the daemon of its sessions, and hears which of them may write. The reactor's.
 *
 * <p>How many sessions an export takes at a time is the protocol's to limit. A volume has one session that may write, or several if it is served as shared, and any number that only read. A
 * protocol asks
 * {@link #mayWrite()} before it lets a client in as a writer. If that says no, it leaves the client waiting, and
 * {@linkplain
 * ExportStatus#waiting() says so}, or lets it in as a reader and tells it so, whichever its clients understand. When
 * the writer goes, the reactor is at work, and does not
 * sleep before {@link Export#doWork()} and {@link Export#armNotifications()} could ask again.
 */
public interface Sessions {
    /** Whether a further session may write. No when the device {@linkplain BlockDevice#isReadOnly() is read-only}. */
    boolean mayWrite();

    /**
     * Whether several sessions may write at a time. All of them see each other's completed writes, and a flush of one
     * covers those of all.
     */
    boolean isShared();

    /**
     * A session has begun.
     *
     * @param peer     who it is, for people: short and without control characters; null when nothing is known.
     * @param isWriter whether it may write; only if {@link #mayWrite()} says so. A session that may not never makes a
     *                 write, discard or write-zeroes:
     *                 the protocol refuses them.
     * @return is told of everything else of the session, and at last of its end.
     * @throws IllegalStateException when it is a writer and may not be.
     */
    SessionListener open(String peer, boolean isWriter);

    /**
     * Lets everybody in, as a shared volume does, and has all sessions told to one listener: for a device that no
     * daemon looks after.
     */
    static Sessions letAllIn(final SessionListener listener) {
        return new Sessions() {
            @Override
            public boolean mayWrite() {
                return true;
            }

            @Override
            public boolean isShared() {
                return true;
            }

            @Override
            public SessionListener open(final String peer, final boolean isWriter) {
                return listener;
            }
        };
    }
}
