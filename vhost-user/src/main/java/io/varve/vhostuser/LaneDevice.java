package io.varve.vhostuser;

import io.varve.block.BlockDevice;
import io.varve.linux.IoVec;
import io.varve.virtqueue.VirtioBlkQueue;
import java.util.Arrays;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;

/**
 * The device as the rings of a {@link Lane} see it. While they are at home, the reactor's calls go straight to the device, and so do
 * their completions. While they are out, reads are tried in the lane, and whatever else there is goes to the reactor and back,
 * through a queue each way, in order.
 *
 * <p>Every request takes one of a table, so that it may begin at home and be answered when its ring is out, and the other way round. The
 * queues have room for the whole table. Nothing is allocated once the table's requests have been made; it grows at home only.
 *
 * <p>The reactor's at home; while it is out, the lane's but for {@link #takeForwarded()} and {@link #takeHasAnswers()}.
 */
final class LaneDevice implements BlockDevice {
    /** As many as one poll of a ring may make. */
    private static final int REQUESTS_OF_A_POLL = VirtioBlkQueue.MAX_CHAINS_PER_POLL;

    /** Requests that there is room for at first. */
    private static final int ROOM = 512;

    private final BlockDevice device;
    private final LaneReader reader;
    private final Completion fromDevice = this::onDeviceDone;

    private OneToOneConcurrentArrayQueue<LaneRequest> forwarded;
    private OneToOneConcurrentArrayQueue<LaneRequest> answered;
    private LaneRequest[] requests = {};
    private int made;
    private int inUse;
    private LaneRequest firstFree;

    /** Whether it is out; one for each side, since they don't change at the same time. */
    private boolean isOutForLane;

    private boolean isOutForReactor;

    private boolean hasForwarded;
    private boolean hasAnswers;

    LaneDevice(final BlockDevice device, final LaneReader reader) {
        this.device = device;
        this.reader = reader;
        reader.listener(this::onLaneRead);
        room(ROOM);
    }

    /** The reactor is about to let it go: from now on, what the device answers goes to the lane. */
    void leave() {
        if (!hasRoom()) {
            room(requests.length + 2 * REQUESTS_OF_A_POLL);
        }
        isOutForReactor = true;
    }

    /** The lane has it. */
    void enterLane() {
        isOutForLane = true;
    }

    /** The lane is about to give it back; nothing of the {@link LaneReader}'s is in flight. */
    void leaveLane() {
        isOutForLane = false;
    }

    /** The reactor has it again, with all that is on its way; amount of work. */
    int enter() {
        int work = takeAllForwarded();
        isOutForReactor = false;
        hasForwarded = false;
        hasAnswers = false;
        work += takeAnswers();
        return work;
    }

    /** Whether a ring may be polled in the lane. */
    boolean hasRoom() {
        return requests.length - inUse >= REQUESTS_OF_A_POLL;
    }

    /** Whether something has been forwarded since the last call. */
    boolean takeHasForwarded() {
        final boolean result = hasForwarded;
        hasForwarded = false;
        return result;
    }

    /** Whether there are answers of the reactor. */
    boolean isAnswered() {
        return !answered.isEmpty();
    }

    /** Tells the rings what the reactor has answered; number of answers. */
    int takeAnswers() {
        int count = 0;
        for (LaneRequest request = answered.poll(); request != null; request = answered.poll()) {
            finish(request, request.status);
            count++;
        }
        return count;
    }

    /** Gives the device what the lane has forwarded, as long as it has room; number of requests. The reactor's. */
    int takeForwarded() {
        int count = 0;
        while (device.hasRoom(1) && takeOneForwarded()) {
            count++;
        }
        return count;
    }

    /** There are no more than the table holds, and none may stay behind. */
    private int takeAllForwarded() {
        int count = 0;
        while (takeOneForwarded()) {
            count++;
        }
        return count;
    }

    private boolean takeOneForwarded() {
        final LaneRequest request = forwarded.poll();
        if (request == null) {
            return false;
        }
        try {
            request.begin(device, fromDevice);
        } catch (final InternalError e) {
            // The guest's memory is gone, which the ring notices when it is told.
            onDeviceDone(request.index, STATUS_IO_ERROR);
        }
        return true;
    }

    /** Whether something has been answered since the last call. The reactor's. */
    boolean takeHasAnswers() {
        final boolean result = hasAnswers;
        hasAnswers = false;
        return result;
    }

