package io.varve.vhostuser;

import io.varve.block.BlockDevice;
import io.varve.block.SessionListener;
import io.varve.linux.ErrnoException;
import io.varve.linux.Fd;
import io.varve.linux.FdList;
import io.varve.linux.IoRing;
import io.varve.virtqueue.DirtyLog;
import io.varve.virtqueue.GuestMemory;
import io.varve.virtqueue.VirtioBlkQueue;

/**
 * What a front-end's messages mean: the state that they build up, and the answers. Messages that must not overtake
 * requests in flight are held back by {@link #mustWait}.
 */
final class BackEnd implements AutoCloseable {
    /** Answer to a message that came with NEED_REPLY: carried out. */
    private static final long ACK = 0;

    /** Answer to a message that came with NEED_REPLY: refused, and nothing has changed. */
    private static final long REFUSED = 1;

    private final BlockDevice device;
    private final SessionOptions options;
    private final Negotiation negotiation;
    private final Vrings vrings;
    private final SharedMemory memory;
    private final IoRing ring;
    private final StrangeFds strange;
    private final DeviceConfig config;
    private SessionListener listener = SessionListener.NONE;

    private boolean isRepeatKnown;
    private boolean mayRepeat;
    private BackEndChannel channel;
    private long status;

    /**
     * Creates the state of a new session.
     *
     * @throws ErrnoException when there is no memory.
     */
    BackEnd(
            final IoRing ring,
            final BlockDevice device,
            final SessionOptions options,
            final Lanes lanes,
            final StrangeFds strange)
            throws ErrnoException {
        this.strange = strange;
        config = new DeviceConfig(device, options);
        this.device = device;
        this.options = options;
        negotiation = new Negotiation(device);
        vrings = new Vrings(options.queueCount(), ring, lanes);
        memory = new SharedMemory(vrings, ring);
        this.ring = ring;
    }

    /** Sets who is told, before the first message. */
    void listener(final SessionListener newListener) {
        listener = newListener;
    }

    Vrings vrings() {
        return vrings;
    }

    /** Whether a message may change rings, or what they refer to, so that all have to be at home. */
    static boolean touchesRings(final Message message) {
        return switch (message.request()) {
            case FrontEndRequest.GET_FEATURES,
                    FrontEndRequest.GET_PROTOCOL_FEATURES,
                    FrontEndRequest.GET_QUEUE_NUM,
                    FrontEndRequest.GET_MAX_MEM_SLOTS,
                    FrontEndRequest.GET_STATUS,
                    FrontEndRequest.GET_CONFIG -> false;
            default -> true;
        };
    }

    /** Whether the descriptors of a message are files to be mapped. */
    static boolean bringsMemory(final Message message) {
        return switch (message.request()) {
            case FrontEndRequest.SET_MEM_TABLE,
                    FrontEndRequest.ADD_MEM_REG,
                    FrontEndRequest.SET_LOG_BASE,
                    FrontEndRequest.SET_INFLIGHT_FD -> true;
            default -> false;
        };
    }

    /** Whether pages that the device writes are marked, which is one thread's. */
    boolean marksPages() {
        return negotiation.logsAll() || vrings.areLogged();
    }

    /**
     * Checks that a message belongs to what was negotiated. QEMU heeds this: it asks for no number of queues and hands over no channel
     * before it has taken the features for that.
     */
    private void requireNegotiated(final Message message) throws ProtocolException {
        if (!negotiation.hasAll(FrontEndRequest.protocolFeatures(message.request()))) {
            throw new ProtocolException(
                    FrontEndRequest.name(message.request()) + " belongs to a protocol feature that was not negotiated");
        }
    }

    /**
     * Whether what was left in flight before this session may be done again; asked of the device before it is given the first
     * request. The device takes requests.
     */
    boolean mayRepeat() {
        if (!isRepeatKnown) {
            isRepeatKnown = true;
            mayRepeat = device.mayRepeat();
        }
        return mayRepeat;
    }

