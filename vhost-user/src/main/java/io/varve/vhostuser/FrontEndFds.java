package io.varve.vhostuser;

import io.varve.linux.Fd;
import io.varve.linux.FdKind;
import io.varve.linux.FdList;
import java.util.concurrent.CompletableFuture;

/**
 * The descriptors of one message, and what they are. A front-end may send anything: only what is known to keep nobody waiting is used, or
 * even closed, on the reactor; the rest is left to {@link StrangeFds}.
 */
final class FrontEndFds {
    private final FdList list = new FdList(MemoryRegions.MAX_REGIONS);
    private final FdKind[] kinds = new FdKind[MemoryRegions.MAX_REGIONS];
    private final StrangeFds strange;
    private CompletableFuture<boolean[]> areLocal;

    FrontEndFds(final StrangeFds strange) {
        this.strange = strange;
    }

    /** Where they are received. */
    FdList list() {
        return list;
    }

    /**
     * Begins to find out what they are.
     *
     * @param isMemory whether files among them are to be memory.
     * @param wake     called when that is known, if it was not at once; any thread.
     */
    void identify(final boolean isMemory, final Runnable wake) {
        boolean isOther = false;
        for (int i = 0; i < list.count(); i++) {
            kinds[i] = FdKind.of(list.fd(i));
            isOther |= kinds[i] == FdKind.OTHER;
        }
        if (isMemory && isOther) {
            final int[] fds = new int[list.count()];
            for (int i = 0; i < fds.length; i++) {
                fds[i] = kinds[i] == FdKind.OTHER ? list.fd(i) : -1;
            }
            areLocal = strange.areLocal(fds, wake);
        }
    }

    /** Whether it is known what they are. */
    boolean areKnown() {
        return areLocal == null || areLocal.isDone();
    }

    /** Number of descriptors, taken ones included. */
    int count() {
        return list.count();
    }

    /** A descriptor, which stays here; -1 when it was taken. */
    int fd(final int index) {
        return list.fd(index);
    }

    /** Hands a descriptor over. */
    int take(final int index) {
        return list.take(index);
    }

    boolean isEventFd(final int index) {
        return kinds[index] == FdKind.EVENTFD;
    }

    boolean isSocket(final int index) {
        return kinds[index] == FdKind.SOCKET;
    }

    /** Whether it can be mapped, and its pages come from memory or a local disk; once they {@linkplain #areKnown() are known}. */
    boolean isMemory(final int index) {
        return kinds[index] == FdKind.MEMORY || areLocal != null && areLocal.join()[index];
    }

    /** Closes those that nobody took, and forgets all. */
    void release() {
        for (int i = 0; i < list.count(); i++) {
            final int fd = list.take(i);
            if (kinds[i] == FdKind.EVENTFD || kinds[i] == FdKind.MEMORY) {
                Fd.close(fd);
            } else {
                strange.close(fd);
            }
            kinds[i] = null;
        }
        list.clear();
        areLocal = null;
    }
}
