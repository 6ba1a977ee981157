package io.varve.virtqueue;

import io.varve.block.BlockDevice;
import io.varve.linux.IoVec;
import io.varve.linux.Memory;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Serves one virtqueue of a block device: takes requests out of descriptor chains, hands them to a {@link BlockDevice} and
 * gives their chains back (virtio 1.3, section 5.2.6).
 *
 * <p>{@link #poll()} takes what the driver made available, within the limits given there. Requests complete within it
 * or later; {@link #publish()} then shows all of them to the driver at once. All on the thread that has the queue: the reactor, or
 * another that it lends it to; nothing is allocated once the requests' lists have grown.
 *
 * <p>If guest memory turns out to have been taken away, the queue has {@linkplain #hasFaulted() faulted}: it takes no more requests, and
 * completions are awaited but no longer told. Since the JVM tells of that with a delay, whatever touches guest memory ends with
 * {@link Memory#surfaceFaults()}: the device must not be told in its midst, nor whoever calls. Only a {@link #poll()} that finds
 * nothing leaves that to its caller.
 */
public final class VirtioBlkQueue {
    /** Most chains that one {@link #poll()} or {@link #resubmit()} takes: few, so that the first of many are on their way while the rest is taken. */
    public static final int MAX_CHAINS_PER_POLL = 8;

    /** One {@link #poll()} takes no more chains once it has seen so many descriptors. */
    public static final int MAX_DESCRIPTORS_PER_POLL = 4096;

    /**
     * No more chains are taken while the requests in flight have so many pieces of memory between them. A ring of 256 requests of a
     * megabyte each, page by page, has twice as many; what is in flight by then keeps any disk busy.
     */
    public static final int MAX_PIECES_IN_FLIGHT = 32 << 10;

    private static final int SECTOR_SHIFT = 9;
    private static final int HEADER_LONGS = VirtioBlk.HEADER_LENGTH / Long.BYTES;

    /** In place of a status: the device has the request. */
    private static final int SUBMITTED = -1;

    private final Virtqueue queue;
    private final BlockDevice device;
    private final boolean isLegacy;
    private final BlockDevice.Completion completion = this::onComplete;
    private final VirtioBlkRequest[] requests;
    private final DescriptorChain chain = new DescriptorChain();
    private final long[] header = new long[HEADER_LONGS];
    private final MemorySegment headerSegment = MemorySegment.ofArray(header);
    private final long[] range = new long[VirtioBlk.SEGMENT_LENGTH / Long.BYTES];
    private final MemorySegment rangeSegment = MemorySegment.ofArray(range);
    private final byte[] serial;

    private DirtyLog log;
    private volatile boolean writesDurable;
    private final BufferLists lists = new BufferLists();
    private int inFlight;
    private int piecesInFlight;
    private boolean faulted;
    private long unmappedCount;
    private long unmappedAddress;
    private boolean isBrokenByUnmapped;

    /**
     * Creates the server of a queue.
     *
     * @param queue    used by nobody else from now on.
     * @param device   what requests are handed to.
     * @param features negotiated, of {@link VirtioBlk}.
     */
    public VirtioBlkQueue(final Virtqueue queue, final BlockDevice device, final long features) {
        isLegacy = (features & VirtioBlk.F_VERSION_1) == 0;
        this.queue = queue;
        this.device = device;
        requests = new VirtioBlkRequest[queue.size()];
        serial = Arrays.copyOf(device.serial().getBytes(StandardCharsets.US_ASCII), VirtioBlk.ID_LENGTH);
    }

    /** Sets whether the completion of a write means that it is durable: the driver knows of no write cache, or turned it off. At first, it does not. Any thread. */
    public void writesDurable(final boolean durable) {
        writesDurable = durable;
    }

    /** Sets where memory that the device writes is marked, null for nowhere; for requests in flight too. */
    public void log(final DirtyLog newLog) {
        log = newLog;
    }

    /**
     * Takes available requests, at most {@link #MAX_CHAINS_PER_POLL} of them and little more than
     * {@link #MAX_DESCRIPTORS_PER_POLL} descriptors; and before them, as many at a time, what an earlier device has left.
     *
     * @return number of chains taken.
     */
    public int poll() {
        if (hasLeft()) {
            return resubmit();
        }
        int taken = 0;
        int descriptors = 0;
        try {
            while (mayTake(taken) && descriptors < MAX_DESCRIPTORS_PER_POLL) {
                final int id = queue.poll(chain);
                noteUnmapped(id);
                if (id < 0) {
                    break;
                }
                taken++;
                descriptors += chain.descriptorCount();
                begin(id);
            }
        } catch (final InternalError e) {
            faulted = true;
        }
        return taken;
    }

    /** Whether an earlier device has left something in flight that is still to be taken again. */
    public boolean hasLeft() {
        return queue.hasLeft() && !queue.isBroken() && !faulted;
    }

    private boolean mayTake(final int taken) {
        return !faulted && taken < MAX_CHAINS_PER_POLL && piecesInFlight < MAX_PIECES_IN_FLIGHT;
    }

    /**
     * Takes again some of what an earlier device has left in flight, at most {@link #MAX_CHAINS_PER_POLL} chains. {@link #poll()} does so
     * until there is none, before it takes anything new.
     *
     * <p>Doing a request a second time does what doing it once does, as far as the driver can rely on anything. What is taken
     * again has not been shown to the driver as used, so the driver has seen no completion of it. A write that is newer, in
     * that the driver made it because that one was complete, can't exist then. What can exist is a write to the same place
     * that was in flight together with it: where both are taken again, the order in which they were first taken is kept, and
     * where only the other was shown as used, the order of the two was the driver's to fix and it did not. Either way the
     * place holds one of the two writes, whole, when both are complete, and whatever is submitted from then on comes after.
     * A flush that is taken again covers what it covered; reads change nothing.
     *
     * @return number of chains taken.
     */
    public int resubmit() {
        int taken = 0;
        try {
            while (mayTake(taken) && hasLeft()) {
                final int id = queue.resubmit(chain);
                noteUnmapped(id);
                if (id >= 0) {
                    taken++;
                    begin(id);
                }
            }
            Memory.surfaceFaults();
        } catch (final InternalError e) {
            faulted = true;
        }
        return taken;
    }

    /**
     * Shows the driver what has completed since the last call.
     *
     * @return whether the driver is to be called.
     */
    public boolean publish() {
        if (faulted) {
            return false;
        }
        try {
            final boolean isCallWanted = queue.publish();
            Memory.surfaceFaults();
            return isCallWanted;
        } catch (final InternalError e) {
            faulted = true;
            return false;
        }
    }

    /**
     * Asks the driver to notify of the next request, and looks once more; neither while no more are taken, until some complete.
     *
     * @return whether there are requests to take already.
     */
    public boolean armNotifications() {
        if (!mayTake(0)) {
            return false;
        }
        if (hasLeft()) {
            return true;
        }
        try {
            final boolean isThere = queue.armNotifications();
            Memory.surfaceFaults();
            return isThere;
        } catch (final InternalError e) {
            faulted = true;
            return false;
        }
    }

    /** Tells the driver that it need not notify for now. */
    public void disarmNotifications() {
        if (faulted) {
            return;
        }
        try {
            queue.disarmNotifications();
            Memory.surfaceFaults();
        } catch (final InternalError e) {
            faulted = true;
        }
    }

    /**
     * Gives up all requests in flight: the device tells none of them, and touches no memory any more. They stay noted as in flight, for
     * whoever serves the ring next. This queue is not used any more, but for a last {@link #publish()}.
     */
    public void cancel() {
        if (inFlight > 0) {
            device.cancel(completion);
            inFlight = 0;
            piecesInFlight = 0;
        }
    }

    /** The ring that is served. */
    public Virtqueue queue() {
        return queue;
    }

    /** Number of requests that the device has not completed. */
    public int inFlight() {
        return inFlight;
    }

    /** Whether guest memory was found to have been taken away. */
    public boolean hasFaulted() {
        return faulted;
    }

    /** Number of requests so far that used memory which is in no region: they failed, or {@linkplain Virtqueue#isBroken() broke} the ring. */
    public long unmappedCount() {
        return unmappedCount;
    }

    /** Where, as the driver sees it, the memory is that the last of these used. */
    public long unmappedAddress() {
        return unmappedAddress;
    }

    /** Whether the ring is {@linkplain Virtqueue#isBroken() broken} by one of these. */
    public boolean isBrokenByUnmapped() {
        return isBrokenByUnmapped;
    }

    private void noteUnmapped(final int id) {
        if (chain.isUnmapped()) {
            isBrokenByUnmapped = id < 0;
            unmappedCount++;
            unmappedAddress = chain.unmappedAddress();
        }
    }

    private void begin(final int id) {
        final IoVec readable = chain.readable();
        final IoVec writable = chain.writable();
        final VirtioBlkRequest request = request(id);
        request.begin(chain.answerAddress(), (int) chain.writableLength());
        if (chain.isRefused() || readable.totalLength() < VirtioBlk.HEADER_LENGTH) {
            finish(id, request, VirtioBlk.S_IOERR);
            return;
        }
        Buffers.copyOut(readable, 0, VirtioBlk.HEADER_LENGTH, headerSegment);
        Memory.surfaceFaults();
        final int type = type((int) header[0]);
        final long sector = header[1];
        final int status = switch (type) {
            case VirtioBlk.T_IN -> read(id, sector, writable);
            case VirtioBlk.T_OUT -> write(id, sector, readable);
            case VirtioBlk.T_FLUSH -> flush(id);
            case VirtioBlk.T_GET_ID -> getId(writable);
            case VirtioBlk.T_DISCARD, VirtioBlk.T_WRITE_ZEROES -> changeRange(id, type, readable);
            default -> VirtioBlk.S_UNSUPP;
        };
        if (status != SUBMITTED) {
            finish(id, request, status);
        }
    }

    /**
     * What a header's type means. Drivers of before virtio 1 may say FLUSH in another way, and ask for a barrier (virtio 1.3, section
     * 5.2.6.3), which is not offered: the log's order gives them what they want of it.
     */
    private int type(final int inHeader) {
        if (!isLegacy) {
            return inHeader;
        }
        final int type = inHeader & ~VirtioBlk.T_BARRIER;
        return type == VirtioBlk.T_FLUSH_OUT ? VirtioBlk.T_FLUSH : type;
    }

    private int read(final int id, final long sector, final IoVec writable) {
        final long length = writable.totalLength() - 1;
        if (!isTransfer(sector, length)) {
            return VirtioBlk.S_IOERR;
        }
        if (length == 0) {
            return VirtioBlk.S_OK;
        }
        final VirtioBlkRequest request = requests[id];
        request.data(lists.take());
        Buffers.append(writable, 0, length, request.data());
        request.setRead();
        submit(request);
        try {
            device.read(sector << SECTOR_SHIFT, request.data(), completion, id);
        } catch (final InternalError e) {
            throw withdraw(request, e);
        }
        return SUBMITTED;
    }

    private int write(final int id, final long sector, final IoVec readable) {
        final long length = readable.totalLength() - VirtioBlk.HEADER_LENGTH;
        if (device.isReadOnly() || !isTransfer(sector, length)) {
            return VirtioBlk.S_IOERR;
        }
        if (length == 0) {
            return VirtioBlk.S_OK;
        }
        final VirtioBlkRequest request = requests[id];
        request.data(lists.take());
        Buffers.append(readable, VirtioBlk.HEADER_LENGTH, length, request.data());
        submit(request);
        try {
            device.write(sector << SECTOR_SHIFT, request.data(), writesDurable, completion, id);
        } catch (final InternalError e) {
            throw withdraw(request, e);
        }
        return SUBMITTED;
    }

    private int flush(final int id) {
        submit(requests[id]);
        device.flush(completion, id);
        return SUBMITTED;
    }

    private int getId(final IoVec writable) {
        final int length = (int) Math.min(VirtioBlk.ID_LENGTH, writable.totalLength() - 1);
        Buffers.copyIn(serial, length, writable);
        if (log != null) {
            mark(writable, length);
        }
        return VirtioBlk.S_OK;
    }

    private int changeRange(final int id, final int type, final IoVec readable) {
        final long payload = readable.totalLength() - VirtioBlk.HEADER_LENGTH;
        if (device.isReadOnly() || payload == 0 || payload % VirtioBlk.SEGMENT_LENGTH != 0) {
            return VirtioBlk.S_IOERR;
        }
        if (payload != VirtioBlk.SEGMENT_LENGTH) {
            return VirtioBlk.S_UNSUPP;
        }
        Buffers.copyOut(readable, VirtioBlk.HEADER_LENGTH, VirtioBlk.SEGMENT_LENGTH, rangeSegment);
        Memory.surfaceFaults();
        final long sector = range[0];
        final long sectors = range[1] & 0xffff_ffffL;
        final int flags = (int) (range[1] >>> Integer.SIZE);
        if ((flags & ~(type == VirtioBlk.T_DISCARD ? 0 : VirtioBlk.SEGMENT_F_UNMAP)) != 0) {
            return VirtioBlk.S_UNSUPP;
        }
        if (sectors > VirtioBlk.MAX_RANGE_SECTORS || !isWithinCapacity(sector, sectors)) {
            return VirtioBlk.S_IOERR;
        }
        if (sectors == 0) {
            return VirtioBlk.S_OK;
        }
        final long offset = sector << SECTOR_SHIFT;
        final long length = sectors << SECTOR_SHIFT;
        submit(requests[id]);
        if (type == VirtioBlk.T_DISCARD) {
            device.discard(offset, length, writesDurable, completion, id);
        } else {
            device.writeZeroes(offset, length, flags != 0, writesDurable, completion, id);
        }
        return SUBMITTED;
    }

    private boolean isTransfer(final long sector, final long length) {
        return length % BlockDevice.SECTOR_SIZE == 0
                && length <= BlockDevice.MAX_TRANSFER_LENGTH
                && isWithinCapacity(sector, length >>> SECTOR_SHIFT);
    }

    private boolean isWithinCapacity(final long sector, final long sectors) {
        final long capacity = device.capacity() >>> SECTOR_SHIFT;
        return sectors <= capacity && Long.compareUnsigned(sector, capacity - sectors) <= 0;
    }

    private VirtioBlkRequest request(final int id) {
        VirtioBlkRequest request = requests[id];
        if (request == null) {
            request = new VirtioBlkRequest();
            requests[id] = request;
        }
        return request;
    }

    private void submit(final VirtioBlkRequest request) {
        request.submit();
        inFlight++;
        if (request.data() != null) {
            piecesInFlight += request.data().count();
        }
    }

    private InternalError withdraw(final VirtioBlkRequest request, final InternalError cause) {
        request.withdraw();
        inFlight--;
        release(request);
        return cause;
    }

    private void release(final VirtioBlkRequest request) {
        final IoVec data = request.data();
        if (data != null) {
            piecesInFlight -= data.count();
            request.data(null);
            lists.give(data);
        }
    }

    private void onComplete(final long token, final int status) {
        final int id = (int) token;
        final VirtioBlkRequest request = requests[id];
        request.complete();
        inFlight--;
        finish(id, request, status == BlockDevice.STATUS_OK ? VirtioBlk.S_OK : VirtioBlk.S_IOERR);
        release(request);
    }

    private void finish(final int id, final VirtioBlkRequest request, final int status) {
        if (faulted) {
            return;
        }
        try {
            Memory.putByte(request.statusAddress(), (byte) status);
            if (log != null) {
                if (request.isRead()) {
                    mark(request.data(), request.data().totalLength());
                }
                log.markNative(request.statusAddress(), Byte.BYTES);
            }
            queue.complete(id, request.writtenLength());
            Memory.surfaceFaults();
        } catch (final InternalError e) {
            faulted = true;
        }
    }

    private void mark(final IoVec written, final long length) {
        long remaining = length;
        for (int i = 0; remaining > 0; i++) {
            final int piece = (int) Math.min(remaining, written.length(i));
            log.markNative(written.address(i), piece);
            remaining -= piece;
        }
    }
}
