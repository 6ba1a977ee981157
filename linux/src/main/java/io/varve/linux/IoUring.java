package io.varve.linux;

import org.agrona.collections.LongHashSet;

/**
 * {@link IoRing} on one io_uring: a turn that has something to submit or to wait for costs one system call, and one that has
 * neither costs none.
 *
 * <p>The ring belongs to the thread of its first {@link #turn(long)} (or of the first operation past {@link #capacity()}),
 * which must be a platform thread. Needs Linux 5.13; from 6.1 on, completions are worked out on the ring's thread only
 * (DEFER_TASKRUN), within its turns.
 *
 * <p>Wake-ups come through an eventfd with a multishot poll, written only while the ring's thread waits and not read at
 * all: the poll tells of each write.
 */
public final class IoUring implements IoRing {
    private static final byte IORING_OP_FSYNC = 3;
    private static final byte IORING_OP_POLL_ADD = 6;
    private static final byte IORING_OP_ASYNC_CANCEL = 14;
    private static final byte IORING_OP_READ = 22;
    private static final byte IORING_OP_WRITE = 23;

    private static final int IORING_FSYNC_DATASYNC = 1;
    private static final int IORING_POLL_ADD_MULTI = 1;
    private static final int IORING_ASYNC_CANCEL_ALL = 1;
    private static final int IORING_ASYNC_CANCEL_ANY = 1 << 2;
    private static final int IORING_CQE_F_MORE = 1 << 1;

    /** user_data: what is answered (4 bits), to whom (12 bits), and the caller's data. */
    private static final int KIND_SHIFT = 60;

    private static final long KIND_FILE = 0;
    private static final long KIND_POLL = 1;
    private static final long KIND_CANCEL = 2;
    private static final long KIND_WAKE = 3;
    private static final int HANDLER_MASK = MAX_HANDLERS - 1;
    private static final long DATA_MASK = (1L << DATA_BITS) - 1;

    private final HandlerTable handlers = new HandlerTable();
    private final WakeUpGate gate = new WakeUpGate();
    private final LongHashSet watches = new LongHashSet();
    private final UringQueues queues;
    private final EventFd wakeEvent;
    private Thread owner;
    private int pending;
    private int filesPending;
    private int internal;
    private boolean canCancelAll = true;
    private boolean inTurn;
    private boolean closed;

    private IoUring(final UringQueues queues, final EventFd wakeEvent) {
        this.queues = queues;
        this.wakeEvent = wakeEvent;
    }

    /**
     * Makes a ring.
     *
     * @param entries least number of operations that can be queued, from 1 to 32768; rounded up to a power of two.
     * @throws ErrnoException when io_uring is not there (ENOSYS), not permitted (EPERM, EACCES), or short of something.
     */
    public static IoUring open(final int entries) throws ErrnoException {
        return open(entries, 0);
    }

    static IoUring open(final int entries, final int firstSetup) throws ErrnoException {
        final UringQueues queues = UringQueues.open(checkEntries(entries), firstSetup);
        try {
            return new IoUring(queues, EventFd.create());
        } catch (final ErrnoException e) {
            queues.close();
            throw e;
        }
    }

    static int checkEntries(final int entries) {
        if (entries < 1 || entries > UringQueues.MAX_ENTRIES) {
            throw new IllegalArgumentException("entries of a ring: " + entries);
        }
        return Integer.highestOneBit(entries * 2 - 1);
    }

    @Override
    public int register(final CompletionHandler handler) {
        return handlers.register(handler);
    }

    @Override
    public void unregister(final int handlerId) {
        handlers.unregister(handlerId);
        if (closed) {
            return;
        }
        final LongHashSet.LongIterator iterator = watches.iterator();
        while (iterator.hasNext()) {
            final long watch = iterator.nextValue();
            if ((int) (watch >>> DATA_BITS & HANDLER_MASK) == handlerId) {
                cancelPoll(watch);
            }
        }
    }

    @Override
    public void read(
            final int fd,
            final long address,
            final int length,
            final long offset,
            final int handlerId,
            final long data) {
        queue(IORING_OP_READ, fd, address, length, offset, 0, KIND_FILE, handlerId, data);
    }

    @Override
    public void write(
            final int fd,
            final long address,
            final int length,
            final long offset,
            final int handlerId,
            final long data) {
        queue(IORING_OP_WRITE, fd, address, length, offset, 0, KIND_FILE, handlerId, data);
    }

