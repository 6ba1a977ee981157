package io.varve.vhostuser;

/** Why a session ended. */
public enum CloseReason {
    /** The front-end closed the connection, or it broke. */
    DISCONNECTED,

    /** The front-end broke the protocol. */
    PROTOCOL_ERROR,

    /**
     * Memory of the guest was found to have been taken away while it was in use. The device may have seen the
     * same fault: whoever owns it decides whether to open it again.
     */
    MEMORY_FAULT,

    /** An answer to the front-end had to wait for the disk for longer than it may. */
    WAITED_TOO_LONG,

    /** {@link VhostUserBlkSession#close()} was called. */
    REQUESTED
}
