package io.varve.vhostuser;

import io.varve.block.BlockDevice;
import io.varve.block.Duty;
import io.varve.linux.IoRing;
import io.varve.linux.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * One more thread that serves rings of a session, so that a front-end with several can use more than one processor for reads. The device stays
 * its reactor's: what a {@link LaneReader} does not serve goes there and back through queues ({@link LaneDevice}). Neither thread ever waits for
 * the other.
 *
 * <p>The lane's rings are either at home, and then everything here is the reactor's, as if there were no lane; or out, and then all of it is the
 * lane's. They go out and come back together. The reactor lends them, and recalls them before it carries out a message that touches rings or memory,
 * and whenever they may not be served; the lane gives them back once it has nothing of its own in flight, and also when something
 * is wrong with a ring that the reactor has to deal with. What the device has in flight does not hold that up: it is answered wherever the ring
 * is by then.
 *
 * <p>The public methods are the lane's thread's, in a loop like that of {@link VhostUserBlkSession}; the others the reactor's. One lane serves one
 * session after the other.
 */
public final class Lane implements Duty {
    private final IoRing home;
    private final LaneReader reader;
    private final Supplier<IoRing> thread;
    private final LaneDevice device;
    private final List<Vring> vrings = new ArrayList<>();

    private volatile boolean isLent;
    private volatile boolean isRecalled;
    private volatile boolean isEnded;

    /** The reactor's: whether it has lent them and not seen them again. */
    private boolean isOut;

    private IoRing ring;
    private boolean isEntered;
    private boolean isToReturn;
    private Throwable trouble;

    /**
     * Makes a lane with nothing to do.
     *
     * @param home   the reactor's ring.
     * @param device that the reactor drives.
     * @param reader the lane's own.
     * @param thread gives the ring of the thread that drives the lane, which the first call starts; null when that can't be.
     */
    public Lane(final IoRing home, final BlockDevice device, final LaneReader reader, final Supplier<IoRing> thread) {
        this.home = home;
        this.reader = reader;
        this.thread = thread;
        this.device = new LaneDevice(device, reader);
    }

    /** What the lane's rings give their requests to. */
    BlockDevice device() {
        return device;
    }

    /** Whether the rings are at home. */
    boolean isHome() {
        return !isOut;
    }

    /** Lends rings, all that are started of the lane's, if one is served. */
    void lend(final Vrings all) {
        if (isOut || isEnded || !reader.isReady() || !isWorthwhile(all)) {
            return;
        }
        ring = thread.get();
        if (ring == null) {
            return;
        }
        for (final Vring vring : vrings) {
            vring.lend();
        }
        device.leave();
        isOut = true;
        isRecalled = false;
        isLent = true;
        if (isEnded) {
            // It has ended just now, and may not have seen that there is something to give back.
            isLent = false;
        }
        ring.wakeUp();
    }

    private boolean isWorthwhile(final Vrings all) {
        boolean isAnyServed = false;
        vrings.clear();
        for (int i = 0; i < all.startedCount(); i++) {
            final Vring vring = all.started(i);
            if (vring.lane() == this) {
                // What an earlier back-end has left is the reactor's affair.
                if (vring.hasLeft()) {
                    return false;
                }
                isAnyServed |= vring.isServed();
                vrings.add(vring);
            }
        }
        return isAnyServed;
    }

    /** Asks for the rings; {@link #doWorkAtHome()} has them when they are there. */
    void recall() {
        if (isOut && !isRecalled) {
            isRecalled = true;
            ring.wakeUp();
        }
    }

    /**
     * Takes what the lane has forwarded, and the rings when they are back.
     *
     * @return amount of work.
     * @throws ProtocolException when the lane found out that the front-end has broken the protocol.
     * @throws InternalError     when it found guest memory taken away.
     */
    int doWorkAtHome() throws ProtocolException {
        if (!isOut) {
            return 0;
        }
        if (!isLent) {
            return takeBack();
        }
        final int work = device.takeForwarded();
        if (device.takeHasAnswers()) {
            ring.wakeUp();
        }
        return work;
    }