    @Override
    public void fdatasync(final int fd, final int handlerId, final long data) {
        queue(IORING_OP_FSYNC, fd, 0, 0, 0, IORING_FSYNC_DATASYNC, KIND_FILE, handlerId, data);
    }

    // Of the polls' kind, so that it ends as a watch does, and is not waited for in the end as file operations are.
    @Override
    public void signal(final int fd, final int handlerId, final long data) {
        queue(IORING_OP_WRITE, fd, EventFd.one(), Long.BYTES, -1, 0, KIND_POLL, handlerId, data);
        watches.add(userData(KIND_POLL, handlerId, data));
        bind();
        queues.submit();
    }

    @Override
    public void pollMultishot(final int fd, final int events, final int handlerId, final long data) {
        queue(IORING_OP_POLL_ADD, fd, 0, IORING_POLL_ADD_MULTI, 0, events, KIND_POLL, handlerId, data);
        watches.add(userData(KIND_POLL, handlerId, data));
    }

    @Override
    public void pollRemove(final int handlerId, final long data) {
        if (closed) {
            return;
        }
        cancelPoll(userData(KIND_POLL, handlerId, data));
    }

    private void queue(
            final byte opcode,
            final int fd,
            final long address,
            final int length,
            final long offset,
            final int operationFlags,
            final long kind,
            final int handlerId,
            final long data) {
        if (pending == MAX_PENDING) {
            throw new IllegalStateException(MAX_PENDING + " operations are pending");
        }
        final long sqe = nextSqe();
        handlers.begin(handlerId);
        fill(sqe, opcode, fd, address, length, offset, operationFlags, userData(kind, handlerId, data));
        pending++;
        if (kind == KIND_FILE) {
            filesPending++;
        }
    }

    // Not POLL_REMOVE: that one fails with EALREADY when the poll has just fired. Polls have user_data of their own
    // kind,
    // so that nothing else is cancelled.
    private void cancelPoll(final long pollUserData) {
        final long userData = pollUserData & ~(-1L << KIND_SHIFT) | KIND_CANCEL << KIND_SHIFT;
        fill(nextSqe(), IORING_OP_ASYNC_CANCEL, -1, pollUserData, 0, 0, 0, userData);
        internal++;
    }

    private void watchWakeEvent() {
        fill(
                nextSqe(),
                IORING_OP_POLL_ADD,
                wakeEvent.fd(),
                0,
                IORING_POLL_ADD_MULTI,
                0,
                POLLIN,
                KIND_WAKE << KIND_SHIFT);
        internal++;
    }

    private void fill(
            final long sqe,
            final byte opcode,
            final int fd,
            final long address,
            final int length,
            final long offset,
            final int operationFlags,
            final long userData) {
        Memory.putByte(sqe + UringQueues.SQE_OPCODE_OFFSET, opcode);
        Memory.putInt(sqe + UringQueues.SQE_FD_OFFSET, fd);
        Memory.putLong(sqe + UringQueues.SQE_OFF_OFFSET, offset);
        Memory.putLong(sqe + UringQueues.SQE_ADDR_OFFSET, address);
        Memory.putInt(sqe + UringQueues.SQE_LEN_OFFSET, length);
        Memory.putInt(sqe + UringQueues.SQE_OP_FLAGS_OFFSET, operationFlags);
        Memory.putLong(sqe + UringQueues.SQE_USER_DATA_OFFSET, userData);
        queues.push();
    }

    private long nextSqe() {
        if (closed) {
            throw new IllegalStateException("the ring is closed");
        }
        if (queues.isSqFull()) {
            bind();
            if (!queues.submit() && queues.isSqFull()) {
                throw new IllegalStateException("the kernel takes no more operations: " + pending + " are pending");
            }
        }
        return queues.nextSqe();
    }

    private static long userData(final long kind, final int handlerId, final long data) {
        return kind << KIND_SHIFT | (long) (handlerId & HANDLER_MASK) << DATA_BITS | data & DATA_MASK;
    }

    @Override
    public int capacity() {
        return queues.sqEntries();
    }

    @Override
    public int pending() {
        return pending;
    }

    @Override
    public int turn(final long waitNs) {
        if (inTurn) {
            throw new IllegalStateException("a handler may not turn its own ring");
        }
        bind();
        inTurn = true;
        try {
            if (waitNs != 0) {
                return waitAndAnswer(waitNs);
            }
            submit();
            return answer();
        } finally {
            inTurn = false;
        }
    }

    private void submit() {
        if (queues.unsubmitted() > 0 || queues.needsEnter()) {
            queues.submit();
        }
    }

