package io.varve.vhostuser;

import io.varve.block.BlockDevice;
import io.varve.virtqueue.VirtioBlk;

/** What is offered to a front-end, and what it has taken of that: features of the device and of the protocol. */
final class Negotiation {
    /** Feature: protocol features can be negotiated, and rings are enabled one by one (VHOST_USER_F_PROTOCOL_FEATURES). */
    static final long F_PROTOCOL_FEATURES = 1L << 30;

    /** Feature: pages that the device writes are marked (VHOST_F_LOG_ALL). Comes and goes while rings run. */
    static final long F_LOG_ALL = 1L << 26;

    private static final long FEATURES = VirtioBlk.F_VERSION_1
            | VirtioBlk.F_RING_INDIRECT_DESC
            | VirtioBlk.F_RING_EVENT_IDX
            | VirtioBlk.F_RING_PACKED
            | VirtioBlk.F_SEG_MAX
            | VirtioBlk.F_BLK_SIZE
            | VirtioBlk.F_TOPOLOGY
            | VirtioBlk.F_MQ
            | VirtioBlk.F_FLUSH
            | F_LOG_ALL
            | F_PROTOCOL_FEATURES;

    private static final long READ_WRITE_FEATURES =
            VirtioBlk.F_CONFIG_WCE | VirtioBlk.F_DISCARD | VirtioBlk.F_WRITE_ZEROES;

    private final long offered;
    private long features;
    private long protocolFeatures;

    /** Nothing has been taken yet of what a device offers. */
    Negotiation(final BlockDevice device) {
        offered = FEATURES | (device.isReadOnly() ? VirtioBlk.F_RO : READ_WRITE_FEATURES);
    }

    /** Features offered. */
    long offered() {
        return offered;
    }

    /** Features taken. */
    long features() {
        return features;
    }

    /** Takes features, in place of those before. */
    void features(final long newFeatures) throws ProtocolException {
        requireOffered("SET_FEATURES", newFeatures & ~offered);
        features = newFeatures;
    }

    /** Takes protocol features, in place of those before. */
    void protocolFeatures(final long newFeatures) throws ProtocolException {
        requireOffered("SET_PROTOCOL_FEATURES", newFeatures & ~ProtocolFeatures.OFFERED);
        protocolFeatures = newFeatures;
    }

    private static void requireOffered(final String message, final long others) throws ProtocolException {
        if (others != 0) {
            throw new ProtocolException(message + " with 0x" + Long.toHexString(others) + ", not offered");
        }
    }

    /** Whether protocol features were taken, all of them. */
    boolean hasAll(final long wanted) {
        return (protocolFeatures & wanted) == wanted;
    }

    /** Whether rings are packed. */
    boolean isPacked() {
        return (features & VirtioBlk.F_RING_PACKED) != 0;
    }

    /** Whether rings are enabled one by one; else they all are. */
    boolean enablesOneByOne() {
        return (features & F_PROTOCOL_FEATURES) != 0;
    }

    /** Whether pages with data for the guest are to be marked. */
    boolean logsAll() {
        return (features & F_LOG_ALL) != 0;
    }

    /** Whether the driver knows that completed writes may wait for a flush. */
    boolean knowsOfWriteCache() {
        return (features & (VirtioBlk.F_FLUSH | VirtioBlk.F_CONFIG_WCE)) != 0;
    }
}
