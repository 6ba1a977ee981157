package io.varve.vhostuser;

/** Features of the protocol itself (vhost-user.rst, "Protocol features"), as far as they are offered. */
final class ProtocolFeatures {
    /** More than one ring. */
    static final long MQ = 1L << 0;

    /** The dirty log is memory of the front-end's: SET_LOG_BASE. */
    static final long LOG_SHMFD = 1L << 1;

    /** The front-end can ask for an answer to any message. */
    static final long REPLY_ACK = 1L << 3;

    /** The back-end has a channel for messages of its own: SET_BACKEND_REQ_FD. */
    static final long BACKEND_REQ = 1L << 5;

    /** GET_CONFIG and SET_CONFIG. */
    static final long CONFIG = 1L << 9;

    /** GET_INFLIGHT_FD and SET_INFLIGHT_FD. */
    static final long INFLIGHT_SHMFD = 1L << 12;

    /** RESET_DEVICE. */
    static final long RESET_DEVICE = 1L << 13;

    /** Memory regions come and go one by one. */
    static final long CONFIGURE_MEM_SLOTS = 1L << 15;

    /** SET_STATUS and GET_STATUS. */
    static final long STATUS = 1L << 16;

    /** What is offered. */
    static final long OFFERED = MQ
            | LOG_SHMFD
            | REPLY_ACK
            | BACKEND_REQ
            | CONFIG
            | INFLIGHT_SHMFD
            | RESET_DEVICE
            | CONFIGURE_MEM_SLOTS
            | STATUS;

    private ProtocolFeatures() {}
}
