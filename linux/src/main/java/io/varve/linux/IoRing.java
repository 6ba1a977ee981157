package io.varve.linux;

/**
 * The asynchronous I/O of one reactor: files, pollable descriptors and wake-ups through a single queue pair.
 *
 * <p>A ring belongs to the one thread that drives it, except for {@link #wakeUp()}, which any thread may call. Operations
 * are queued by the methods named after them, reach the kernel with the next {@link #turn(long)}, and answer through the
 * {@link CompletionHandler} whose {@linkplain #register(CompletionHandler) registration} they name. No method allocates
 * once the ring has been made.
 *
 * <p>Every operation is answered exactly once, except a multishot poll, which is answered until an answer without
 * {@link #FLAG_MORE}. Memory that an operation names must stay valid, and a descriptor open, until its answer; a watched
 * descriptor until the next {@link #turn(long)} only. A watch holds on to what is watched until its last answer.
 */
public interface IoRing extends AutoCloseable {
    /** Completion flag: further completions of the same (multishot) operation will follow. */
    int FLAG_MORE = 1 << 1;

    /** {@link #pollMultishot} events: readable. */
    int POLLIN = 0x001;

    /** {@link #pollMultishot} events: writable. */
    int POLLOUT = 0x004;

    /** {@link #pollMultishot} result: error condition. */
    int POLLERR = 0x008;

    /** {@link #pollMultishot} result: hung up. */
    int POLLHUP = 0x010;

    /** Greatest number of handlers that can be registered at one time. */
    int MAX_HANDLERS = 4096;

    /** Greatest number of operations that can be pending at one time; one more throws {@link IllegalStateException}. */
    int MAX_PENDING = 1 << 16;

    /**
     * Greatest number of operations that one turn answers. What they bring about can go out before the next turn: a reactor that
     * answers all at once has everybody else wait meanwhile, and then waits for everybody else.
     */
    int MAX_ANSWERS = 8;

    /** Number of low bits of the {@code data} argument that are carried through an operation. */
    int DATA_BITS = 48;

    /** Receives the completions of one registration, on the ring's thread, from within {@link #turn(long)}. */
    @FunctionalInterface
    interface CompletionHandler {
        /**
         * An operation has been answered.
         *
         * @param data   the low {@link #DATA_BITS} bits given with the operation.
         * @param result a count or mask at or above zero, or a negated errno.
         * @param flags  {@link #FLAG_MORE} or 0.
         */
        void onCompletion(long data, int result, int flags);
    }

    /**
     * Registers a handler. Operations in flight when a registration is {@linkplain #unregister(int) ended} are answered
     * to nobody.
     *
     * @return the registration's number, to be given with every operation; below {@link #MAX_HANDLERS}.
     * @throws IllegalStateException when {@link #MAX_HANDLERS} are registered.
     */
    int register(CompletionHandler handler);

    /**
     * Ends a registration, and its watches: answers still to come for it are dropped. The number is not given out again
     * before then.
     */
    void unregister(int handlerId);

    /** Reads {@code length} bytes at {@code offset} of a file into memory at {@code address}. Result: bytes read. */
    void read(int fd, long address, int length, long offset, int handlerId, long data);

    /** Writes {@code length} bytes from memory at {@code address} at {@code offset} of a file. Result: bytes written. */
    void write(int fd, long address, int length, long offset, int handlerId, long data);

    /** {@code fdatasync(2)}: everything written by operations answered before this call is durable once it is answered. */
    void fdatasync(int fd, int handlerId, long data);

    /**
     * Signals an eventfd, as {@link EventFd#signal(int)} does, at once, and without making the ring's thread wait, even where
     * whoever shares the descriptor has made it blocking and filled its counter: then the answer waits. That ends, as a watch
     * does, with the registration, or by {@link #pollRemove}. (A ring that is not native does wait there.) Result: not below 0
     * when the peer has been told; -EAGAIN when it has not read for so long that the counter is full.
     *
     * @param fd may be closed once this returns.
     */
    void signal(int fd, int handlerId, long data);

    /**
     * Watches a descriptor. Each answer's result is the mask of events that hold; a result at or below zero, or an answer
     * without {@link #FLAG_MORE}, ends the watch. Edge-triggered: an event that is not consumed is not told again until
     * something new happens.
     */
    void pollMultishot(int fd, int events, int handlerId, long data);

    /** Ends the watch that {@link #pollMultishot} began with the same handler and data; the watch answers -ECANCELED. */
    void pollRemove(int handlerId, long data);

    /**
     * Number of operations that can be queued before {@link #turn(long)} must be called; an operation queued past that
     * makes the ring submit by itself.
     */
    int capacity();

    /** Operations queued or in flight. */
    int pending();

    /**
     * Hands queued operations to the kernel and answers completions, at most {@link #capacity()} of them.
     *
     * @param waitNs 0 returns at once; above 0 waits at most so many nanoseconds for at least one completion (a wake-up
     *               counts as one); negative waits without limit.
     * @return number of completions answered; a wake-up is not counted.
     */
    int turn(long waitNs);

    /** Ends the current or the next wait of the ring's thread. May be called by any thread, also after {@link #close()}. */
    void wakeUp();

    /** Whether operations are carried out by io_uring; otherwise by a thread pool. */
    boolean isNative();

    /**
     * Waits for operations in flight that refer to memory, drops watches, and frees the ring. Nothing is answered any more;
     * what {@link #turn(long)} has not handed over may never be carried out. Not from within a turn. Idempotent.
     */
    @Override
    void close();
}
