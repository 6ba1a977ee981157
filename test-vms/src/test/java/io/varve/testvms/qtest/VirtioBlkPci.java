package io.varve.testvms.qtest;

import io.varve.testsupport.Driver;
import io.varve.testsupport.DriverQueue;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.GuestRam;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A driver of a virtio-blk device on QEMU's PCI bus (virtio 1.3, sections 3.1 and 4.1), by memory that it shares with QEMU. */
public final class VirtioBlkPci implements Driver {
    /** Event of {@link #takeEvents()}: a queue has called. */
    public static final int QUEUE_EVENT = 1;

    /** Event of {@link #takeEvents()}: the config space has changed. */
    public static final int CONFIG_EVENT = 2;

    /** Feature: several queues. */
    public static final long F_MQ = 1L << 12;

    private static final long F_VERSION_1 = 1L << 32;
    private static final long F_PACKED = 1L << 34;
    private static final long F_EVENT_IDX = 1L << 29;
    private static final long F_INDIRECT = 1L << 28;

    /** SEG_MAX, BLK_SIZE, FLUSH, TOPOLOGY, CONFIG_WCE, MQ, DISCARD and WRITE_ZEROES. */
    private static final long BLK_FEATURES = 1L << 2 | 1L << 6 | 1L << 9 | 1L << 10 | 1L << 11 | F_MQ | 3L << 13;

    private static final int CAPABILITY_VENDOR = 0x09;
    private static final int CAPABILITY_COMMON = 1;
    private static final int CAPABILITY_NOTIFY = 2;
    private static final int CAPABILITY_ISR = 3;
    private static final int CAPABILITY_DEVICE = 4;

    private static final int COMMON_DEVICE_FEATURE_SELECT = 0;
    private static final int COMMON_DEVICE_FEATURE = 4;
    private static final int COMMON_DRIVER_FEATURE_SELECT = 8;
    private static final int COMMON_DRIVER_FEATURE = 12;
    private static final int COMMON_STATUS = 20;
    private static final int COMMON_QUEUE_SELECT = 22;
    private static final int COMMON_QUEUE_SIZE = 24;
    private static final int COMMON_QUEUE_ENABLE = 28;
    private static final int COMMON_QUEUE_NOTIFY_OFFSET = 30;
    private static final int COMMON_QUEUE_AREAS = 32;

    private static final int ACKNOWLEDGE = 1;
    private static final int DRIVER = 2;
    private static final int DRIVER_OK = 4;
    private static final int FEATURES_OK = 8;

    private static final int PAGE = 4096;

    private final Qtest qtest;
    private final PciFunction function;
    private final long[] structures = new long[CAPABILITY_DEVICE + 1];
    private final FrontEndOptions options;
    private final DriverQueue[] queues;
    private long notifyMultiplier;
    private long features;
    private int events;

    /**
     * Finds a device.
     *
     * @param qtest   of the QEMU.
     * @param ram     that QEMU and the back-end have, too.
     * @param slot    on the first bus.
     * @param memory  guest-physical address of memory for the queues, on a page.
     * @param options number, size and kind of the queues.
     */
    public VirtioBlkPci(
            final Qtest qtest, final GuestRam ram, final int slot, final long memory, final FrontEndOptions options)
            throws IOException {
        this.qtest = qtest;
        this.options = options;
        function = new PciFunction(qtest, slot);
        findStructures();
        queues = new DriverQueue[options.queueCount()];
        final long each = DriverQueue.memorySize(options.queueSize(), options.maxDataLength()) + PAGE & -PAGE;
        for (int i = 0; i < queues.length; i++) {
            queues[i] = DriverQueue.create(ram, memory + each * i, options);
        }
    }

    private void findStructures() throws IOException {
        if (!function.isThere()) {
            throw new IOException("no PCI device there");
        }
        for (int capability = function.firstCapability();
                capability != 0;
                capability = function.nextCapability(capability)) {
            if (function.read(capability, 1) != CAPABILITY_VENDOR) {
                continue;
            }
            final int type = (int) function.read(capability + 3, 1);
            if (type <= CAPABILITY_DEVICE) {
                structures[type] =
                        function.enable((int) function.read(capability + 4, 1)) + function.read(capability + 8, 4);
            }
            if (type == CAPABILITY_NOTIFY) {
                notifyMultiplier = function.read(capability + 16, 4);
            }
        }
    }

    private long common(final int offset, final int width) throws IOException {
        return qtest.read(structures[CAPABILITY_COMMON] + offset, width);
    }

