package io.varve.vhostuser;

import io.varve.linux.ErrnoException;
import io.varve.linux.Fd;
import io.varve.linux.FdStat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Looks at, and closes, descriptors of front-ends that may be anything, on a thread of its own: a file of a network or of another program (FUSE)
 * may keep whoever does so waiting for ever, and so may a socket, with what lies unread in it. One for each server, so that no other
 * volume waits behind it. The thread is there while there is something to do.
 *
 * <p>What is handed over is dealt with in order. Methods are the reactor's.
 */
final class StrangeFds implements AutoCloseable {
    /** Most descriptors that wait to be closed before no more front-ends, and no more descriptors, are taken. */
    static final int MAX_WAITING = 256;

    private static final int IDLE_S = 5;

    private final AtomicInteger waiting = new AtomicInteger();
    private final ThreadPoolExecutor thread;

    /**
     * Makes one without anything to do.
     *
     * @param name of the disk, for the thread.
     */
    StrangeFds(final String name) {
        thread = new ThreadPoolExecutor(0, 1, IDLE_S, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            final Thread made = new Thread(task, "varve-" + name + "-fds");
            made.setDaemon(true);
            return made;
        });
    }

    /** Whether more may be taken. */
    boolean hasRoom() {
        return waiting.get() < MAX_WAITING;
    }

    /** Whether nothing waits. Any thread. */
    boolean isQuiet() {
        return waiting.get() == 0;
    }

    /** Closes a descriptor, sooner or later; none when it is negative. */
    void close(final int fd) {
        if (fd >= 0) {
            waiting.incrementAndGet();
            thread.execute(() -> {
                Fd.close(fd);
                waiting.decrementAndGet();
            });
        }
    }

    /**
     * Finds out whether descriptors are files that a local disk keeps. They stay open until it is done, if they are only closed by
     * {@link #close(int)}.
     *
     * @param wake called when it is done, on the other thread.
     */
    CompletableFuture<boolean[]> areLocal(final int[] fds, final Runnable wake) {
        final CompletableFuture<boolean[]> answer = CompletableFuture.supplyAsync(
                () -> {
                    final boolean[] result = new boolean[fds.length];
                    for (int i = 0; i < fds.length; i++) {
                        result[i] = isLocal(fds[i]);
                    }
                    return result;
                },
                thread);
        answer.whenComplete((result, failure) -> wake.run());
        return answer;
    }

    private static boolean isLocal(final int fd) {
        try {
            return FdStat.isOnLocalFileSystem(fd) && FdStat.of(fd).isRegularFile();
        } catch (final ErrnoException e) {
            return false;
        }
    }

    /** Takes no more. What waits is still dealt with. Idempotent. */
    @Override
    public void close() {
        thread.shutdown();
    }
}
