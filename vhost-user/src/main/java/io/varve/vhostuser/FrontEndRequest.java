package io.varve.vhostuser;

/** Ids of the messages that front-ends send, with what a back-end answers (vhost-user.rst, "Front-end message types"). */
final class FrontEndRequest {
    /** Asks for the features offered; answered by u64. */
    static final int GET_FEATURES = 1;

    /** Sets the features negotiated: u64. */
    static final int SET_FEATURES = 2;

    /** The session is this front-end's; no payload. */
    static final int SET_OWNER = 3;

    /** Stops all rings (deprecated, and sent for a reset where RESET_DEVICE is not negotiated); no payload. */
    static final int RESET_OWNER = 4;

    /** Replaces the memory table: {@link MemoryRegions}, one descriptor for each region. */
    static final int SET_MEM_TABLE = 5;

    /** Hands over the dirty log, also while rings run: {@link MigrationLog}, and a descriptor; always answered, by u64. */
    static final int SET_LOG_BASE = 6;

    /** Hands over an eventfd that is signalled when pages were marked in the dirty log; no payload. */
    static final int SET_LOG_FD = 7;

    /** Sets a ring's size: {@link VringState}. */
    static final int SET_VRING_NUM = 8;

    /** Sets a ring's addresses, also while it runs: {@link VringAddress}. */
    static final int SET_VRING_ADDR = 9;

    /** Sets where a ring begins: {@link VringState}. */
    static final int SET_VRING_BASE = 10;

    /** Stops a ring once nothing of it is in flight; answered by {@link VringState}. */
    static final int GET_VRING_BASE = 11;

    /** Sets the eventfd that notifies of available buffers, and starts the ring: {@link VringFd}. */
    static final int SET_VRING_KICK = 12;

    /** Sets the eventfd that calls the driver: {@link VringFd}. */
    static final int SET_VRING_CALL = 13;

    /** Sets the eventfd that tells of errors: {@link VringFd}. */
    static final int SET_VRING_ERR = 14;

    /** Asks for the {@link ProtocolFeatures} offered; answered by u64. */
    static final int GET_PROTOCOL_FEATURES = 15;

    /** Sets the {@link ProtocolFeatures} negotiated: u64. */
    static final int SET_PROTOCOL_FEATURES = 16;

    /** Asks for the greatest number of rings; answered by u64. */
    static final int GET_QUEUE_NUM = 17;

    /** Lets a ring that was started process its buffers, or not: {@link VringState}. */
    static final int SET_VRING_ENABLE = 18;

    /** Hands over the channel for messages of the back-end: a descriptor, no payload. */
    static final int SET_BACKEND_REQ_FD = 21;

    /** Reads the config space: {@link ConfigSpace}; answered by the same. */
    static final int GET_CONFIG = 24;

    /** Writes the config space: {@link ConfigSpace}. */
    static final int SET_CONFIG = 25;

    /** Asks for memory to note requests in flight in: {@link InflightRegion.Description}; answered by the same, and a descriptor. */
    static final int GET_INFLIGHT_FD = 31;

    /** Hands over memory that notes requests in flight: {@link InflightRegion.Description}, and a descriptor. */
    static final int SET_INFLIGHT_FD = 32;

    /** Stops all rings; no payload. */
    static final int RESET_DEVICE = 34;

    /** Asks for the greatest number of memory regions; answered by u64. */
    static final int GET_MAX_MEM_SLOTS = 36;

    /** Adds a memory region: {@link MemoryRegions}, single, and its descriptor. */
    static final int ADD_MEM_REG = 37;

    /** Removes a memory region: {@link MemoryRegions}, single; a descriptor may come, and has no meaning. */
    static final int REM_MEM_REG = 38;

    /** Sets the device status: u64. */
    static final int SET_STATUS = 39;

    /** Asks for the device status; answered by u64. */
    static final int GET_STATUS = 40;

    private FrontEndRequest() {}

    /** The {@link ProtocolFeatures} that a message belongs to, 0 for none: it may be sent only where they are negotiated. */
    static long protocolFeatures(final int request) {
        return switch (request) {
            case GET_QUEUE_NUM -> ProtocolFeatures.MQ;
            case SET_LOG_BASE -> ProtocolFeatures.LOG_SHMFD;
            case SET_BACKEND_REQ_FD -> ProtocolFeatures.BACKEND_REQ;
            case GET_CONFIG, SET_CONFIG -> ProtocolFeatures.CONFIG;
            case GET_INFLIGHT_FD, SET_INFLIGHT_FD -> ProtocolFeatures.INFLIGHT_SHMFD;
            case RESET_DEVICE -> ProtocolFeatures.RESET_DEVICE;
            case GET_MAX_MEM_SLOTS, ADD_MEM_REG, REM_MEM_REG -> ProtocolFeatures.CONFIGURE_MEM_SLOTS;
            case SET_STATUS, GET_STATUS -> ProtocolFeatures.STATUS;
            default -> 0;
        };
    }

    /** The name of a message for the log. */
    static String name(final int request) {
        return switch (request) {
            case GET_FEATURES -> "GET_FEATURES";
            case SET_FEATURES -> "SET_FEATURES";
            case SET_OWNER -> "SET_OWNER";
            case RESET_OWNER -> "RESET_OWNER";
            case SET_MEM_TABLE -> "SET_MEM_TABLE";
            case SET_LOG_BASE -> "SET_LOG_BASE";
            case SET_LOG_FD -> "SET_LOG_FD";
            case SET_VRING_NUM -> "SET_VRING_NUM";
            case SET_VRING_ADDR -> "SET_VRING_ADDR";
            case SET_VRING_BASE -> "SET_VRING_BASE";
            case GET_VRING_BASE -> "GET_VRING_BASE";
            case SET_VRING_KICK -> "SET_VRING_KICK";
            case SET_VRING_CALL -> "SET_VRING_CALL";
            case SET_VRING_ERR -> "SET_VRING_ERR";
            case GET_PROTOCOL_FEATURES -> "GET_PROTOCOL_FEATURES";
            case SET_PROTOCOL_FEATURES -> "SET_PROTOCOL_FEATURES";
            case GET_QUEUE_NUM -> "GET_QUEUE_NUM";
            case SET_VRING_ENABLE -> "SET_VRING_ENABLE";
            case SET_BACKEND_REQ_FD -> "SET_BACKEND_REQ_FD";
            case GET_CONFIG -> "GET_CONFIG";
            case SET_CONFIG -> "SET_CONFIG";
            case GET_INFLIGHT_FD -> "GET_INFLIGHT_FD";
            case SET_INFLIGHT_FD -> "SET_INFLIGHT_FD";
            case RESET_DEVICE -> "RESET_DEVICE";
            case GET_MAX_MEM_SLOTS -> "GET_MAX_MEM_SLOTS";
            case ADD_MEM_REG -> "ADD_MEM_REG";
            case REM_MEM_REG -> "REM_MEM_REG";
            case SET_STATUS -> "SET_STATUS";
            case GET_STATUS -> "GET_STATUS";
            default -> "message " + Integer.toUnsignedString(request);
        };
    }
}