    /** Whether a message has to wait until requests have completed; rings are at home if it {@linkplain #touchesRings touches} them. */
    boolean mustWait(final Message message) throws ProtocolException {
        requireNegotiated(message);
        return switch (message.request()) {
            case FrontEndRequest.GET_VRING_BASE -> {
                final Vring vring = vrings.get(VringState.index(message));
                if (!device.isReady() && vring.hasLeft()) {
                    yield true;
                }
                if (device.isReady() && device.hasRoom(VirtioBlkQueue.MAX_CHAINS_PER_POLL)) {
                    vring.checkLeft(mayRepeat());
                    vring.resubmit();
                }
                yield vring.hasLeft() || vring.inFlight() > 0 || mustHandOver(vring) && !isHandedOver();
            }
            case FrontEndRequest.SET_MEM_TABLE,
                    FrontEndRequest.REM_MEM_REG,
                    FrontEndRequest.RESET_OWNER,
                    FrontEndRequest.RESET_DEVICE -> vrings.inFlight() > 0;
            case FrontEndRequest.SET_CONFIG ->
                !device.isReady() && vrings.startedCount() > 0 || config.mustWait(message, vrings.inFlight());
            case FrontEndRequest.SET_STATUS ->
                message.u64() == 0 && (vrings.inFlight() > 0 || mustHandOver() && !isHandedOver());
            default -> false;
        };
    }

    /** A front-end that sets the status, as QEMU does, stops the rings by that, before it asks for their bases. */
    private boolean mustHandOver() {
        return negotiation.logsAll() && vrings.startedCount() > 0;
    }

    private boolean mustHandOver(final Vring last) {
        return negotiation.logsAll() && last.isStarted() && vrings.startedCount() == 1;
    }

    private boolean isHandedOver() throws ProtocolException {
        try {
            return listener.isHandedOver();
        } catch (final IllegalStateException e) {
            throw new ProtocolException(e.getMessage(), e);
        }
    }

    /** While a message waits: whether it is the reason not to take more requests from a ring. */
    boolean holdsBack(final Message waiting, final Vring vring) throws ProtocolException {
        return waiting.request() != FrontEndRequest.GET_VRING_BASE || VringState.index(waiting) == vring.index();
    }

    /**
     * Carries out a message.
     *
     * @param message  does not {@linkplain #mustWait have to wait}.
     * @param fds      that came with it; those that are kept are taken out of the list.
     * @param reply    built if there is one.
     * @param replyFds given what goes with the reply, which owns it then.
     * @return whether the reply is to be sent.
     */
    boolean handle(final Message message, final FrontEndFds fds, final Message reply, final FdList replyFds)
            throws ProtocolException {
        checkFdCount(message, fds);
        switch (message.request()) {
            case FrontEndRequest.GET_FEATURES -> reply.encodeReplyU64(message.request(), negotiation.offered());
            case FrontEndRequest.GET_PROTOCOL_FEATURES ->
                reply.encodeReplyU64(message.request(), ProtocolFeatures.OFFERED);
            case FrontEndRequest.GET_QUEUE_NUM -> reply.encodeReplyU64(message.request(), vrings.count());
            case FrontEndRequest.GET_MAX_MEM_SLOTS -> reply.encodeReplyU64(message.request(), GuestMemory.MAX_REGIONS);
            case FrontEndRequest.GET_STATUS -> reply.encodeReplyU64(message.request(), status);
            case FrontEndRequest.GET_CONFIG -> config.get(message, reply);
            case FrontEndRequest.GET_VRING_BASE -> getVringBase(message, reply);
            case FrontEndRequest.GET_INFLIGHT_FD ->
                replyFds.add(InflightRegion.create(message, reply, vrings.count(), negotiation.isPacked()));
            default -> {
                final long outcome = set(message, fds);
                reply.encodeReplyU64(message.request(), outcome);
                return message.request() == FrontEndRequest.SET_LOG_BASE
                        || message.needsReply() && negotiation.hasAll(ProtocolFeatures.REPLY_ACK);
            }
        }
        return true;
    }

