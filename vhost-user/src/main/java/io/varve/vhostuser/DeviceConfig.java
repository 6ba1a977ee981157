package io.varve.vhostuser;

import io.varve.block.BlockDevice;
import io.varve.linux.ErrnoException;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.virtqueue.VirtioBlkConfig;

/** The config space as a front-end reads and writes it, and whether what it has read may be old. */
final class DeviceConfig implements AutoCloseable {
    private final BlockDevice device;
    private final SessionOptions options;
    private final WriteCacheSwitch writeCache;
    private final Mapping memory;
    private boolean isStale = true;
    private long toldCapacity;
    private boolean toldWriteCache;

    /**
     * Creates that of a new session.
     *
     * @throws ErrnoException when there is no memory.
     */
    DeviceConfig(final BlockDevice device, final SessionOptions options) throws ErrnoException {
        this.device = device;
        this.options = options;
        writeCache = new WriteCacheSwitch(device, options.writeCache());
        memory = Memory.allocate(VirtioBlkConfig.LENGTH);
    }

    /** Whether the front-end has not read it, or not since it changed. */
    boolean isStale() {
        return isStale;
    }

    /** It has changed. */
    void changed() {
        isStale = true;
    }

    /** Whether it is not what the front-end has read. */
    boolean isOutdated() {
        return isStale
                || device.capacity() != toldCapacity
                || options.writeCache().isEnabled() != toldWriteCache;
    }

    /** Answers GET_CONFIG. */
    void get(final Message message, final Message reply) throws ProtocolException {
        ConfigSpace.validateGet(message);
        VirtioBlkConfig.encode(
                memory.address(),
                device,
                options.queueCount(),
                options.writeCache().isEnabled());
        ConfigSpace.encodeReply(reply, message, memory.address(), VirtioBlkConfig.LENGTH);
        isStale = false;
        toldCapacity = device.capacity();
        toldWriteCache = options.writeCache().isEnabled();
    }

    /**
     * Whether SET_CONFIG has to wait. Begins to change the write cache setting, if that is what the message does, once nothing
     * is in flight.
     */
    boolean mustWait(final Message message, final int inFlight) throws ProtocolException {
        ConfigSpace.validateSet(message);
        if (writeCache.isIdle() && isAccepted(message) && setsWriteCache(message)) {
            final boolean enabled = newWriteCache(message);
            if (enabled != options.writeCache().isEnabled()) {
                if (inFlight > 0) {
                    return true;
                }
                writeCache.begin(enabled);
            }
        }
        return writeCache.isBusy();
    }

    /** Carries out SET_CONFIG, which does not have to wait; whether it was accepted, and succeeded. */
    boolean set(final Message message) {
        return isAccepted(message) && writeCache.takeOutcome();
    }

    /** The driver may write one field; a migration writes all, and the rest of it has no effect. */
    private boolean isAccepted(final Message message) {
        if (device.isReadOnly()) {
            return false;
        }
        return switch (ConfigSpace.flags(message)) {
            case ConfigSpace.FLAGS_FRONT_END -> setsWriteCache(message) && ConfigSpace.size(message) == Byte.BYTES;
            case ConfigSpace.FLAGS_MIGRATION -> true;
            default -> false;
        };
    }

    private static boolean setsWriteCache(final Message message) {
        final int offset = ConfigSpace.offset(message);
        final int field = VirtioBlkConfig.WRITEBACK_FIELD_OFFSET;
        return offset >= 0 && offset <= field && field - offset < ConfigSpace.size(message);
    }

    private static boolean newWriteCache(final Message message) {
        final int position = VirtioBlkConfig.WRITEBACK_FIELD_OFFSET - ConfigSpace.offset(message);
        return Memory.getByte(ConfigSpace.contents(message) + position) != 0;
    }

    @Override
    public void close() {
        memory.close();
    }
}
