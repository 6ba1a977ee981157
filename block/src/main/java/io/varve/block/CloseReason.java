package io.varve.block;

/** Why a session ended. */
public enum CloseReason {
    /** The client closed the connection, or it broke. */
    DISCONNECTED,

    /** The client broke the protocol. */
    PROTOCOL_ERROR,

    /**
     * Memory that the client shares was found to have been taken away while it was in use. The device may have seen the
     * same fault: whoever owns it decides whether to open it again.
     */
    MEMORY_FAULT,

    /** An answer to the client had to wait for the disk for longer than it may. */
    WAITED_TOO_LONG,

    /** The device {@linkplain BlockDevice.Listener#deviceLost was lost}, and the protocol ends sessions for that. */
    DEVICE_LOST,

    /** The daemon ends the export. */
    REQUESTED
}
