package io.varve.vhostuser;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How much address space a session has mapped of its front-end's files. A file may be sparse and as large as one likes, and address space is
 * what all volumes of the process share: so there is a limit for each session, and one for all of them, which leaves the rest of the 128 TiB
 * that a process has on most machines. The reactor's; the limit of all is kept by whoever.
 */
final class MappingBudget {
    /** Most bytes that a session maps, those included that are being replaced: more than any guest has. */
    static final long MAX_OF_SESSION = 16L << 40;

    /** Most bytes that all sessions of the process map. */
    static final long MAX_OF_PROCESS = 64L << 40;

    private static final AtomicLong OF_PROCESS = new AtomicLong();

    private long taken;

    /**
     * Takes a part.
     *
     * @param bytes from 0.
     * @param name  of what is to be mapped, for messages.
     * @throws ProtocolException when that would be too much.
     */
    void take(final long bytes, final Object name) throws ProtocolException {
        if (bytes > MAX_OF_SESSION - taken) {
            throw new ProtocolException(
                    name + " is too much: a front-end may share " + (MAX_OF_SESSION >>> 40) + " TiB of memory");
        }
        if (OF_PROCESS.addAndGet(bytes) > MAX_OF_PROCESS) {
            OF_PROCESS.addAndGet(-bytes);
            throw new ProtocolException(name + " is too much: all front-ends of this process may share "
                    + (MAX_OF_PROCESS >>> 40) + " TiB of memory");
        }
        taken += bytes;
    }

    /** Gives a part back. */
    void giveBack(final long bytes) {
        taken -= bytes;
        OF_PROCESS.addAndGet(-bytes);
    }

    /** Bytes that all sessions of the process have mapped. */
    static long ofProcess() {
        return OF_PROCESS.get();
    }
}
