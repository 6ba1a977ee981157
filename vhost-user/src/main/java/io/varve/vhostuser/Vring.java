package io.varve.vhostuser;

import io.varve.block.BlockDevice;
import io.varve.linux.EventFd;
import io.varve.linux.Fd;
import io.varve.linux.IoRing;
import io.varve.linux.Watch;
import io.varve.virtqueue.DirtyLog;
import io.varve.virtqueue.GuestMemory;
import io.varve.virtqueue.PackedVirtqueue;
import io.varve.virtqueue.RingLayout;
import io.varve.virtqueue.SplitVirtqueue;
import io.varve.virtqueue.VirtioBlk;
import io.varve.virtqueue.VirtioBlkQueue;
import io.varve.virtqueue.Virtqueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One ring as the protocol has it: stopped at first, started by SET_VRING_KICK, stopped by GET_VRING_BASE; while it is
 * started, its buffers are processed if it is also enabled (vhost-user.rst, "Ring states").
 *
 * <p>The reactor's, but while it is lent: then all of it is its {@link Lane}'s, and the reactor asks for nothing but {@link #isLent()}, {@link
 * #inFlight()} and what does not change meanwhile: lane, index, address, and what serves it. Who has it gives it an {@link IoRing} for kicks and calls.
 */
final class Vring implements AutoCloseable {
    private static final int NO_FD = -1;

    /** A ring that has been kicked so often must have been used: QEMU kicks each ring once when it hands it over. */
    private static final int KICKS_OF_A_DRIVER = 2;

    private final int index;
    private final Lane lane;
    private final AtomicBoolean hasRequests;

    /** That of who has it; null on the way. */
    private IoRing ring;

    private boolean lent;
    private int size;
    private int base;
    private VringAddress address;
    private int kickFd = NO_FD;
    private Signal call;
    private Signal err;
    private Watch kickWatch;
    private boolean isPacked;
    private boolean enabled;
    private boolean brokenTold;
    private long unmappedTold;
    private boolean isLegacy;
    private long kicks;
    private boolean isBlank;
    private VirtioBlkQueue queue;

    /**
     * A stopped ring.
     *
     * @param hasRequests whether any ring of the session has ever brought a request.
     */
    Vring(final int index, final IoRing ring, final Lane lane, final AtomicBoolean hasRequests) {
        this.index = index;
        this.hasRequests = hasRequests;
        this.ring = ring;
        this.lane = lane;
    }

    /** The lane that may serve it, or null. */
    Lane lane() {
        return lane;
    }

    /** Whether it is the lane's now. */
    boolean isLent() {
        return lent;
    }

    /** Goes out to the lane, which {@linkplain #enter enters} it. */
    void lend() {
        leave();
        lent = true;
    }

    /** Is at home again, after the lane has {@linkplain #leave() left} it. */
    void takeBack(final IoRing home) {
        lent = false;
        enter(home);
    }

    /** Goes on with another ring for kicks and calls, on whose thread this is called. */
    void enter(final IoRing newRing) {
        ring = newRing;
        watchKick();
        if (call != null) {
            call.enter(ring);
        }
        if (err != null) {
            err.enter(ring);
        }
    }

    /** Lets the ring for kicks and calls go, on its thread. What is to be told meanwhile is told by the next. */
    void leave() {
        ring = null;
        unwatchKick();
        if (call != null) {
            call.leave();
        }
        if (err != null) {
            err.leave();
        }
    }

    int index() {
        return index;
    }

    /** What serves the ring; null while it is stopped. */
    VirtioBlkQueue queue() {
        return queue;
    }

    boolean isStarted() {
        return queue != null;
    }

    /** Whether buffers are to be processed. */
    boolean isServed() {
        return queue != null && enabled;
    }

    void enable(final boolean newEnabled) {
        enabled = newEnabled;
    }

    /** Requests that the device has not completed; one, for any number, while the ring is lent. */
    int inFlight() {
        if (lent) {
            return 1;
        }
        return queue == null ? 0 : queue.inFlight();
    }

    /** Whether what the ring writes is marked for a migration. */
    boolean isLogged() {
        return address != null && address.isLogged();
    }

    /** Whether something has happened that only the reactor can deal with. */
    boolean needsReactor() {
        return queue.hasFaulted()
                || queue.queue().isBroken() && !brokenTold
                || queue.unmappedCount() > 0 && unmappedTold == 0
                || isBlind();
    }

    /**
     * Whether the driver has used the ring, and nothing of that can be seen here: QEMU hands over memory of files whether it shares
     * it or not, and what the guest writes to memory that it does not share stays its own. Says nothing once any ring has brought a
     * request, and for drivers of before virtio 1, for which QEMU kicks once more.
     */
    boolean isBlind() {
        return isBlank && !isLegacy && !hasRequests.get();
    }

    /** Where the ring is to begin, or where it has stopped. */
    int base() {
        return base;
    }

    void size(final int newSize, final boolean packed) throws ProtocolException {
        requireStopped("SET_VRING_NUM");
        if (!Virtqueue.isValidSize(newSize, packed)) {
            throw new ProtocolException("ring " + index + " can't have the size " + Integer.toUnsignedString(newSize));
        }
        size = newSize;
    }

    /** Sets where the ring begins, in the form that its kind of ring has. */
    void base(final int newBase, final boolean packed) throws ProtocolException {
        requireStopped("SET_VRING_BASE");
        if (!packed && (newBase & ~0xffff) != 0) {
            throw new ProtocolException("ring " + index + " can't begin at " + Integer.toUnsignedString(newBase));
        }
        base = newBase;
    }

    private void requireStopped(final String message) throws ProtocolException {
        if (isStarted()) {
            throw new ProtocolException(message + " while ring " + index + " runs");
        }
    }

    /** Takes addresses; a ring that runs goes on there. */
    void address(final VringAddress newAddress, final MemoryTable memory, final DirtyLog log) throws ProtocolException {
        address = newAddress;
        relocate(memory, log);
    }

    /** Finds the ring's parts again in changed memory, or goes on with another log. */
    void relocate(final MemoryTable memory, final DirtyLog log) throws ProtocolException {
        if (isStarted()) {
            try {
                queue.queue().relocate(layout(memory, log));
            } catch (final IllegalArgumentException e) {
                throw new ProtocolException("ring " + index + ": " + e.getMessage(), e);
            }
        }
    }

    /**
     * Takes the eventfd that notifies of buffers, and starts the ring if it does not run yet.
     *
     * <p>What an earlier back-end has left in flight is done again once the ring is enabled. The driver is called at once, since
     * that one may have died between the used index and its call.
     *
     * @param fd       owned from now on; -1 for none: the ring is polled.
     * @param log      where the ring's writes are marked if that is asked for, or null.
     * @param inflight where to note what is in flight, or null.
     * @param device   serves the requests of a ring that has no lane.
     */
    void kick(
            final int fd,
            final MemoryTable memory,
            final DirtyLog log,
            final InflightRegion inflight,
            final BlockDevice device,
            final long features)
            throws ProtocolException {
        closeKick();
        kickFd = fd;
        watchKick();
        // A new descriptor usually brings a kick with it.
        kicks = 0;
        if (isStarted()) {
            return;
        }
        if (size == 0 || address == null) {
            throw new ProtocolException("ring " + index + " starts without size or addresses");
        }
        brokenTold = false;
        unmappedTold = 0;
        isBlank = false;
        isLegacy = (features & VirtioBlk.F_VERSION_1) == 0;
        isPacked = (features & VirtioBlk.F_RING_PACKED) != 0;
        queue = new VirtioBlkQueue(
                virtqueue(layout(memory, log), inflight, features), lane == null ? device : lane.device(), features);
        raise(call);
    }

    /** Whether an earlier back-end has left something in flight that has not been done again. */
    boolean hasLeft() {
        return isStarted() && queue.hasLeft();
    }

    /**
     * Checks that what an earlier back-end has left in flight may be done again.
     *
     * @param mayRepeat whether it may.
     * @throws ProtocolException when there is something, and it may not.
     */
    void checkLeft(final boolean mayRepeat) throws ProtocolException {
        if (hasLeft() && !mayRepeat) {
            throw new ProtocolException(
                    "ring " + index + " has requests in flight of an earlier state of the disk, which"
                            + " can't be done any more: start its guest anew");
        }
    }

    /** Does again some of what an earlier back-end has left in flight, unless that has been done. */
    void resubmit() {
        if (isStarted()) {
            queue.resubmit();
        }
    }

    private Virtqueue virtqueue(final RingLayout layout, final InflightRegion inflight, final long features)
            throws ProtocolException {
        try {
            return isPacked
                    ? new PackedVirtqueue(
                            size, base, features, layout, inflight == null ? null : inflight.packed(index, size))
                    : new SplitVirtqueue(
                            size, base, features, layout, inflight == null ? null : inflight.split(index, size));
        } catch (final IllegalArgumentException e) {
            throw new ProtocolException("ring " + index + ": " + e.getMessage(), e);
        }
    }

    /** Takes the eventfd that calls the driver, -1 for none, and calls once: something may have been missed. */
    void call(final int fd) {
        call = replace(call, fd);
        if (isStarted()) {
            raise(call);
        }
    }

    /** Takes the eventfd that tells of errors, -1 for none. */
    void err(final int fd) {
        err = replace(err, fd);
    }

    /** Stops the ring; nothing of it is in flight. */
    void stop() {
        publish();
        if (isStarted()) {
            base = queue.queue().base();
            queue = null;
        }
        closeKick();
    }

    /** Gives up what is in flight; it stays noted. The ring is at home, and serves nothing from now on. */
    void cancel() {
        if (isStarted()) {
            queue.cancel();
        }
    }

    /** Takes what the driver made available; number of chains. */
    int poll() {
        final int taken = queue.poll();
        if (taken > 0 && !hasRequests.getPlain()) {
            hasRequests.set(true);
        }
        return taken;
    }

    /** Shows the driver what has completed, and calls it if it wants that. */
    void publish() {
        if (isStarted() && queue.publish()) {
            raise(call);
        }
    }

    /** Tells of what the driver has been found to have done wrong since the last call. */
    void tellOfTrouble(final FrontEndLog log) {
        if (queue == null) {
            return;
        }
        if (queue.queue().isBroken() && !brokenTold) {
            brokenTold = true;
            raise(err);
            if (queue.isBrokenByUnmapped()) {
                unmappedTold = queue.unmappedCount();
                log.warn(
                        "ring " + index + " stands still: a request can't be answered, " + SharedMemory.NOT_SHARED,
                        unmappedPlace());
            } else {
                log.warn("the guest broke ring " + index + ", which stands still now");
            }
        }
        if (queue.unmappedCount() != unmappedTold) {
            unmappedTold = queue.unmappedCount();
            log.warn("requests of the guest fail, " + SharedMemory.NOT_SHARED, unmappedPlace());
        }
    }

    private String unmappedPlace() {
        return " (guest address 0x" + Long.toHexString(queue.unmappedAddress()) + ")";
    }

    /** Whether nothing tells of new buffers, so that they have to be looked for now and then. */
    boolean isPolled() {
        return kickFd < 0;
    }

    /**
     * Whether the ring can't be left alone: there are buffers already.
     *
     * @throws ProtocolException when the kick descriptor can't be watched.
     */
    boolean armNotifications() throws ProtocolException {
        if (kickWatch != null) {
            if (kickWatch.hasFailed()) {
                throw new ProtocolException("the kick descriptor of ring " + index + " can't be watched");
            }
            if (kickWatch.takeEvents() != 0) {
                kicks += EventFd.drain(kickFd);
            }
        }
        final boolean isThere = queue.armNotifications();
        if (kicks >= KICKS_OF_A_DRIVER && !isThere && !hasRequests.getPlain()) {
            isBlank = queue.queue().isBlank();
        }
        return isThere;
    }

    private RingLayout layout(final MemoryTable memory, final DirtyLog log) throws ProtocolException {
        final GuestMemory user = memory.byUserAddress();
        final long descriptors = user.translate(
                address.descriptors(),
                isPacked ? PackedVirtqueue.descriptorRingSize(size) : SplitVirtqueue.descriptorTableSize(size));
        final long driverArea = user.translate(
                address.available(), isPacked ? PackedVirtqueue.EVENT_SIZE : SplitVirtqueue.availableRingSize(size));
        final long deviceArea = user.translate(
                address.used(), isPacked ? PackedVirtqueue.EVENT_SIZE : SplitVirtqueue.usedRingSize(size));
        if (descriptors == GuestMemory.NOT_MAPPED
                || driverArea == GuestMemory.NOT_MAPPED
                || deviceArea == GuestMemory.NOT_MAPPED) {
            throw new ProtocolException("ring " + index + " can't be served, " + SharedMemory.NOT_SHARED);
        }
        return new RingLayout(
                memory.byGuestAddress(),
                descriptors,
                driverArea,
                deviceArea,
                address.isLogged() ? log : null,
                address.logGuestAddress());
    }

    private Signal replace(final Signal old, final int fd) {
        if (old != null) {
            old.close();
        }
        return fd == NO_FD ? null : new Signal(ring, fd);
    }

    private static void raise(final Signal signal) {
        if (signal != null) {
            signal.raise();
        }
    }

    private void watchKick() {
        if (kickFd >= 0) {
            kickWatch = new Watch(ring, kickFd, IoRing.POLLIN);
        }
    }

    private void unwatchKick() {
        if (kickWatch != null) {
            kickWatch.close();
            kickWatch = null;
        }
    }

    private void closeKick() {
        unwatchKick();
        Fd.close(kickFd);
        kickFd = NO_FD;
    }

    /** Closes descriptors; nothing of the ring is in flight. Idempotent. */
    @Override
    public void close() {
        queue = null;
        closeKick();
        call = replace(call, NO_FD);
        err = replace(err, NO_FD);
    }
}
