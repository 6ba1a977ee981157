package io.varve.linux;

import java.io.UncheckedIOException;
import java.lang.foreign.Arena;

/**
 * The two queues of an io_uring as the kernel shares them (linux/io_uring.h), and the three system calls: positions,
 * entries and flags, without a notion of what the operations mean. One thread.
 */
final class UringQueues implements AutoCloseable {
    /** Size of {@code struct io_uring_sqe}; its fields. */
    static final int SQE_SIZE = 64;

    static final int SQE_OPCODE_OFFSET = 0;
    static final int SQE_FD_OFFSET = 4;
    static final int SQE_OFF_OFFSET = 8;
    static final int SQE_ADDR_OFFSET = 16;
    static final int SQE_LEN_OFFSET = 24;
    static final int SQE_OP_FLAGS_OFFSET = 28;
    static final int SQE_USER_DATA_OFFSET = 32;

    /** Size of {@code struct io_uring_cqe}; its fields. */
    static final int CQE_SIZE = 16;

    static final int CQE_USER_DATA_OFFSET = 0;
    static final int CQE_RES_OFFSET = 8;
    static final int CQE_FLAGS_OFFSET = 12;

    /** Most entries of a submission queue that the kernel grants (IORING_MAX_ENTRIES, io_uring/io_uring.h). */
    static final int MAX_ENTRIES = 32768;

    private static final int CQ_ENTRIES_PER_SQ_ENTRY = 4;

    private static final int SYS_IO_URING_SETUP = 425;
    private static final int SYS_IO_URING_ENTER = 426;
    private static final int SYS_IO_URING_REGISTER = 427;

    private static final int IORING_SETUP_CQSIZE = 1 << 3;
    private static final int IORING_SETUP_CLAMP = 1 << 4;
    private static final int IORING_SETUP_R_DISABLED = 1 << 6;
    private static final int IORING_SETUP_COOP_TASKRUN = 1 << 8;
    private static final int IORING_SETUP_TASKRUN_FLAG = 1 << 9;
    private static final int IORING_SETUP_SINGLE_ISSUER = 1 << 12;
    private static final int IORING_SETUP_DEFER_TASKRUN = 1 << 13;

    /** Wished-for flags, the best first; a kernel that does not know one answers EINVAL. */
    private static final int[] SETUP_FLAGS = {
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
        IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
        0
    };

    /** Number of flag combinations that are tried. */
    static final int SETUPS = SETUP_FLAGS.length;

    private static final int IORING_FEAT_SINGLE_MMAP = 1;
    private static final int IORING_FEAT_NODROP = 1 << 1;
    private static final int IORING_FEAT_EXT_ARG = 1 << 8;
    private static final int IORING_FEAT_RSRC_TAGS = 1 << 10;

    /** What can't be done without; the last came with Linux 5.13, and multishot polls, which have no flag, with it. */
    private static final int NEEDED_FEATURES =
            IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_RSRC_TAGS;

    private static final int IORING_ENTER_GETEVENTS = 1;
    private static final int IORING_ENTER_EXT_ARG = 1 << 3;
    private static final int IORING_REGISTER_ENABLE_RINGS = 12;

    private static final int IORING_SQ_CQ_OVERFLOW = 1 << 1;
    private static final int IORING_SQ_TASKRUN = 1 << 2;

    private static final long IORING_OFF_SQ_RING = 0;
    private static final long IORING_OFF_SQES = 0x1000_0000L;

    /** Size of {@code struct io_uring_params}; its fields, and those of the offsets in it. */
    private static final int PARAMS_SIZE = 120;

    private static final int PARAMS_SQ_ENTRIES_OFFSET = 0;
    private static final int PARAMS_CQ_ENTRIES_OFFSET = 4;
    private static final int PARAMS_FLAGS_OFFSET = 8;
    private static final int PARAMS_FEATURES_OFFSET = 20;
    private static final int PARAMS_SQ_OFF_OFFSET = 40;
    private static final int PARAMS_CQ_OFF_OFFSET = 80;
    private static final int OFF_HEAD_OFFSET = 0;
    private static final int OFF_TAIL_OFFSET = 4;
    private static final int SQ_OFF_FLAGS_OFFSET = 16;
    private static final int SQ_OFF_ARRAY_OFFSET = 24;
    private static final int CQ_OFF_CQES_OFFSET = 20;

    /** {@code struct io_uring_getevents_arg} and the {@code struct __kernel_timespec} that it points to. */
    private static final int GETEVENTS_ARG_SIZE = 24;