    // The wake-up's own completion can come late, when the wake-up has been used up already: then the wait goes on.
    private int waitAndAnswer(final long waitNs) {
        final long startNs = System.nanoTime();
        long remainingNs = waitNs;
        while (true) {
            final boolean woken = submitAndWait(remainingNs);
            final int answered = answer();
            if (answered > 0 || woken) {
                return answered;
            }
            if (waitNs > 0) {
                remainingNs = waitNs - (System.nanoTime() - startNs);
                if (remainingNs <= 0) {
                    return 0;
                }
            }
        }
    }

    private boolean submitAndWait(final long waitNs) {
        if (!gate.beginWait()) {
            submit();
            return true;
        }
        boolean woken = false;
        try {
            if (queues.completions() > 0) {
                submit();
            } else {
                queues.submitAndWait(waitNs);
            }
        } finally {
            woken = gate.endWait();
        }
        return woken;
    }

    private int answer() {
        int answered = 0;
        for (int left = Math.min(queues.completions(), MAX_ANSWERS); left > 0; left--) {
            final long cqe = queues.peek();
            final long userData = Memory.getLong(cqe + UringQueues.CQE_USER_DATA_OFFSET);
            final int result = Memory.getInt(cqe + UringQueues.CQE_RES_OFFSET);
            final int flags = Memory.getInt(cqe + UringQueues.CQE_FLAGS_OFFSET) & IORING_CQE_F_MORE;
            queues.pop();
            answered += answer(userData, result, flags);
        }
        return answered;
    }

    private int answer(final long userData, final int result, final int flags) {
        final long kind = userData >>> KIND_SHIFT;
        if (kind == KIND_FILE || kind == KIND_POLL) {
            return answerHandler(userData, result, flags);
        }
        if (flags == 0) {
            internal--;
            if (!closed && kind == KIND_WAKE) {
                watchWakeEvent();
            } else if (closed && result == -Errno.EINVAL) {
                canCancelAll = false;
            }
        }
        return 0;
    }

    private int answerHandler(final long userData, final int result, final int flags) {
        final int handlerId = (int) (userData >>> DATA_BITS) & HANDLER_MASK;
        final CompletionHandler handler;
        if (flags == 0) {
            handler = handlers.end(handlerId);
            pending--;
            if (userData >>> KIND_SHIFT == KIND_FILE) {
                filesPending--;
            } else {
                watches.remove(userData);
            }
        } else {
            handler = handlers.get(handlerId);
            if (handler == null && !closed) {
                cancelPoll(userData);
            }
        }
        if (handler == null || closed) {
            return 0;
        }
        handler.onCompletion(userData & DATA_MASK, result, flags);
        return 1;
    }

    private void bind() {
        if (closed) {
            throw new IllegalStateException("the ring is closed");
        }
        final Thread current = Thread.currentThread();
        if (owner == current) {
            return;
        }
        if (owner != null) {
            throw new IllegalStateException("the ring belongs to thread " + owner.getName());
        }
        if (current.isVirtual()) {
            throw new IllegalStateException("a ring needs a platform thread");
        }
        queues.enable();
        owner = current;
        watchWakeEvent();
    }

    @Override
    public void wakeUp() {
        if (gate.wake()) {
            wakeEvent.signal();
            gate.roused();
        }
    }

    @Override
    public boolean isNative() {
        return true;
    }

    /**
     * {@inheritDoc}
     *
     * <p>On the ring's thread, not within a turn; or on any when no turn was made, or the ring's thread has ended: then
     * nothing is waited for.
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (inTurn) {
            throw new IllegalStateException("a handler may not close its own ring");
        }
        if (owner != null && owner != Thread.currentThread() && owner.isAlive()) {
            throw new IllegalStateException("the ring belongs to thread " + owner.getName());
        }
        try {
            if (owner == Thread.currentThread()) {
                cancelAll();
            }
        } finally {
            closed = true;
            gate.close();
            queues.close();
            wakeEvent.close();
        }
    }

    // Everything is asked to end and waited for, so that no file is held any more afterwards. Kernels before 5.19 can't
    // be
    // asked that: there, watches end some time after the ring.
    private void cancelAll() {
        final long sqe = nextSqe();
        closed = true;
        final int flags = IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_ANY;
        fill(sqe, IORING_OP_ASYNC_CANCEL, -1, 0, 0, 0, flags, KIND_CANCEL << KIND_SHIFT);
        internal++;
        while (filesPending > 0 || canCancelAll && pending + internal > 0) {
            queues.submitAndWait(-1);
            answer();
        }
    }
}