    private void common(final int offset, final int width, final long value) throws IOException {
        qtest.write(structures[CAPABILITY_COMMON] + offset, width, value);
    }

    /** Resets the device and starts it, with empty queues; also after a reset of the machine. */
    public void start() throws IOException {
        startElsewhere(0);
    }

    /**
     * The same, with the queues said to be somewhere else.
     *
     * @param distance from where they are, in bytes.
     */
    public void startElsewhere(final long distance) throws IOException {
        findStructures();
        reset();
        common(COMMON_STATUS, 1, ACKNOWLEDGE | DRIVER);
        features = offered() & wanted();
        for (int half = 0; half < 2; half++) {
            common(COMMON_DRIVER_FEATURE_SELECT, 4, half);
            common(COMMON_DRIVER_FEATURE, 4, features >>> Integer.SIZE * half & 0xffff_ffffL);
        }
        common(COMMON_STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
        if ((common(COMMON_STATUS, 1) & FEATURES_OK) == 0) {
            throw new IOException("the device refuses the features 0x" + Long.toHexString(features));
        }
        for (int i = 0; i < queues.length; i++) {
            startQueue(i, distance);
        }
        common(COMMON_STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    }

    /** Resets the device: what a driver does that goes away. */
    public void reset() throws IOException {
        common(COMMON_STATUS, 1, 0);
    }

    /** Features that the device offers. */
    public long offered() throws IOException {
        long result = 0;
        for (int half = 0; half < 2; half++) {
            common(COMMON_DEVICE_FEATURE_SELECT, 4, half);
            result |= common(COMMON_DEVICE_FEATURE, 4) << Integer.SIZE * half;
        }
        return result;
    }

    private long wanted() {
        return BLK_FEATURES
                | F_VERSION_1
                | (options.packed() ? F_PACKED : 0)
                | (options.indirect() ? F_INDIRECT : 0)
                | (options.eventIndex() ? F_EVENT_IDX : 0);
    }

    /** Features in use. */
    public long features() {
        return features;
    }

    private void startQueue(final int index, final long distance) throws IOException {
        final DriverQueue queue = queues[index];
        queue.reset();
        if (queueSize(index) < queue.size()) {
            throw new IOException("queue " + index + " has " + queueSize(index) + " descriptors at most");
        }
        common(COMMON_QUEUE_SIZE, 2, queue.size());
        final long[] areas = {queue.descriptors(), queue.available(), queue.used()};
        for (int i = 0; i < areas.length; i++) {
            final long address = areas[i] + distance;
            common(COMMON_QUEUE_AREAS + 8 * i, 4, address & 0xffff_ffffL);
            common(COMMON_QUEUE_AREAS + 8 * i + 4, 4, address >>> Integer.SIZE);
        }
        final int notifyOffset = (int) common(COMMON_QUEUE_NOTIFY_OFFSET, 2);
        common(COMMON_QUEUE_ENABLE, 2, 1);
        queue.kick(() -> kick(notifyOffset, index));
    }

    /** Selects a queue, and tells its size: 0 when there is none. */
    public int queueSize(final int index) throws IOException {
        common(COMMON_QUEUE_SELECT, 2, index);
        return (int) common(COMMON_QUEUE_SIZE, 2);
    }

    private void kick(final int notifyOffset, final int index) {
        try {
            qtest.write(structures[CAPABILITY_NOTIFY] + notifyMultiplier * notifyOffset, 2, index);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Notifies of buffers in a queue that there may not be. */
    public void kickAnyway(final int index) {
        kick(index, index);
    }

    /** What the device has called for since the last time. */
    public int takeEvents() throws IOException {
        lookForEvents();
        final int result = events;
        events = 0;
        return result;
    }

    private void lookForEvents() throws IOException {
        events |= (int) qtest.read(structures[CAPABILITY_ISR], 1);
    }

    /** A field of the device's own config space. */
    public long config(final int offset, final int width) throws IOException {
        return qtest.read(structures[CAPABILITY_DEVICE] + offset, width);
    }

    /** Size of the disk in bytes. */
    public long capacity() throws IOException {
        return config(0, 8) * 512;
    }

    @Override
    public int queueCount() {
        return queues.length;
    }

    @Override
    public DriverQueue queue(final int index) {
        return queues[index];
    }

    @Override
    public boolean awaitCall(final long deadlineNs) throws IOException {
        lookForEvents();
        while ((events & QUEUE_EVENT) == 0) {
            if (System.nanoTime() - deadlineNs > 0) {
                return false;
            }
            lookForEvents();
        }
        events &= ~QUEUE_EVENT;
        return true;
    }
}
