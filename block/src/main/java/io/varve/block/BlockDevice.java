package io.varve.block;

import io.varve.linux.IoVec;

/**
 * What a protocol asks of a volume: asynchronous block I/O on a client's buffers given as address and length.
 *
 * <p><b>Threads.</b> All calls and all completions happen on the reactor thread that owns the volume, except where a
 * method says otherwise. A
 * request may complete before its call returns, or later. Requests complete in any order.
 *
 * <p><b>Ranges.</b> Offsets and lengths are in bytes, multiples of {@link #SECTOR_SIZE}, lengths above 0, and all
 * within {@link #capacity()}: the
 * protocol has checked them, and answers a request of no length itself. Buffers may have any address and alignment,
 * and any lengths that
 * add up to the request's.
 *
 * <p><b>Buffers.</b> They stay mapped, and the {@link IoVec} as it is, until the request completes or is {@linkplain
 * #cancel given up}. A client may
 * change its memory, or take it away, at any time. Where it was taken away, touching it throws {@link InternalError}:
 * a call
 * that lets that out has not taken the request and never touches its buffers again; when it happens later, the request
 * completes
 * with {@link #STATUS_IO_ERROR}.
 *
 * <p><b>Completions.</b> One {@link Completion} serves any number of requests at a time; the token tells them apart,
 * and may have any value. A device knows
 * completions by identity and may keep something for each, so a session makes a few (one for each queue or
 * connection), once, and not one for each
 * request. From the moment of its call on, a completion's request is over: token, buffers and list may be used again.
 * A session
 * that ends {@linkplain #cancel gives up} each of its completions that has requests in flight.
 *
 * <p><b>Order.</b> What has completed before a call is seen by that call, whichever session made either. Of requests
 * in flight together to the same place, either order is
 * possible.
 */
public interface BlockDevice {
    /** Unit of offsets and lengths, in bytes, as virtio-blk has it. */
    int SECTOR_SIZE = 512;

    /** Longest {@link #read} and {@link #write}, in bytes; protocols refuse or divide longer ones. */
    int MAX_TRANSFER_LENGTH = 64 << 20;

    /** Longest {@link #discard} and {@link #writeZeroes}, in bytes; protocols refuse or divide longer ones. */
    long MAX_RANGE_LENGTH = 2L << 30;

    /** The request was carried out. */
    int STATUS_OK = 0;

    /** The request failed; nothing may be assumed of the range that it names. */
    int STATUS_IO_ERROR = 1;

    /** There is no room for what the request would add; nothing of it was done. Room may come back. */
    int STATUS_NO_SPACE = 2;

    /** The device is read-only; nothing was done. */
    int STATUS_NOT_PERMITTED = 3;

    /**
     * The volume is another host's now, or is no more: this and every later request fails. Nothing may be assumed of
     * what the request was to change.
     */
    int STATUS_GONE = 4;

    /** Receives the outcome of requests, on the reactor thread. */
    @FunctionalInterface
    interface Completion {
        /**
         * A request is done. Must not call the device, which is in the middle of something: what comes next is asked
         * for from {@link Duty#doWork()}.
         *
         * @param token  what the request was given.
         * @param status {@link #STATUS_OK} or another {@code STATUS_}; treat one that is not known as {@link
         *               #STATUS_IO_ERROR}.
         */
        void onComplete(long token, int status);
    }

    /**
     * Is told what becomes of the device, on the reactor thread, between requests. Whoever drives both device and
     * listener tells.
     */
    interface Listener {
        /** The device {@linkplain #isReady() takes requests} now, and what was said of it before may be old. */
        void deviceReady();

        /** Size or write cache have changed: clients that can be told are. */
        void configChanged();

        /**
         * The volume goes to another host, or is gone, and this device does not become ready again in the life of its
         * sessions: a session whose client
         * can't wait ends. Requests in flight may end with any status.
         *
         * @param reason in one line.
         */
        void deviceLost(String reason);
    }

    /**
     * Whether requests are taken. Until then a protocol makes none: they wait in rings and sockets, and what is known
     * of the device may still
     * change. One that takes requests may cease to, while it has none of a session that {@linkplain
     * SessionListener#onStarted() uses} it, or when it {@linkplain Listener#deviceLost is lost}.
     */
    default boolean isReady() {
        return true;
    }

