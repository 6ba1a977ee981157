package io.varve.virtqueue;

import io.varve.linux.IoVec;

/**
 * What a door (vhost-user today) asks of a volume: asynchronous block I/O on guest buffers given as address and length.
 *
 * <p>All calls and all completions happen on the reactor thread that owns the volume. Offsets and lengths are in bytes,
 * multiples of {@link #SECTOR_SIZE}, and within {@link #capacity()}: the door has checked them. A call may complete before
 * it returns. Guest memory may change, or be taken away, at any time; it stays mapped until the request completes. Where it
 * was taken away, touching it throws {@link InternalError}: a call that lets that out has not taken the request and never
 * touches its buffers again; when it happens later, the request completes with {@link #STATUS_IO_ERROR}.
 */
public interface BlockDevice {
    /** Unit of offsets and lengths, in bytes, as virtio-blk has it. */
    int SECTOR_SIZE = 512;

    /** Longest {@link #read} and {@link #write}, in bytes; the door refuses longer ones. */
    int MAX_TRANSFER_LENGTH = 64 << 20;

    /** Longest {@link #discard} and {@link #writeZeroes}, in bytes; the door refuses longer ones. */
    long MAX_RANGE_LENGTH = 2L << 30;

    /** The request was carried out. */
    int STATUS_OK = 0;

    /** The request failed; nothing may be assumed of the range that it names. */
    int STATUS_IO_ERROR = 1;

    /** Receives the outcome of requests, on the reactor thread. */
    @FunctionalInterface
    interface Completion {
        /**
         * A request is done.
         *
         * @param token  what the request was given.
         * @param status {@link #STATUS_OK} or {@link #STATUS_IO_ERROR}.
         */
        void onComplete(long token, int status);
    }

    /**
     * Whether requests are taken. Until then a door makes none: they wait in their rings, and what is known of the device may still
     * change. One that takes requests may cease to while it has none.
     */
    default boolean isReady() {
        return true;
    }

    /**
     * Whether so many more requests should be made now. While not, they wait in their rings, where they take no memory; those who have
     * some in flight look again when one of them completes.
     */
    default boolean hasRoom(final int requests) {
        return true;
    }

    /**
     * Whether requests that an earlier device, or an earlier session, has left in flight may be done again: not when others may have
     * written since, who knew nothing of them. Counts once requests are taken, and for those who have not made any.
     */
    default boolean mayRepeat() {
        return true;
    }

    /** Size in bytes, a multiple of {@link #SECTOR_SIZE}. May grow between calls. Any thread, as the two that follow and {@link #serial}. */
    long capacity();

    /** Preferred unit of I/O in bytes, a power of two from {@link #SECTOR_SIZE}: smaller requests are served, but cost more. */
    int preferredBlockSize();

    /** Whether {@link #write}, {@link #discard} and {@link #writeZeroes} are refused. */
    boolean isReadOnly();

    /** The disk's serial number, as GET_ID answers it: at most 20 bytes of ASCII. */
    String serial();

    /** Fills {@code buffers}, at least one sector and at most {@link #MAX_TRANSFER_LENGTH}, from {@code offset}. The list is read until the request completes. */
    void read(long offset, IoVec buffers, Completion completion, long token);

    /**
     * Writes {@code buffers}, at least one sector and at most {@link #MAX_TRANSFER_LENGTH}, at {@code offset}; the data is copied out of guest memory exactly once. The list is read until
     * the request completes.
     *
     * @param durable whether completion means durable, as after a flush (the guest sees no write cache).
     */
    void write(long offset, IoVec buffers, boolean durable, Completion completion, long token);

    /** Completes when every write, discard and write-zeroes completed before this call is durable. */
    void flush(Completion completion, long token);

    /**
     * Says that a range is no longer needed; it reads as zeros from then on.
     *
     * @param durable as in {@link #write}.
     */
    void discard(long offset, long length, boolean durable, Completion completion, long token);

    /**
     * Makes a range read as zeros.
     *
     * @param mayUnmap whether space may be given back.
     * @param durable  as in {@link #write}.
     */
    void writeZeroes(long offset, long length, boolean mayUnmap, boolean durable, Completion completion, long token);

    /**
     * Nobody waits for the requests with this completion any more, or may: their memory is about to go. From the return on, none of
     * their buffers is touched and none of them is told. What has not been carried out of them by then is not carried out later, when it
     * could undo what comes after.
     */
    void cancel(Completion completion);

    /** What the requests in flight wait for at the moment, in words for the log, when that is more than the device's own work; else null. */
    default String waitsFor() {
        return null;
    }
}