    private long set(final Message message, final FrontEndFds fds) throws ProtocolException {
        switch (message.request()) {
            case FrontEndRequest.SET_FEATURES -> setFeatures(message.u64());
            case FrontEndRequest.SET_PROTOCOL_FEATURES -> negotiation.protocolFeatures(message.u64());
            case FrontEndRequest.SET_OWNER -> message.validateSize(0);
            case FrontEndRequest.RESET_OWNER, FrontEndRequest.RESET_DEVICE -> reset(message);
            case FrontEndRequest.SET_STATUS -> setStatus(message.u64());
            case FrontEndRequest.SET_CONFIG -> {
                return setConfig(message);
            }
            case FrontEndRequest.SET_LOG_BASE -> setLogBase(message, fds);
            case FrontEndRequest.SET_BACKEND_REQ_FD -> setBackEndChannel(message, fds);
            case FrontEndRequest.SET_LOG_FD -> {
                message.validateSize(0);
                memory.logFd(takeSignalFd(message, fds));
            }
            case FrontEndRequest.SET_INFLIGHT_FD -> memory.inflight(message, fds, negotiation.isPacked());
            case FrontEndRequest.SET_MEM_TABLE -> memory.replace(message, fds);
            case FrontEndRequest.ADD_MEM_REG -> memory.add(message, fds);
            case FrontEndRequest.REM_MEM_REG -> memory.remove(message);
            case FrontEndRequest.SET_VRING_NUM -> vring(message).size(VringState.num(message), negotiation.isPacked());
            case FrontEndRequest.SET_VRING_BASE -> vring(message).base(VringState.num(message), negotiation.isPacked());
            case FrontEndRequest.SET_VRING_ENABLE -> enable(vring(message), VringState.num(message));
            case FrontEndRequest.SET_VRING_ADDR -> setVringAddress(VringAddress.decode(message));
            case FrontEndRequest.SET_VRING_KICK -> kick(message, fds);
            case FrontEndRequest.SET_VRING_CALL ->
                vrings.get(VringFd.index(message)).call(takeSignalFd(message, fds));
            case FrontEndRequest.SET_VRING_ERR ->
                vrings.get(VringFd.index(message)).err(takeSignalFd(message, fds));
            default -> throw new ProtocolException(FrontEndRequest.name(message.request()) + " is not known here");
        }
        return ACK;
    }

    private static void checkFdCount(final Message message, final FrontEndFds fds) throws ProtocolException {
        final boolean valid = switch (message.request()) {
            case FrontEndRequest.SET_MEM_TABLE -> true;
            case FrontEndRequest.ADD_MEM_REG,
                    FrontEndRequest.SET_INFLIGHT_FD,
                    FrontEndRequest.SET_BACKEND_REQ_FD,
                    FrontEndRequest.SET_LOG_BASE,
                    FrontEndRequest.SET_LOG_FD -> fds.count() == 1;
            case FrontEndRequest.REM_MEM_REG -> fds.count() <= 1;
            case FrontEndRequest.SET_VRING_KICK, FrontEndRequest.SET_VRING_CALL, FrontEndRequest.SET_VRING_ERR ->
                fds.count() == (VringFd.hasFd(message) ? 1 : 0);
            default -> fds.count() == 0;
        };
        if (!valid) {
            throw new ProtocolException(
                    FrontEndRequest.name(message.request()) + " came with " + fds.count() + " descriptors");
        }
    }

    private void setFeatures(final long features) throws ProtocolException {
        final boolean wasMigrating = negotiation.logsAll();
        negotiation.features(features);
        if (negotiation.logsAll() != wasMigrating) {
            listener.onMigration(!wasMigrating);
        }
        if (!negotiation.enablesOneByOne()) {
            vrings.enableAll();
        }
        vrings.writesDurable(writesAreDurable());
        vrings.log(dataLog());
    }

    /** A driver that was told neither of flushes nor of the cache's switch relies on the completion of its writes. */
    private boolean writesAreDurable() {
        return !options.writeCache().isEnabled() || !negotiation.knowsOfWriteCache();
    }

    private void reset(final Message message) throws ProtocolException {
        message.validateSize(0);
        stopAll();
        status = 0;
        memory.clearInflight();
    }

    private void setStatus(final long newStatus) {
        status = newStatus;
        if (newStatus == 0) {
            stopAll();
        }
    }

    private void stopAll() {
        final boolean ran = vrings.startedCount() > 0;
        vrings.reset();
        if (!negotiation.enablesOneByOne()) {
            vrings.enableAll();
        }
        if (ran) {
            listener.onStopped();
        }
    }

