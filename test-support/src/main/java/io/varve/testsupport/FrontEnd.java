package io.varve.testsupport;

import static io.varve.testsupport.FrontEndChannel.payload;
import static io.varve.testsupport.FrontEndChannel.ringState;
import static io.varve.testsupport.FrontEndChannel.u64;

import io.varve.linux.EventFd;
import io.varve.linux.Fd;
import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A vhost-user-blk front-end with a driver in it: negotiates and starts as QEMU does, message by message, and runs
 * requests. One thread.
 *
 * <p>{@link #connect} is QEMU's realize, {@link #start} the guest's driver coming up, {@link #stop} a pause, reset or shutdown,
 * {@link #disconnect} and {@link #reconnect} what happens when a back-end is restarted. Memory and requests in flight live through all of that.
 */
public final class FrontEnd implements Driver, AutoCloseable {
    /** Feature: read-only. */
    public static final long F_RO = 1L << 5;

    /** Feature: FLUSH. */
    public static final long F_FLUSH = 1L << 9;

    /** Feature: the write cache can be switched. */
    public static final long F_CONFIG_WCE = 1L << 11;

    /** Feature: discard. */
    public static final long F_DISCARD = 1L << 13;

    /** Feature: pages that the device writes are marked. */
    public static final long F_LOG_ALL = 1L << 26;

    /** Feature: indirect descriptors. */
    public static final long F_INDIRECT = 1L << 28;

    /** Feature: event index. */
    public static final long F_EVENT_IDX = 1L << 29;

    /** Feature: protocol features. */
    public static final long F_PROTOCOL = 1L << 30;

    /** Feature: packed rings. */
    public static final long F_PACKED = 1L << 34;

    private static final long PROTOCOL_MQ = 1L << 0;
    private static final long PROTOCOL_LOG = 1L << 1;
    private static final long PROTOCOL_REPLY_ACK = 1L << 3;
    private static final long PROTOCOL_BACKEND_REQ = 1L << 5;
    private static final long PROTOCOL_CONFIG = 1L << 9;
    private static final long PROTOCOL_INFLIGHT = 1L << 12;
    private static final long PROTOCOL_SLOTS = 1L << 15;
    private static final long PROTOCOL_STATUS = 1L << 16;
    private static final long WANTED_PROTOCOL = PROTOCOL_MQ
            | PROTOCOL_LOG
            | PROTOCOL_REPLY_ACK
            | PROTOCOL_BACKEND_REQ
            | PROTOCOL_CONFIG
            | PROTOCOL_INFLIGHT
            | PROTOCOL_SLOTS
            | PROTOCOL_STATUS
            | 1L << 13;

    private static final int NO_FD = -1;
    private static final int INFLIGHT_LENGTH = 24;
    private static final int CONFIG_HEADER = 12;
    private static final int CONFIG_SIZE = 60;
    private static final int DRIVER_OK_STATUS = 1 | 2 | 4;

    private final Path path;
    private final FrontEndOptions options;
    private final GuestRam ram;
    private final IoRing ring;
    private final DriverQueue[] queues;
    private final EventFd[] kicks;
    private final EventFd[] calls;
    private final EventFd[] errs;
    private final int[] bases;
    private final boolean[] hasBase;

    private FrontEndChannel channel;
    private FrontEndChannel backEndChannel;
    private long features;
    private long protocolFeatures;
    private ByteBuffer config;
    private boolean memorySent;
    private int inflightFd = NO_FD;
    private long inflightSize;
    private long inflightOffset;
    private long callCount;

    /**
     * Prepares a guest with memory that fits.
     *
     * @param path    of the back-end's socket.
     * @param options what it is like.
     */
    public FrontEnd(final Path path, final FrontEndOptions options) throws IOException {
        this.path = path;
        this.options = options;
        final long each = DriverQueue.memorySize(options.queueSize(), options.maxDataLength()) + (64 << 10) & -4096L;
        ram = GuestRam.standard(each * options.queueCount() * 2 / 3 + (64 << 10) & -4096L);
        ring = IoRings.open(options.queueCount() + 8);
        queues = new DriverQueue[options.queueCount()];
        kicks = new EventFd[options.queueCount()];
        calls = new EventFd[options.queueCount()];
        errs = new EventFd[options.queueCount()];
        bases = new int[options.queueCount()];
        hasBase = new boolean[options.queueCount()];
        final int handler = ring.register((data, result, flags) -> callCount += calls[(int) data].drain() > 0 ? 1 : 0);
        for (int i = 0; i < queues.length; i++) {
            queues[i] = DriverQueue.create(ram, each * i, options);
            kicks[i] = EventFd.create();
            calls[i] = EventFd.create();
            errs[i] = EventFd.create();
            queues[i].kick(kicks[i]::signal);
            ring.pollMultishot(calls[i].fd(), IoRing.POLLIN, handler, i);
        }
    }

    /** Connects to a back-end, makes itself known, reads the config space and starts all queues. */
    public static FrontEnd started(final Path path, final FrontEndOptions options) throws IOException {
        final FrontEnd frontEnd = new FrontEnd(path, options);
        try {
            frontEnd.connect();
            frontEnd.start();
            return frontEnd;
        } catch (final IOException | RuntimeException | Error e) {
            frontEnd.close();
            throw e;
        }
    }

    /** Connects and negotiates: what QEMU does when the device is realized. */
    public void connect() throws IOException {
        negotiate();
        config = has(PROTOCOL_CONFIG)
                ? getConfig(0, CONFIG_SIZE)
                : ByteBuffer.allocate(CONFIG_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void negotiate() throws IOException {
        channel = FrontEndChannel.connect(path);
        final long offered = channel.call(1, payload(0)).getLong();
        memorySent = false;
        protocolFeatures = 0;
        if ((offered & ~options.refused() & F_PROTOCOL) != 0) {
            protocolFeatures = channel.call(15, payload(0)).getLong() & WANTED_PROTOCOL;
            if (!options.inflight()) {
                protocolFeatures &= ~PROTOCOL_INFLIGHT;
            }
            if (!options.memorySlots()) {
                protocolFeatures &= ~PROTOCOL_SLOTS;
            }
            channel.send(16, u64(protocolFeatures));
            if (has(PROTOCOL_MQ)) {
                final long most = channel.call(17, payload(0)).getLong();
                if (most < queues.length) {
                    throw new IOException("the back-end has " + most + " queues, " + queues.length + " are wanted");
                }
            }
            if (has(PROTOCOL_SLOTS)) {
                final long slots = channel.call(36, payload(0)).getLong();
                if (slots < ram.regions().size()) {
                    throw new IOException("the back-end takes " + slots + " memory slots");
                }
            }
        }
        if (has(PROTOCOL_BACKEND_REQ)) {
            final UnixSocket[] pair = UnixSocket.pair();
            backEndChannel = new FrontEndChannel(pair[0]);
            try (UnixSocket other = pair[1]) {
                requireAck(21, payload(0), other.fd());
            }
        }
        channel.send(3, payload(0));
        features = channel.call(1, payload(0)).getLong() & ~options.refused() & ~F_LOG_ALL;
        if (!options.packed()) {
            features &= ~F_PACKED;
        } else if ((features & F_PACKED) == 0) {
            throw new IOException("the back-end has no packed rings");
        }
        if (!options.indirect()) {
            features &= ~F_INDIRECT;
        }
        if (!options.eventIndex()) {
            features &= ~F_EVENT_IDX;
        }
        for (int i = 0; i < queues.length; i++) {
            channel.send(13, u64(i), calls[i].fd());
            channel.send(14, u64(i), errs[i].fd());
        }
    }

    private boolean has(final long protocolFeature) {
        return (protocolFeatures & protocolFeature) != 0;
    }

    /**
     * Starts all queues: where {@link #stop} was told that they stand, else, as after a {@link #reconnect}, where the used ring
     * does.
     */
    public void start() throws IOException {
        channel.send(2, u64(features));
        sendInflight();
        for (int i = 0; i < queues.length; i++) {
            channel.send(13, u64(i), calls[i].fd());
        }
        channel.send(2, u64(features));
        if (!memorySent || !has(PROTOCOL_SLOTS)) {
            sendMemory();
        }
        if (has(PROTOCOL_STATUS)) {
            final long status = channel.call(40, payload(0)).getLong();
            channel.send(39, u64(status | DRIVER_OK_STATUS));
        }
        for (int i = 0; i < queues.length; i++) {
            startQueue(i);
        }
        enable(1);
    }

    /** Hands over the memory in which requests in flight are noted, after having asked for it the first time. */
    public void sendInflight() throws IOException {
        if (!has(PROTOCOL_INFLIGHT)) {
            return;
        }
        if (inflightFd == NO_FD) {
            final ByteBuffer reply = channel.call(31, inflight(0, 0));
            inflightFd = channel.takeFd();
            inflightSize = reply.getLong(0);
            inflightOffset = reply.getLong(8);
        }
        channel.send(32, inflight(inflightSize, inflightOffset), inflightFd);
    }

    /** The payload of a message about the memory in which requests in flight are noted, as QEMU sends it. */
    public ByteBuffer inflight(final long size, final long offset) {
        return payload(INFLIGHT_LENGTH)
                .putLong(size)
                .putLong(offset)
                .putShort((short) queues.length)
                .putShort((short) options.queueSize())
                .putInt(0)
                .flip();
    }

    /** The memory in which requests in flight are noted; stays this front-end's. */
    public int inflightFd() {
        return inflightFd;
    }

    /** Bytes of that memory. */
    public long inflightSize() {
        return inflightSize;
    }

    /** Forgets that memory, as QEMU does when the guest is reset: new memory is asked for at the next start. */
    public void forgetInflight() {
        Fd.close(inflightFd);
        inflightFd = NO_FD;
    }

    private void enable(final int num) throws IOException {
        if ((features & F_PROTOCOL) != 0) {
            for (int i = 0; i < queues.length; i++) {
                channel.send(18, ringState(i, num));
            }
        }
    }

    /** Starts one queue, as {@link #start} does, but does not enable it. */
    public void startQueue(final int index) throws IOException {
        final DriverQueue queue = queues[index];
        channel.send(8, ringState(index, queue.size()));
        channel.send(10, ringState(index, hasBase[index] ? bases[index] : queue.startBase()));
        sendAddresses(index);
        sendKick(index);
    }

    /** Hands over the eventfd that a queue is kicked by, which starts it. */
    public void sendKick(final int index) throws IOException {
        channel.send(12, u64(index), kicks[index].fd());
    }

    /** Sends where a queue is. */
    public void sendAddresses(final int index) throws IOException {
        final DriverQueue queue = queues[index];
        channel.send(
                9,
                payload(40)
                        .putInt(index)
                        .putInt((features & F_LOG_ALL) != 0 ? 1 : 0)
                        .putLong(queue.descriptors() + GuestRam.USER_OFFSET)
                        .putLong(queue.used() + GuestRam.USER_OFFSET)
                        .putLong(queue.available() + GuestRam.USER_OFFSET)
                        .putLong(queue.used())
                        .flip());
    }

    /** Has the pages that the device writes marked from now on: what QEMU does when a migration begins. */
    public void startLogging(final DirtyBitmap bitmap) throws IOException {
        replaceLog(bitmap);
        features |= F_LOG_ALL;
        sendLogging();
    }

    /** Has pages marked elsewhere from now on. */
    public void replaceLog(final DirtyBitmap bitmap) throws IOException {
        channel.call(
                6, payload(16).putLong(bitmap.size()).putLong(bitmap.offset()).flip(), bitmap.fd());
    }

    /** Has no pages marked any more: what QEMU does when a migration is cancelled. */
    public void stopLogging() throws IOException {
        features &= ~F_LOG_ALL;
        sendLogging();
    }

    private void sendLogging() throws IOException {
        channel.send(2, u64(features));
        for (int i = 0; i < queues.length; i++) {
            sendAddresses(i);
        }
        // None of these is answered. Behind this one, which is, requests are marked, or not any more.
        channel.call(1, payload(0));
    }

    /** Hands over all memory, region by region or at once. */
    public void sendMemory() throws IOException {
        memorySent = true;
        if (has(PROTOCOL_SLOTS)) {
            for (final GuestRam.Region region : ram.regions()) {
                addMemory(region);
            }
            return;
        }
        final ByteBuffer table = payload(8 + 32 * ram.regions().size());
        table.putInt(ram.regions().size()).putInt(0);
        final int[] fds = new int[ram.regions().size()];
        for (int i = 0; i < fds.length; i++) {
            putRegion(table, ram.regions().get(i));
            fds[i] = ram.regions().get(i).file().fd();
        }
        requireAck(5, table.flip(), fds);
    }

    /** Hands over one region. */
    public void addMemory(final GuestRam.Region region) throws IOException {
        requireAck(
                37,
                putRegion(payload(40).putLong(0), region).flip(),
                region.file().fd());
    }

    /** Takes one region back. */
    public void removeMemory(final GuestRam.Region region) throws IOException {
        requireAck(38, putRegion(payload(40).putLong(0), region).flip());
    }

    private static ByteBuffer putRegion(final ByteBuffer target, final GuestRam.Region region) {
        return target.putLong(region.guestAddress())
                .putLong(region.size())
                .putLong(region.userAddress())
                .putLong(region.fileOffset());
    }

    private void requireAck(final int request, final ByteBuffer payload, final int... fds) throws IOException {
        if (!has(PROTOCOL_REPLY_ACK)) {
            channel.send(request, payload, fds);
            return;
        }
        final long outcome = channel.acknowledged(request, payload, fds);
        if (outcome != 0) {
            throw new IOException("the back-end refuses message " + request + ": " + outcome);
        }
    }

    /** Reads part of the config space. */
    public ByteBuffer getConfig(final int offset, final int size) throws IOException {
        final ByteBuffer request =
                payload(CONFIG_HEADER + size).putInt(offset).putInt(size).putInt(0);
        final ByteBuffer reply = channel.call(24, request.clear());
        if (reply.remaining() != CONFIG_HEADER + size) {
            throw new AssertionError("reply to GET_CONFIG of " + size + " bytes has " + reply.remaining());
        }
        return reply.position(CONFIG_HEADER).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Writes a byte of the config space; 0 when that was accepted. */
    public long setConfig(final int offset, final int value) throws IOException {
        return channel.acknowledged(
                25,
                payload(CONFIG_HEADER + 1)
                        .putInt(offset)
                        .putInt(1)
                        .putInt(0)
                        .put((byte) value)
                        .flip());
    }

    /** Stops all queues as QEMU does: resets the device's status, if that is negotiated, before it {@linkplain #stopQueues asks} for their bases. */
    public void stop() throws IOException {
        if (has(PROTOCOL_STATUS)) {
            channel.send(39, u64(0));
        }
        stopQueues();
    }

    /** Stops all queues as a front-end does that knows of no status: disables them, and waits for what is in flight. */
    public void stopQueues() throws IOException {
        enable(0);
        for (int i = 0; i < queues.length; i++) {
            stopQueue(i);
        }
    }

    /** Stops one queue; where it stood. */
    public int stopQueue(final int index) throws IOException {
        final ByteBuffer reply = channel.call(11, ringState(index, 0));
        if (reply.getInt(0) != index) {
            throw new AssertionError("GET_VRING_BASE of ring " + index + " answered for " + reply.getInt(0));
        }
        bases[index] = reply.getInt(4);
        hasBase[index] = true;
        return bases[index];
    }

    /** Makes a stopped queue an empty one that begins at 0, as a driver does after a reset. */
    public void resetQueue(final int index) {
        hasBase[index] = false;
        queues[index].reset();
    }

    /** Drops the connection, whatever is in flight. */
    public void disconnect() {
        Arrays.fill(hasBase, false);
        if (channel != null) {
            channel.close();
            channel = null;
        }
        if (backEndChannel != null) {
            backEndChannel.close();
            backEndChannel = null;
        }
    }

    /** Connects again after {@link #disconnect} and starts all queues where the used rings say. */
    public void reconnect() throws IOException {
        disconnect();
        negotiate();
        start();
    }

    /** The connection, for messages that QEMU would not send. */
    public FrontEndChannel channel() {
        return channel;
    }

    /** The channel for messages of the back-end; null when there is none. */
    public FrontEndChannel backEndChannel() {
        return backEndChannel;
    }

    /** The guest's memory. */
    public GuestRam ram() {
        return ram;
    }

    @Override
    public DriverQueue queue(final int index) {
        return queues[index];
    }

    /** The same as a split one. */
    public SplitDriverQueue splitQueue(final int index) {
        return (SplitDriverQueue) queues[index];
    }

    /** The same as a packed one. */
    public PackedDriverQueue packedQueue(final int index) {
        return (PackedDriverQueue) queues[index];
    }

    /** The eventfd that the back-end signals when a queue is broken. */
    public EventFd err(final int index) {
        return errs[index];
    }

    @Override
    public int queueCount() {
        return queues.length;
    }

    /** Features in use. */
    public long features() {
        return features;
    }

    /** The config space as it was when connecting; zeros where it can't be asked for. */
    public ByteBuffer config() {
        return config;
    }

    /** Size of the disk in bytes. */
    public long capacity() {
        return config.getLong(0) * 512;
    }

    /** Calls seen so far. */
    public long callCount() {
        return callCount;
    }

    @Override
    public boolean awaitCall(final long deadlineNs) {
        final long before = callCount;
        while (callCount == before) {
            final long leftNs = deadlineNs - System.nanoTime();
            if (leftNs <= 0) {
                return false;
            }
            ring.turn(leftNs);
        }
        return true;
    }

    /** Disconnects and gives everything back. */
    @Override
    public void close() {
        disconnect();
        forgetInflight();
        ring.close();
        for (int i = 0; i < queues.length; i++) {
            kicks[i].close();
            calls[i].close();
            errs[i].close();
        }
        ram.close();
    }
}
