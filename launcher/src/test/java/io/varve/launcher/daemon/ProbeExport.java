package io.varve.launcher.daemon;

import io.varve.block.BlockDevice;
import io.varve.block.CloseReason;
import io.varve.block.Export;
import io.varve.block.ExportStatus;
import io.varve.block.Extents;
import io.varve.block.SessionListener;
import io.varve.linux.IoVec;
import io.varve.linux.Memory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.ToIntFunction;

/** An export without a socket: its clients are tests, which call from their own thread and wait. The least that a protocol has to do. */
final class ProbeExport implements Export {
    static final String PROTOCOL = "probe";

    /** Why the device was lost, once for each time. */
    final LinkedBlockingQueue<String> lost = new LinkedBlockingQueue<>();

    private final ExportContext context;
    private final ConcurrentLinkedQueue<Runnable> calls = new ConcurrentLinkedQueue<>();
    private final List<ProbeSession> sessions = new ArrayList<>();
    private boolean isClosed;

    ProbeExport(final ExportContext context) {
        this.context = context;
    }

    /** What is asked for, and its export once that is there. */
    static final class Plan implements ExportPlan {
        private final CompletableFuture<ProbeExport> made = new CompletableFuture<>();

        @Override
        public String protocol() {
            return PROTOCOL;
        }

        @Override
        public String address() {
            return "test";
        }

        @Override
        public boolean takesSeveral() {
            return true;
        }

        @Override
        public Export open(final ExportContext context) {
            made.complete(new ProbeExport(context));
            return made.join();
        }

        @Override
        public void close() {}

        ProbeExport export() {
            return made.join();
        }
    }

    private <T> T call(final Callable<T> task) {
        final CompletableFuture<T> result = new CompletableFuture<>();
        calls.add(() -> {
            try {
                result.complete(task.call());
            } catch (final Exception e) {
                result.completeExceptionally(e);
            }
        });
        context.ring().wakeUp();
        return result.join();
    }

    boolean mayWrite() {
        return call(() -> context.sessions().mayWrite());
    }

    boolean mayRepeat() {
        return call(() -> context.device().mayRepeat());
    }

    ProbeSession open(final String peer, final boolean isWriter) {
        return call(() -> {
            final ProbeSession session = new ProbeSession(peer, isWriter);
            sessions.add(session);
            return session;
        });
    }

    /** A client: one request at a time. */
    final class ProbeSession implements BlockDevice.Completion {
        private final SessionListener listener;
        private Runnable next;
        private boolean isInFlight;
        private CompletableFuture<Integer> result;
        private CloseReason closed;

        ProbeSession(final String peer, final boolean isWriter) {
            listener = context.sessions().open(peer, isWriter);
        }

        @Override
        public void onComplete(final long token, final int status) {
            isInFlight = false;
            result.complete(status);
        }

        private int run(final Runnable request) {
            final CompletableFuture<Integer> answer = new CompletableFuture<>();
            call(() -> {
                if (closed != null) {
                    answer.completeExceptionally(new IllegalStateException("closed: " + closed));
                    return null;
                }
                result = answer;
                next = request;
                listener.onStarted();
                return null;
            });
            return answer.join();
        }

        private int doWork() {
            if (next == null || !context.device().isReady() || !context.device().hasRoom(1)) {
                return 0;
            }
            final Runnable request = next;
            next = null;
            isInFlight = true;
            request.run();
            return 1;
        }

        private int transfer(final byte[] data, final int length, final ToIntFunction<IoVec> request) {
            try (Arena arena = Arena.ofShared()) {
                final long address = arena.allocate(length, 8).address();
                Memory.copy(data, 0, address, length);
                final IoVec buffers = new IoVec();
                buffers.add(address, length);
                final int status = request.applyAsInt(buffers);
                Memory.copy(address, data, 0, length);
                return status;
            }
        }

        /** Fills what is given; the status. */
        int read(final long offset, final byte[] into) {
            return transfer(
                    into, into.length, buffers -> run(() -> context.device().read(offset, buffers, this, 0)));
        }

        int write(final long offset, final byte[] data) {
            return transfer(
                    data.clone(),
                    data.length,
                    buffers -> run(() -> context.device().write(offset, buffers, false, this, 0)));
        }

        int flush() {
            return run(() -> context.device().flush(this, 0));
        }

        int discard(final long offset, final long length) {
            return run(() -> context.device().discard(offset, length, false, this, 0));
        }

        int extents(final long offset, final long length, final Extents answer) {
            return run(() -> context.device().extents(offset, length, answer, this, 0));
        }

        void close() {
            call(() -> {
                end(CloseReason.DISCONNECTED);
                return null;
            });
        }

        private void end(final CloseReason reason) {
            if (closed == null) {
                closed = reason;
                if (isInFlight) {
                    context.device().cancel(this);
                }
                if (result != null) {
                    result.completeExceptionally(new IllegalStateException("closed: " + reason));
                }
                listener.onClosed(reason);
            }
        }
    }

    @Override
    public ExportStatus status() {
        return new ExportStatus(PROTOCOL, "test", null);
    }

    @Override
    public int doWork() {
        int work = 0;
        for (Runnable call = calls.poll(); call != null; call = calls.poll()) {
            call.run();
            work++;
        }
        for (final Iterator<ProbeSession> each = sessions.iterator(); each.hasNext(); ) {
            final ProbeSession session = each.next();
            work += session.doWork();
            if (session.closed != null) {
                each.remove();
            }
        }
        return work;
    }

    @Override
    public boolean armNotifications() {
        return !calls.isEmpty();
    }

    @Override
    public void disarmNotifications() {}

    @Override
    public long maxIdleNs() {
        return Long.MAX_VALUE;
    }

    @Override
    public void deviceReady() {}

    @Override
    public void configChanged() {}

    @Override
    public void deviceLost(final String reason) {
        lost.add(reason);
        endAll(CloseReason.DEVICE_LOST);
    }

    private void endAll(final CloseReason reason) {
        sessions.forEach(session -> session.end(reason));
    }

    @Override
    public void close() {
        isClosed = true;
        endAll(CloseReason.REQUESTED);
    }

    @Override
    public void abandon() {
        close();
    }

    @Override
    public boolean isClosed() {
        return isClosed;
    }

    @Override
    public void release() {
        close();
    }
}
