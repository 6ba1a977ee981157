package io.varve.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A piece of address space with memory behind it ({@code mmap(2)}): part of a file, shared with whoever maps it too, or
 * anonymous. Stays until it is closed; nothing checks that it is still there when it is used. Any thread.
 */
public final class Mapping implements AutoCloseable {
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int MAP_SHARED = 0x01;
    private static final int MAP_PRIVATE = 0x02;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MAP_POPULATE = 0x8000;
    private static final int MADV_HUGEPAGE = 14;
    private static final int MADV_POPULATE_WRITE = 23;

    /** Length and alignment of a huge page, in bytes. */
    public static final int HUGE_PAGE = 2 << 20;

    private final AtomicBoolean closed = new AtomicBoolean();
    private final long base;
    private final long mappedLength;
    private final long address;
    private final long length;

    private Mapping(final long base, final long mappedLength, final long address, final long length) {
        this.base = base;
        this.mappedLength = mappedLength;
        this.address = address;
        this.length = length;
    }

    /**
     * Maps part of a file, readable and writable, shared.
     *
     * <p>The file's size is not checked: memory past its last page faults when it is touched, which Java code sees as an
     * {@link InternalError} and system calls as EFAULT.
     *
     * @param fd     may be closed once this returns.
     * @param offset in bytes, any: what alignment the file's pages need is added in front and not shown.
     * @param length in bytes, above 0.
     * @throws ErrnoException           when it can't be mapped.
     * @throws IllegalArgumentException when offset and length are no range.
     */
    public static Mapping ofFile(final int fd, final long offset, final long length) throws ErrnoException {
        return ofFile(fd, offset, length, PROT_READ | PROT_WRITE);
    }

    /**
     * Maps part of a file, readable only, shared; otherwise as {@link #ofFile(int, long, long)}.
     *
     * @throws ErrnoException           when it can't be mapped.
     * @throws IllegalArgumentException when offset and length are no range.
     */
    public static Mapping ofFileReadOnly(final int fd, final long offset, final long length) throws ErrnoException {
        return ofFile(fd, offset, length, PROT_READ);
    }

    private static Mapping ofFile(final int fd, final long offset, final long length, final int protection)
            throws ErrnoException {
        final long alignment = FdStat.mappingAlignment(fd);
        if (offset < 0 || length <= 0 || offset > Long.MAX_VALUE - alignment - length) {
            throw new IllegalArgumentException("no range to map: offset " + offset + ", length " + length);
        }
        final long start = alignDown(offset, alignment);
        final long mappedLength = alignUp(offset + length, alignment) - start;
        final long base = ErrnoException.check(
                Libc.mmap(0, mappedLength, protection, MAP_SHARED | MAP_NORESERVE, fd, start),
                "mmap of " + mappedLength + " bytes of fd " + fd);
        return new Mapping(base, mappedLength, base + (offset - start), length);
    }

    /**
     * Maps zeroed memory of the process's own, at page alignment, and makes it resident.
     *
     * @param length in bytes, above 0.
     * @throws ErrnoException when there is none (ENOMEM).
     */
    public static Mapping anonymous(final long length) throws ErrnoException {
        if (length <= 0 || length > Long.MAX_VALUE - Memory.PAGE_SIZE) {
            throw new IllegalArgumentException("no length to map: " + length);
        }
        final long mappedLength = alignUp(length, Memory.PAGE_SIZE);
        final long base = ErrnoException.check(
                Libc.mmap(0, mappedLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0),
                "mmap of " + mappedLength + " bytes");
        return new Mapping(base, mappedLength, base, length);
    }

    /**
     * Maps zeroed memory of the process's own, at page alignment, of which what has been touched is resident. From {@value #HUGE_PAGE}
     * bytes on it consists of huge pages where the system has them for those who ask (transparent_hugepage): fewer
     * faults, and a transfer to or from a disk has few pages to look up.
     *
     * @param length in bytes, above 0.
     * @param arena  unmaps it when it is closed; until then it is checked as any memory of the arena.
     * @throws OutOfMemoryError when there is none.
     */
    public static MemorySegment reserve(final long length, final Arena arena) {
        if (length <= 0 || length > Long.MAX_VALUE - 2L * HUGE_PAGE) {
            throw new IllegalArgumentException("no length to map: " + length);
        }
        final boolean isHuge = length >= HUGE_PAGE;
        final long wholePages = alignUp(length, Memory.PAGE_SIZE);
        final long mappedLength = wholePages + (isHuge ? HUGE_PAGE : 0);
        final long base = Libc.mmap(0, mappedLength, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (base < 0) {
            throw new OutOfMemoryError("mmap of " + mappedLength + " bytes: " + Errno.describe((int) -base));
        }
        final long address = isHuge ? alignUp(base, HUGE_PAGE) : base;
        if (isHuge) {
            // Advice: where it is not taken, pages are small.
            Libc.madvise(address, wholePages, MADV_HUGEPAGE);
        }
        return MemorySegment.ofAddress(address).reinterpret(length, arena, memory -> Libc.munmap(base, mappedLength));
    }

    /**
     * Makes memory resident that can be written, as if it had been touched: for a huge page that takes some milliseconds, which it takes the
     * caller then. Before Linux 5.14 nothing happens.
     */
    public static void populate(final MemorySegment memory) {
        Libc.madvise(memory.address(), memory.byteSize(), MADV_POPULATE_WRITE);
    }

    static Mapping ofRing(final int fd, final long offset, final long length) throws ErrnoException {
        final long base = ErrnoException.check(
                Libc.mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset),
                "mmap of an io_uring");
        return new Mapping(base, length, base, length);
    }

    /** The greatest multiple of {@code alignment}, a power of two, that is not above {@code value}. */
    public static long alignDown(final long value, final long alignment) {
        return value & -alignment;
    }

    /** The least multiple of {@code alignment}, a power of two, that is not below {@code value}. */
    public static long alignUp(final long value, final long alignment) {
        return (value + alignment - 1) & -alignment;
    }

    /** Address of the first byte that was asked for. */
    public long address() {
        return address;
    }

    /** Number of bytes that were asked for. */
    public long length() {
        return length;
    }

    /** The memory as a segment of global scope: bounds are checked, {@link #close()} is not noticed. */
    public MemorySegment segment() {
        return MemorySegment.ofAddress(address).reinterpret(length);
    }

    /** Whether {@link #close()} has been called. */
    public boolean isClosed() {
        return closed.get();
    }

    /** Unmaps the memory: whoever still touches it kills the process. Idempotent. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            final int result = Libc.munmap(base, mappedLength);
            if (result < 0) {
                throw new IllegalStateException("munmap: " + Errno.describe(-result));
            }
        }
    }
}
