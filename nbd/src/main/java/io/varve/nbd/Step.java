package io.varve.nbd;

/** What has become of the attempt to read one thing more from a client. */
enum Step {
    /** It was read; there may be more. */
    ADVANCED,

    /** It has not arrived as a whole. */
    NEEDS_BYTES,

    /** It has to wait: for the device, for memory, for other commands to end, or for the client to read. */
    STALLED,

    /** The client says goodbye. */
    ENDED
}