    /**
     * Whether so many more requests should be made now. While not, they wait in rings and sockets, where they take no
     * memory; those who have
     * some in flight look again when one of them completes, all others in each cycle.
     */
    default boolean hasRoom(final int requests) {
        return true;
    }

    /**
     * Whether requests that an earlier device, or an earlier session, has left in flight may be done again: not when
     * others may have
     * written since, who knew nothing of them. Counts once requests are taken, and for those who have not made any.
     */
    default boolean mayRepeat() {
        return true;
    }

    /**
     * Size in bytes, a multiple of {@link #SECTOR_SIZE}. May grow between calls. Any thread, as the two that follow
     * and {@link #serial}.
     */
    long capacity();

    /**
     * Preferred unit of I/O in bytes, a power of two from {@link #SECTOR_SIZE}: smaller requests are served, but cost
     * more.
     */
    int preferredBlockSize();

    /**
     * Whether {@link #write}, {@link #discard} and {@link #writeZeroes} are refused, with {@link
     * #STATUS_NOT_PERMITTED}.
     */
    boolean isReadOnly();

    /** The disk's serial number, as GET_ID answers it: at most 20 bytes of ASCII. */
    String serial();

    /** Fills {@code buffers}, at most {@link #MAX_TRANSFER_LENGTH}, from {@code offset}. */
    void read(long offset, IoVec buffers, Completion completion, long token);

    /**
     * Writes {@code buffers}, at most {@link #MAX_TRANSFER_LENGTH}, at {@code offset}; the data is copied out of the
     * client's memory exactly once.
     *
     * @param durable whether completion means durable, as after a flush (the client sees no write cache, or says FUA).
     */
    void write(long offset, IoVec buffers, boolean durable, Completion completion, long token);

    /** Completes when every write, discard and write-zeroes completed before this call, of any session, is durable. */
    void flush(Completion completion, long token);

    /**
     * Says that a range, at most {@link #MAX_RANGE_LENGTH}, is no longer needed; it reads as zeros from then on.
     *
     * @param durable as in {@link #write}.
     */
    void discard(long offset, long length, boolean durable, Completion completion, long token);

    /**
     * Makes a range, at most {@link #MAX_RANGE_LENGTH}, read as zeros.
     *
     * @param mayUnmap whether space may be given back.
     * @param durable  as in {@link #write}.
     */
    void writeZeroes(long offset, long length, boolean mayUnmap, boolean durable, Completion completion, long token);

    /**
     * Tells which parts of a range hold data. What a clone shares with its ancestors counts as data; what was never
     * written, or
     * was discarded, does not, and reads as zeros. A bounded piece of work: it covers a beginning of the range, at
     * least a
     * sector of it, and goes no further than the list has room. Ask again from there for the rest. A device that does
     * not know says that all of it holds data.
     *
     * @param length may be as long as the device.
     * @param answer emptied, and filled with neighbouring parts from {@code offset} on; not beyond the range. The
     *               device's until completion. Of no meaning unless it completes with {@link #STATUS_OK}.
     */
    default void extents(
            final long offset, final long length, final Extents answer, final Completion completion, final long token) {
        answer.clear();
        answer.add(length, true);
        completion.onComplete(token, STATUS_OK);
    }

    /**
     * Begins to find out what has changed since an earlier state of the device, for incremental backups.
     *
     * @param earlier the state's name, as a client says it: any text.
     * @return closed by whoever asks; null when the device can't tell, or can't tell of any more at the moment.
     */
    default Changes changesSince(final String earlier) {
        return null;
    }

    /**
     * Nobody waits for the requests with this completion any more, or may: their session ends. From the return on,
     * none of
     * their buffers is touched and none of them is told, and the completion may be used for new ones. What has not
     * been carried out of them by then is not carried out later, when it
     * could undo what comes after.
     */
    void cancel(Completion completion);

    /**
     * What the requests in flight wait for at the moment, in words for the log, when that is more than the device's
     * own work; else null.
     */
    default String waitsFor() {
        return null;
    }
}