    private long setConfig(final Message message) {
        final boolean succeeded = config.set(message);
        vrings.writesDurable(writesAreDurable());
        return succeeded ? ACK : REFUSED;
    }

    private void setBackEndChannel(final Message message, final FrontEndFds fds) throws ProtocolException {
        message.validateSize(0);
        if (!fds.isSocket(0)) {
            throw new ProtocolException("SET_BACKEND_REQ_FD with something that is no socket");
        }
        final BackEndChannel newChannel = BackEndChannel.of(ring, fds.fd(0), strange);
        fds.take(0);
        closeChannel();
        channel = newChannel;
    }

    private void closeChannel() {
        if (channel != null) {
            channel.close();
            channel = null;
        }
    }

    /**
     * The config space has changed. The front-end is told if a ring runs, and else when one starts: QEMU ignores what comes
     * before, and does not read the config space when it connects again.
     */
    void configChanged() {
        config.changed();
        vrings.writesDurable(writesAreDurable());
        tellOfConfigChange();
    }

    /** The device takes requests now: what it is like counts from now on, and the front-end is told if that is not what it has read. */
    void deviceReady() {
        isRepeatKnown = false;
        vrings.writesDurable(writesAreDurable());
        if (config.isOutdated()) {
            configChanged();
        }
    }

    private void tellOfConfigChange() {
        if (config.isStale() && channel != null && vrings.startedCount() > 0) {
            channel.tellOfConfigChange();
        }
    }

    /** Goes on with what the front-end did not take at once. */
    void doWork() throws ProtocolException {
        memory.tellOfMarks();
        if (channel != null) {
            channel.doWork();
        }
    }

    private void setLogBase(final Message message, final FrontEndFds fds) throws ProtocolException {
        memory.logBase(message, fds);
        vrings.log(dataLog());
    }

    /** Where data that goes to the guest is marked; the rings decide for themselves about what they write. */
    private DirtyLog dataLog() {
        return negotiation.logsAll() ? memory.log() : null;
    }

    private Vring vring(final Message message) throws ProtocolException {
        return vrings.get(VringState.index(message));
    }

    private void setVringAddress(final VringAddress address) throws ProtocolException {
        vrings.get(address.index()).address(address, memory.table(), memory.log());
    }

    private static void enable(final Vring vring, final int num) throws ProtocolException {
        if (num != 0 && num != 1) {
            throw new ProtocolException("SET_VRING_ENABLE with " + Integer.toUnsignedString(num));
        }
        vring.enable(num == 1);
    }

    private void kick(final Message message, final FrontEndFds fds) throws ProtocolException {
        final Vring vring = vrings.get(VringFd.index(message));
        final boolean first = vrings.startedCount() == 0;
        vring.kick(
                takeSignalFd(message, fds),
                memory.table(),
                memory.log(),
                memory.inflight(),
                device,
                negotiation.features());
        vrings.update();
        vrings.writesDurable(writesAreDurable());
        vrings.log(dataLog());
        if (first) {
            tellOfConfigChange();
            listener.onStarted();
        }
    }

    private void getVringBase(final Message message, final Message reply) throws ProtocolException {
        final Vring vring = vring(message);
        final boolean ran = vring.isStarted();
        vring.stop();
        vrings.update();
        if (ran && vrings.startedCount() == 0) {
            listener.onStopped();
        }
        VringState.encodeReply(reply, vring.index(), vring.base());
    }

    /** Takes the descriptor of a message, -1 if it has none. Signalling must never wait for a front-end that does not read. */
    private static int takeSignalFd(final Message message, final FrontEndFds fds) throws ProtocolException {
        if (fds.count() == 0) {
            return -1;
        }
        if (!fds.isEventFd(0)) {
            throw new ProtocolException(FrontEndRequest.name(message.request()) + " with something that is no eventfd");
        }
        try {
            Fd.setNonBlocking(fds.fd(0));
        } catch (final ErrnoException e) {
            throw new ProtocolException(FrontEndRequest.name(message.request()) + ": " + e.getMessage(), e);
        }
        return fds.take(0);
    }

    /** Releases everything; nothing is in flight. */
    @Override
    public void close() {
        vrings.close();
        closeChannel();
        memory.close();
        config.close();
    }
}
