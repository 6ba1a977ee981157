package io.varve.vhostuser;

/**
 * Payload of SET_VRING_KICK, SET_VRING_CALL and SET_VRING_ERR: a u64 with the ring's index in its low 8 bits, and a flag
 * that says that no descriptor comes with the message.
 */
final class VringFd {
    /** Most rings that these messages can tell apart. */
    static final int MAX_RINGS = 256;

    private static final long INDEX_MASK = 0xff;

    /** VHOST_USER_VRING_NOFD_MASK: there is no descriptor, and what it would tell is to be found out by polling. */
    private static final long NO_FD = 0x100;

    private VringFd() {}

    /** Which ring. */
    static int index(final Message message) throws ProtocolException {
        return (int) (message.u64() & INDEX_MASK);
    }

    /** Whether a descriptor comes with the message. */
    static boolean hasFd(final Message message) throws ProtocolException {
        final long value = message.u64();
        if ((value & ~(INDEX_MASK | NO_FD)) != 0) {
            throw new ProtocolException(
                    FrontEndRequest.name(message.request()) + " carries 0x" + Long.toHexString(value));
        }
        return (value & NO_FD) == 0;
    }
}