    private static final int GETEVENTS_ARG_TS_OFFSET = 16;
    private static final int TIMESPEC_SIZE = 16;

    private static final long NS_PER_SECOND = 1_000_000_000L;

    private final int fd;
    private final int setupFlags;
    private final int sqEntries;
    private final int cqEntries;
    private final Mapping rings;
    private final Mapping sqes;
    private final Mapping waitArgument;
    private final long sqHeadAddress;
    private final long sqTailAddress;
    private final long sqFlagsAddress;
    private final long cqHeadAddress;
    private final long cqTailAddress;
    private final long cqesAddress;
    private final long timespec;

    private int sqTail;
    private int cqHead;
    private boolean closed;

    private UringQueues(final int fd, final long params) throws ErrnoException {
        this.fd = fd;
        setupFlags = Memory.getInt(params + PARAMS_FLAGS_OFFSET);
        sqEntries = Memory.getInt(params + PARAMS_SQ_ENTRIES_OFFSET);
        cqEntries = Memory.getInt(params + PARAMS_CQ_ENTRIES_OFFSET);
        final long sqOff = params + PARAMS_SQ_OFF_OFFSET;
        final long cqOff = params + PARAMS_CQ_OFF_OFFSET;
        final long sqEnd = Memory.getInt(sqOff + SQ_OFF_ARRAY_OFFSET) + (long) sqEntries * Integer.BYTES;
        final long cqEnd = Memory.getInt(cqOff + CQ_OFF_CQES_OFFSET) + (long) cqEntries * CQE_SIZE;
        rings = Mapping.ofRing(fd, IORING_OFF_SQ_RING, Math.max(sqEnd, cqEnd));
        sqes = mapOrUnmap(() -> Mapping.ofRing(fd, IORING_OFF_SQES, (long) sqEntries * SQE_SIZE), rings);
        waitArgument = mapOrUnmap(() -> Mapping.anonymous(GETEVENTS_ARG_SIZE + TIMESPEC_SIZE), rings, sqes);
        final long base = rings.address();
        sqHeadAddress = base + Memory.getInt(sqOff + OFF_HEAD_OFFSET);
        sqTailAddress = base + Memory.getInt(sqOff + OFF_TAIL_OFFSET);
        sqFlagsAddress = base + Memory.getInt(sqOff + SQ_OFF_FLAGS_OFFSET);
        cqHeadAddress = base + Memory.getInt(cqOff + OFF_HEAD_OFFSET);
        cqTailAddress = base + Memory.getInt(cqOff + OFF_TAIL_OFFSET);
        cqesAddress = base + Memory.getInt(cqOff + CQ_OFF_CQES_OFFSET);
        timespec = waitArgument.address() + GETEVENTS_ARG_SIZE;
        Memory.putLong(waitArgument.address() + GETEVENTS_ARG_TS_OFFSET, timespec);
        final long array = base + Memory.getInt(sqOff + SQ_OFF_ARRAY_OFFSET);
        for (int i = 0; i < sqEntries; i++) {
            Memory.putInt(array + (long) i * Integer.BYTES, i);
        }
    }

