package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * The memory that {@code sendmsg(2)} and {@code recvmsg(2)} need, made once: msghdr, one iovec and a control buffer (sys/socket.h;
 * the same layout on all 64-bit machines), and a pollfd.
 */
final class SocketMessage {
    private static final int MSG_NAME_OFFSET = 0;
    private static final int MSG_IOV_OFFSET = 16;
    private static final int MSG_IOVLEN_OFFSET = 24;
    private static final int MSG_CONTROL_OFFSET = 32;
    private static final int MSG_CONTROLLEN_OFFSET = 40;
    private static final int MSG_FLAGS_OFFSET = 48;
    private static final int MSGHDR_SIZE = 56;

    private static final int CMSG_LEVEL_OFFSET = 8;
    private static final int CMSG_TYPE_OFFSET = 12;
    private static final int CMSGHDR_SIZE = 16;

    private static final int IOVEC_SIZE = 16;
    private static final int POLLFD_SIZE = 8;
    private static final int CONTROL_SIZE =
            (int) Mapping.alignUp(CMSGHDR_SIZE + FdList.MAX_CAPACITY * Integer.BYTES, Long.BYTES);

    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 0x08;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x4000_0000;

    private final MemorySegment memory =
            Arena.ofAuto().allocate(MSGHDR_SIZE + IOVEC_SIZE + POLLFD_SIZE + CONTROL_SIZE, Long.BYTES);
    private final long header = memory.address();
    private final long iov = header + MSGHDR_SIZE;
    private final long pollFd = iov + IOVEC_SIZE;
    private final long control = pollFd + POLLFD_SIZE;

    /** Answers the bytes sent or a negated errno. */
    int send(final int fd, final long address, final int length, final FdList fds) {
        final int count = fds == null ? 0 : fds.count();
        prepare(address, length, count);
        if (count > 0) {
            Memory.putLong(control, CMSGHDR_SIZE + (long) count * Integer.BYTES);
            Memory.putInt(control + CMSG_LEVEL_OFFSET, SOL_SOCKET);
            Memory.putInt(control + CMSG_TYPE_OFFSET, SCM_RIGHTS);
            for (int i = 0; i < count; i++) {
                Memory.putInt(control + CMSGHDR_SIZE + (long) i * Integer.BYTES, fds.fd(i));
            }
        }
        int result;
        do {
            result = (int) SocketCalls.sendmsg(fd, header, MSG_DONTWAIT | MSG_NOSIGNAL);
        } while (result == -Errno.EINTR);
        Reference.reachabilityFence(memory);
        return result;
    }

    /** Answers the bytes received or a negated errno. */
    int receive(final int fd, final long address, final int length, final FdList fds) {
        if (fds.count() != 0) {
            throw new IllegalStateException("the list still holds descriptors: " + fds);
        }
        fds.clear();
        int result;
        do {
            prepare(address, length, fds.capacity());
            result = (int) SocketCalls.recvmsg(fd, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        } while (result == -Errno.EINTR);
        if (result >= 0) {
            if ((Memory.getInt(header + MSG_FLAGS_OFFSET) & MSG_CTRUNC) != 0) {
                fds.setTruncated();
            }
            takeDescriptors(fds);
        }
        Reference.reachabilityFence(memory);
        return result;
    }

    /** Waits for events; false when the time is over. */
    boolean await(final int fd, final int events, final int timeoutMs) throws ErrnoException {
        final long deadlineNs = System.nanoTime() + timeoutMs * 1_000_000L;
        int remainingMs = timeoutMs;
        while (true) {
            Memory.putInt(pollFd, fd);
            Memory.putInt(pollFd + Integer.BYTES, events);
            final int result = SocketCalls.poll(pollFd, 1, remainingMs);
            Reference.reachabilityFence(memory);
            if (result != -Errno.EINTR) {
                return ErrnoException.check(result, "poll") > 0;
            }
            if (timeoutMs > 0) {
                remainingMs = (int) Math.max(0, (deadlineNs - System.nanoTime()) / 1_000_000L);
            }
        }
    }

    // The control buffer ends exactly behind the last descriptor that is wanted: the kernel fills whatever fits.
    private void prepare(final long address, final int length, final int fdCount) {
        Memory.putLong(iov, address);
        Memory.putLong(iov + Long.BYTES, length);
        Memory.putLong(header + MSG_NAME_OFFSET, 0);
        Memory.putLong(header + MSG_NAME_OFFSET + Long.BYTES, 0);
        Memory.putLong(header + MSG_IOV_OFFSET, iov);
        Memory.putLong(header + MSG_IOVLEN_OFFSET, 1);
        Memory.putLong(header + MSG_CONTROL_OFFSET, fdCount == 0 ? 0 : control);
        Memory.putLong(
                header + MSG_CONTROLLEN_OFFSET, fdCount == 0 ? 0 : CMSGHDR_SIZE + (long) fdCount * Integer.BYTES);
        Memory.putLong(header + MSG_FLAGS_OFFSET, 0);
    }

    private void takeDescriptors(final FdList fds) {
        final long end = control + Memory.getLong(header + MSG_CONTROLLEN_OFFSET);
        long position = control;
        while (position + CMSGHDR_SIZE <= end) {
            final long length = Memory.getLong(position);
            if (length < CMSGHDR_SIZE) {
                return;
            }
            final long dataEnd = Math.min(position + length, end);
            if (Memory.getInt(position + CMSG_LEVEL_OFFSET) == SOL_SOCKET
                    && Memory.getInt(position + CMSG_TYPE_OFFSET) == SCM_RIGHTS) {
                for (long data = position + CMSGHDR_SIZE; data + Integer.BYTES <= dataEnd; data += Integer.BYTES) {
                    fds.add(Memory.getInt(data));
                }
            }
            position = Mapping.alignUp(position + length, Long.BYTES);
        }
    }
}