    private int takeBack() throws ProtocolException {
        isOut = false;
        for (final Vring vring : vrings) {
            vring.takeBack(home);
        }
        final int work = 1 + device.enter();
        final Throwable told = trouble;
        trouble = null;
        switch (told) {
            case null -> {
                return work;
            }
            case ProtocolException e -> throw e;
            case InternalError e -> throw e;
            default -> throw new IllegalStateException("a lane has failed", told);
        }
    }

    /**
     * Serves the rings that are lent, within bounds.
     *
     * @return amount of work.
     */
    @Override
    public int doWork() {
        if (!isLent) {
            return 0;
        }
        if (!isEntered) {
            enter();
        }
        int work = device.takeAnswers();
        try {
            for (int i = 0; i < vrings.size(); i++) {
                final Vring vring = vrings.get(i);
                // As the reactor does it: what came back goes out first.
                vring.publish();
                if (mayServe(vring)) {
                    work += vring.poll();
                    vring.publish();
                }
                isToReturn |= vring.needsReactor();
            }
            Memory.surfaceFaults();
        } catch (final InternalError e) {
            giveUp(e);
        }
        if (device.takeHasForwarded()) {
            home.wakeUp();
        }
        if (isReturning() && reader.isQuiet()) {
            giveBack();
            work++;
        }
        return work;
    }

    private boolean mayServe(final Vring vring) {
        return !isReturning() && vring.isServed() && device.hasRoom();
    }

    private boolean isReturning() {
        return isToReturn || isRecalled;
    }

    private void enter() {
        isEntered = true;
        isToReturn = false;
        device.enterLane();
        reader.begin(ring);
        for (final Vring vring : vrings) {
            vring.enter(ring);
        }
    }

    private void giveUp(final Throwable reason) {
        isToReturn = true;
        trouble = reason;
    }

    private void giveBack() {
        for (final Vring vring : vrings) {
            vring.leave();
        }
        // What the ring was asked to watch it must have begun to before its descriptor may be closed.
        ring.turn(0);
        device.leaveLane();
        isEntered = false;
        isLent = false;
        home.wakeUp();
    }

    /** As {@link VhostUserBlkSession#armNotifications()}. */
    @Override
    public boolean armNotifications() {
        if (!isLent) {
            return false;
        }
        if (!isEntered || device.isAnswered()) {
            return true;
        }
        if (isReturning()) {
            return reader.isQuiet();
        }
        boolean work = false;
        try {
            for (int i = 0; i < vrings.size(); i++) {
                final Vring vring = vrings.get(i);
                if (mayServe(vring)) {
                    work |= vring.armNotifications();
                    isToReturn |= vring.needsReactor();
                }
            }
        } catch (final ProtocolException e) {
            giveUp(e);
        }
        return work || isReturning();
    }

    /** As {@link VhostUserBlkSession#disarmNotifications()}. */
    @Override
    public void disarmNotifications() {
        if (isLent && isEntered && !isReturning()) {
            for (int i = 0; i < vrings.size(); i++) {
                final Vring vring = vrings.get(i);
                if (vring.isServed()) {
                    vring.queue().disarmNotifications();
                }
            }
        }
    }

    /** As {@link VhostUserBlkSession#maxIdleNs()}. */
    @Override
    public long maxIdleNs() {
        return isLent && isEntered && !isReturning() && isPolled()
                ? VhostUserBlkSession.POLLED_RING_IDLE_NS
                : Long.MAX_VALUE;
    }

    private boolean isPolled() {
        for (int i = 0; i < vrings.size(); i++) {
            final Vring vring = vrings.get(i);
            if (vring.isServed() && vring.isPolled()) {
                return true;
            }
        }
        return false;
    }

    /**
     * The thread ends, and its ring is closed behind this: what is out comes back as it is, with reads in flight that nobody will
     * be told of, and nothing is lent any more.
     *
     * @param failure why, unless it was to end; null otherwise.
     */
    public void end(final Throwable failure) {
        isEnded = true;
        if (isLent) {
            if (isEntered) {
                vrings.forEach(Vring::leave);
            }
            trouble = failure;
            isLent = false;
            home.wakeUp();
        }
    }
}