    private void onDeviceDone(final long index, final int status) {
        final LaneRequest request = requests[(int) index];
        if (isOutForReactor) {
            request.status = status;
            answered.add(request);
            hasAnswers = true;
        } else {
            finish(request, status);
        }
    }

    private void onLaneRead(final long index, final boolean isServed) {
        final LaneRequest request = requests[(int) index];
        if (isServed) {
            finish(request, STATUS_OK);
        } else {
            forward(request);
        }
    }

    private void forward(final LaneRequest request) {
        forwarded.add(request);
        hasForwarded = true;
    }

    private void begin(final LaneRequest request) {
        if (isOutForLane) {
            forward(request);
            return;
        }
        try {
            request.begin(device, fromDevice);
        } catch (final InternalError e) {
            free(request);
            throw e;
        }
    }

    private LaneRequest take(
            final LaneRequest.Kind kind, final long offset, final Completion completion, final long token) {
        LaneRequest request = firstFree;
        if (request == null) {
            if (made == requests.length) {
                room(2 * made);
            }
            request = new LaneRequest(made);
            requests[made++] = request;
        } else {
            firstFree = request.next;
        }
        inUse++;
        request.kind = kind;
        request.offset = offset;
        request.completion = completion;
        request.token = token;
        return request;
    }

    /** Makes room for so many requests; the queues are empty, and at home. */
    private void room(final int count) {
        if (isOutForLane) {
            throw new IllegalStateException("a lane has taken more requests than there is room for");
        }
        requests = Arrays.copyOf(requests, count);
        forwarded = new OneToOneConcurrentArrayQueue<>(count);
        answered = new OneToOneConcurrentArrayQueue<>(count);
    }

    private void finish(final LaneRequest request, final int status) {
        final Completion completion = request.completion;
        final long token = request.token;
        free(request);
        completion.onComplete(token, status);
    }

    private void free(final LaneRequest request) {
        request.buffers = null;
        request.completion = null;
        request.next = firstFree;
        firstFree = request;
        inUse--;
    }

    @Override
    public boolean isReady() {
        return device.isReady();
    }

    @Override
    public boolean hasRoom(final int count) {
        return isOutForLane || device.hasRoom(count);
    }

    @Override
    public boolean mayRepeat() {
        return device.mayRepeat();
    }

    @Override
    public long capacity() {
        return device.capacity();
    }

    @Override
    public int preferredBlockSize() {
        return device.preferredBlockSize();
    }

    @Override
    public boolean isReadOnly() {
        return device.isReadOnly();
    }

    @Override
    public String serial() {
        return device.serial();
    }

    @Override
    public void read(final long offset, final IoVec buffers, final Completion completion, final long token) {
        final LaneRequest request = take(LaneRequest.Kind.READ, offset, completion, token);
        request.buffers = buffers;
        if (!isOutForLane || !reader.read(offset, buffers, request.index)) {
            begin(request);
        }
    }

    @Override
    public void write(
            final long offset,
            final IoVec buffers,
            final boolean durable,
            final Completion completion,
            final long token) {
        final LaneRequest request = take(LaneRequest.Kind.WRITE, offset, completion, token);
        request.buffers = buffers;
        request.durable = durable;
        begin(request);
    }

    @Override
    public void flush(final Completion completion, final long token) {
        begin(take(LaneRequest.Kind.FLUSH, 0, completion, token));
    }

    @Override
    public void discard(
            final long offset,
            final long length,
            final boolean durable,
            final Completion completion,
            final long token) {
        beginRange(take(LaneRequest.Kind.DISCARD, offset, completion, token), length, durable);
    }

    @Override
    public void writeZeroes(
            final long offset,
            final long length,
            final boolean mayUnmap,
            final boolean durable,
            final Completion completion,
            final long token) {
        final LaneRequest request = take(LaneRequest.Kind.WRITE_ZEROES, offset, completion, token);
        request.mayUnmap = mayUnmap;
        beginRange(request, length, durable);
    }

    /** At home. All that the lane has under way is given up, since its rings end together. */
    @Override
    public void cancel(final Completion completion) {
        device.cancel(fromDevice);
        for (int i = 0; i < made; i++) {
            if (requests[i].completion != null) {
                free(requests[i]);
            }
        }
    }

    @Override
    public String waitsFor() {
        return device.waitsFor();
    }

    private void beginRange(final LaneRequest request, final long length, final boolean durable) {
        request.length = length;
        request.durable = durable;
        begin(request);
    }
}