    /**
     * Makes the queues.
     *
     * @param entries    of the submission queue, a power of two.
     * @param firstSetup index of the flags to begin with, 0 to {@link #SETUPS} - 1: above 0 for what older kernels do.
     * @throws ErrnoException when they are refused; ENOSYS when the kernel is too old.
     */
    static UringQueues open(final int entries, final int firstSetup) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            final long params = arena.allocate(PARAMS_SIZE, Long.BYTES).address();
            int fd = -Errno.EINVAL;
            for (int i = firstSetup; i < SETUPS && fd == -Errno.EINVAL; i++) {
                Memory.zero(params, PARAMS_SIZE);
                Memory.putInt(params + PARAMS_CQ_ENTRIES_OFFSET, entries * CQ_ENTRIES_PER_SQ_ENTRY);
                Memory.putInt(
                        params + PARAMS_FLAGS_OFFSET,
                        SETUP_FLAGS[i] | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_R_DISABLED);
                fd = (int) Libc.syscall(SYS_IO_URING_SETUP, entries, params, 0, 0, 0, 0);
            }
            ErrnoException.check(fd, "io_uring_setup");
            try {
                if ((Memory.getInt(params + PARAMS_FEATURES_OFFSET) & NEEDED_FEATURES) != NEEDED_FEATURES) {
                    throw new ErrnoException("io_uring of a kernel before 5.13", Errno.ENOSYS);
                }
                return new UringQueues(fd, params);
            } catch (final ErrnoException e) {
                Fd.close(fd);
                throw e;
            }
        }
    }

    /** Binds the ring to the calling thread; nothing can be submitted before. */
    void enable() {
        final long result = Libc.syscall(SYS_IO_URING_REGISTER, fd, IORING_REGISTER_ENABLE_RINGS, 0, 0, 0, 0);
        if (result < 0) {
            throw failure("io_uring_register", (int) -result);
        }
    }

    int sqEntries() {
        return sqEntries;
    }

    int cqEntries() {
        return cqEntries;
    }

    /** Whether completions are held back until the ring's thread enters the kernel for them. */
    boolean isTaskRunDeferred() {
        return (setupFlags & IORING_SETUP_DEFER_TASKRUN) != 0;
    }

    /** Entries that the kernel has not taken yet. */
    int unsubmitted() {
        return sqTail - Memory.getIntAcquire(sqHeadAddress);
    }

    boolean isSqFull() {
        return unsubmitted() == sqEntries;
    }

    /** Address of the next entry, zeroed; there must be room. It belongs to the queue with {@link #push()}. */
    long nextSqe() {
        final long sqe = sqes.address() + (long) (sqTail & sqEntries - 1) * SQE_SIZE;
        for (int i = 0; i < SQE_SIZE; i += Long.BYTES) {
            Memory.putLong(sqe + i, 0);
        }
        return sqe;
    }

    void push() {
        Memory.putIntRelease(sqTailAddress, ++sqTail);
    }

    /** Number of completions in the queue. */
    int completions() {
        return Memory.getIntAcquire(cqTailAddress) - cqHead;
    }

    /** Address of the oldest completion; there must be one. */
    long peek() {
        return cqesAddress + (long) (cqHead & cqEntries - 1) * CQE_SIZE;
    }

    /** Gives the place of the oldest completion back. */
    void pop() {
        Memory.putIntRelease(cqHeadAddress, ++cqHead);
    }

    /** Whether the kernel holds back completions that it delivers when it is entered. */
    boolean needsEnter() {
        return (Memory.getIntOpaque(sqFlagsAddress) & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN)) != 0;
    }

    /** Submits what there is, and lets the kernel deliver what it holds back. Whether all was submitted. */
    boolean submit() {
        final int count = unsubmitted();
        final int result = enter(count, 0, IORING_ENTER_GETEVENTS, 0, 0);
        if (result < 0 && result != -Errno.EINTR && result != -Errno.EAGAIN && result != -Errno.EBUSY) {
            throw failure("io_uring_enter", -result);
        }
        return unsubmitted() == 0;
    }

    /**
     * Submits what there is and waits for a completion.
     *
     * @param waitNs most nanoseconds to wait, above 0; negative without limit. May end early.
     */
    void submitAndWait(final long waitNs) {
        final int count = unsubmitted();
        final int result;
        if (waitNs < 0) {
            result = enter(count, 1, IORING_ENTER_GETEVENTS, 0, 0);
        } else {
            Memory.putLong(timespec, waitNs / NS_PER_SECOND);
            Memory.putLong(timespec + Long.BYTES, waitNs % NS_PER_SECOND);
            result = enter(
                    count,
                    1,
                    IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                    waitArgument.address(),
                    GETEVENTS_ARG_SIZE);
        }
        if (result < 0
                && result != -Errno.ETIME
                && result != -Errno.EINTR
                && result != -Errno.EAGAIN
                && result != -Errno.EBUSY) {
            throw failure("io_uring_enter", -result);
        }
    }

    private int enter(
            final int count, final int minComplete, final int flags, final long argument, final int argumentSize) {
        return (int) Libc.syscall(SYS_IO_URING_ENTER, fd, count, minComplete, flags, argument, argumentSize);
    }

    /** Closes the ring's descriptor; what is in flight is cancelled or completed by the kernel, unseen. Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Fd.close(fd);
            waitArgument.close();
            sqes.close();
            rings.close();
        }
    }

    private static UncheckedIOException failure(final String call, final int errno) {
        return new UncheckedIOException(new ErrnoException(call, errno));
    }

    private interface Map {
        Mapping map() throws ErrnoException;
    }

    private static Mapping mapOrUnmap(final Map map, final Mapping... others) throws ErrnoException {
        try {
            return map.map();
        } catch (final ErrnoException e) {
            for (final Mapping other : others) {
                other.close();
            }
            throw e;
        }
    }
}
