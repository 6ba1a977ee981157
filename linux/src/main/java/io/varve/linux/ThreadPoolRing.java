package io.varve.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * {@link IoRing} where io_uring is not permitted: {@value #WORKERS} threads read, write and sync, one more waits on an epoll
 * instance for watched descriptors.
 *
 * <p>Operations are kept in reused objects. Queues are guarded by monitors, which allocate nothing; a descriptor is
 * watched through a duplicate of its own, so that it can be watched twice, and closed, as with io_uring.
 */
public final class ThreadPoolRing implements IoRing {
    /** Number of threads that read, write and sync. */
    public static final int WORKERS = 8;

    private static final long STOP = -1;

    private final HandlerTable handlers = new HandlerTable();
    private final WakeUpGate gate = new WakeUpGate();
    private final List<Thread> threads = new ArrayList<>();
    private final List<PoolOperation> watches = new ArrayList<>();
    private final PoolOperations operations;
    private final PoolQueue queued;
    private final PoolQueue submitted = new PoolQueue();
    private final PoolQueue done = new PoolQueue();
    private final Epoll epoll;
    private final EventFd stopEvent;
    private final int capacity;
    private volatile Thread owner;
    private volatile boolean closed;
    private boolean inTurn;

    private ThreadPoolRing(final int capacity, final Epoll epoll, final EventFd stopEvent) {
        this.capacity = capacity;
        this.epoll = epoll;
        this.stopEvent = stopEvent;
        operations = new PoolOperations(capacity);
        queued = new PoolQueue();
    }

    /**
     * Makes a ring and starts its threads.
     *
     * @param entries least number of operations that can be queued, from 1 to 32768; rounded up to a power of two.
     * @throws ErrnoException when there are not enough descriptors.
     */
    public static ThreadPoolRing open(final int entries) throws ErrnoException {
        final int capacity = IoUring.checkEntries(entries);
        final Epoll epoll = Epoll.create();
        EventFd stopEvent = null;
        try {
            stopEvent = EventFd.create();
            ErrnoException.check(epoll.add(stopEvent.fd(), POLLIN, STOP), "epoll_ctl");
        } catch (final ErrnoException e) {
            epoll.close();
            if (stopEvent != null) {
                stopEvent.close();
            }
            throw e;
        }
        final ThreadPoolRing ring = new ThreadPoolRing(capacity, epoll, stopEvent);
        for (int i = 0; i < WORKERS; i++) {
            ring.start("varve-io-" + i, ring::work);
        }
        ring.start("varve-io-poll", ring::poll);
        return ring;
    }

    private void start(final String name, final Runnable runnable) {
        final Thread thread = new Thread(runnable, name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    @Override
    public int register(final CompletionHandler handler) {
        return handlers.register(handler);
    }

    @Override
    public void unregister(final int handlerId) {
        handlers.unregister(handlerId);
        for (int i = watches.size() - 1; i >= 0; i--) {
            if (watches.get(i).handlerId == handlerId) {
                endWatch(i, -Errno.ECANCELED);
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
        queue(PoolOperation.READ, fd, address, length, offset, handlerId, data);
    }

    @Override
    public void write(
            final int fd,
            final long address,
            final int length,
            final long offset,
            final int handlerId,
            final long data) {
        queue(PoolOperation.WRITE, fd, address, length, offset, handlerId, data);
    }

    @Override
    public void fdatasync(final int fd, final int handlerId, final long data) {
        queue(PoolOperation.FDATASYNC, fd, 0, 0, 0, handlerId, data);
    }

    private void queue(
            final int kind,
            final int fd,
            final long address,
            final int length,
            final long offset,
            final int handlerId,
            final long data) {
        final PoolOperation operation = begin(kind, fd, handlerId, data);
        operation.address = address;
        operation.length = length;
        operation.offset = offset;
        if (queued.size() == capacity) {
            submit();
        }
        queued.add(operation);
    }

    private PoolOperation begin(final int kind, final int fd, final int handlerId, final long data) {
        if (closed) {
            throw new IllegalStateException("the ring is closed");
        }
        handlers.begin(handlerId);
        final PoolOperation operation = operations.take();
        operation.kind = kind;
        operation.fd = fd;
        operation.handlerId = handlerId;
        operation.data = data & (1L << DATA_BITS) - 1;
        return operation;
    }

    @Override
    public void signal(final int fd, final int handlerId, final long data) {
        final PoolOperation operation = begin(PoolOperation.SIGNAL, fd, handlerId, data);
        operation.result = EventFd.signal(fd);
        synchronized (done) {
            done.add(operation);
        }
    }

    @Override
    public void pollMultishot(final int fd, final int events, final int handlerId, final long data) {
        final PoolOperation watch;
        // The poll thread may still hold an event of the object's last use, and must not take it for one of this.
        synchronized (done) {
            watch = begin(PoolOperation.WATCH, -1, handlerId, data);
            watch.mask = 0;
        }
        watches.add(watch);
        int result;
        try {
            watch.fd = Fd.duplicate(fd);
            result = epoll.add(watch.fd, events, watch.key());
        } catch (final ErrnoException e) {
            result = -e.errno();
        }
        if (result < 0) {
            endWatch(watches.size() - 1, result);
        }
    }

    @Override
    public void pollRemove(final int handlerId, final long data) {
        for (int i = 0; i < watches.size(); i++) {
            final PoolOperation watch = watches.get(i);
            if (watch.handlerId == handlerId && watch.data == (data & (1L << DATA_BITS) - 1)) {
                endWatch(i, -Errno.ECANCELED);
                return;
            }
        }
    }

    private void endWatch(final int index, final int result) {
        final PoolOperation watch = watches.get(index);
        watches.set(index, watches.getLast());
        watches.removeLast();
        if (watch.fd >= 0) {
            epoll.remove(watch.fd);
            Fd.close(watch.fd);
        }
        synchronized (done) {
            watch.kind = PoolOperation.ENDED_WATCH;
            watch.result = result;
            if (watch.mask == 0) {
                done.add(watch);
            }
        }
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public int pending() {
        return operations.inUse();
    }

    @Override
    public int turn(final long waitNs) {
        bind();
        inTurn = true;
        try {
            submit();
            if (waitNs != 0 && gate.beginWait()) {
                try {
                    await(waitNs);
                } finally {
                    gate.endWait();
                }
            }
            return answer();
        } finally {
            inTurn = false;
        }
    }

    private void bind() {
        if (closed) {
            throw new IllegalStateException("the ring is closed");
        }
        if (inTurn) {
            throw new IllegalStateException("a handler may not turn its own ring");
        }
        final Thread current = Thread.currentThread();
        if (owner == null) {
            owner = current;
        } else if (owner != current) {
            throw new IllegalStateException("the ring belongs to thread " + owner.getName());
        }
    }

    private void submit() {
        if (queued.size() > 0) {
            synchronized (submitted) {
                while (queued.size() > 0) {
                    submitted.add(queued.poll());
                }
                submitted.notifyAll();
            }
        }
    }

    // An interrupt does not end the wait, as it does not with io_uring; it is kept for later.
    private void await(final long waitNs) {
        final long startNs = System.nanoTime();
        boolean interrupted = false;
        while (gate.isWaiting() && !isAnyDone()) {
            if (waitNs < 0) {
                LockSupport.park(this);
            } else {
                final long remainingNs = waitNs - (System.nanoTime() - startNs);
                if (remainingNs <= 0) {
                    break;
                }
                LockSupport.parkNanos(this, remainingNs);
            }
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isAnyDone() {
        synchronized (done) {
            return done.size() > 0;
        }
    }

    private int answer() {
        int answered = 0;
        while (answered < MAX_ANSWERS) {
            final PoolOperation operation;
            final int result;
            final boolean more;
            synchronized (done) {
                operation = done.poll();
                if (operation == null) {
                    break;
                }
                more = operation.kind == PoolOperation.WATCH;
                result = more ? operation.mask : operation.result;
                operation.mask = 0;
            }
            answered += answer(operation, result, more);
        }
        return answered;
    }

    private int answer(final PoolOperation operation, final int result, final boolean more) {
        final int handlerId = operation.handlerId;
        final long data = operation.data;
        final CompletionHandler handler;
        if (more) {
            handler = handlers.get(handlerId);
        } else {
            handler = handlers.end(handlerId);
            operations.give(operation);
        }
        if (handler == null) {
            return 0;
        }
        handler.onCompletion(data, result, more ? FLAG_MORE : 0);
        return 1;
    }

    @Override
    public void wakeUp() {
        if (gate.wake()) {
            LockSupport.unpark(owner);
            gate.roused();
        }
    }

    @Override
    public boolean isNative() {
        return false;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        if (inTurn) {
            throw new IllegalStateException("a handler may not close its own ring");
        }
        final Thread user = owner;
        if (user != null && user != Thread.currentThread() && user.isAlive()) {
            throw new IllegalStateException("the ring belongs to thread " + user.getName());
        }
        closed = true;
        gate.close();
        synchronized (submitted) {
            submitted.notifyAll();
        }
        stopEvent.signal();
        joinAll();
        for (final PoolOperation watch : watches) {
            Fd.close(watch.fd);
        }
        watches.clear();
        epoll.close();
        stopEvent.close();
    }

    private void joinAll() {
        boolean interrupted = false;
        for (final Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (final InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void work() {
        while (true) {
            final PoolOperation operation = nextSubmitted();
            if (operation == null) {
                return;
            }
            operation.run();
            synchronized (done) {
                done.add(operation);
            }
            unparkOwner();
        }
    }

    // Null when the ring closes; what has not begun by then never does.
    private PoolOperation nextSubmitted() {
        synchronized (submitted) {
            while (!closed) {
                final PoolOperation operation = submitted.poll();
                if (operation != null) {
                    return operation;
                }
                try {
                    submitted.wait();
                } catch (final InterruptedException e) {
                    throw new AssertionError(
                            "nobody interrupts " + Thread.currentThread().getName(), e);
                }
            }
            return null;
        }
    }

    private void poll() {
        while (true) {
            final int count = epoll.await();
            boolean any = false;
            for (int i = 0; i < count; i++) {
                final long key = epoll.data(i);
                if (key == STOP) {
                    return;
                }
                any |= notice(key, epoll.mask(i));
            }
            if (any) {
                unparkOwner();
            }
        }
    }

    private boolean notice(final long key, final int mask) {
        final PoolOperation watch = operations.get(PoolOperation.indexOf(key));
        synchronized (done) {
            if (watch.key() != key || watch.kind != PoolOperation.WATCH) {
                return false;
            }
            if (watch.mask == 0) {
                done.add(watch);
            }
            watch.mask |= mask;
            return true;
        }
    }

    private void unparkOwner() {
        if (gate.isWaiting()) {
            LockSupport.unpark(owner);
        }
    }
}
