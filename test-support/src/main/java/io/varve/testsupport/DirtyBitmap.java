package io.varve.testsupport;

import io.varve.linux.ErrnoException;
import io.varve.linux.Mapping;
import io.varve.linux.MemFd;
import io.varve.linux.Memory;
import java.util.SortedSet;
import java.util.TreeSet;

/** A front-end's bitmap of pages that the device has written, in a memfd, not at its start. */
public final class DirtyBitmap implements AutoCloseable {
    /** Bytes of a page. */
    public static final int PAGE_SIZE = 4096;

    private static final int OFFSET = 8;

    private final long size;
    private final MemFd file;
    private final Mapping mapping;

    /**
     * Creates one without marks.
     *
     * @param memorySize guest-physical addresses below this have their bits.
     * @throws ErrnoException when there is no memory.
     */
    public DirtyBitmap(final long memorySize) throws ErrnoException {
        size = (memorySize / PAGE_SIZE + 63) / 64 * 8;
        file = MemFd.create("log", OFFSET + size);
        mapping = Mapping.ofFile(file.fd(), OFFSET, size);
    }

    /** One that all of a guest's memory fits in. */
    public static DirtyBitmap of(final GuestRam ram) throws ErrnoException {
        final GuestRam.Region last = ram.regions().getLast();
        return new DirtyBitmap(last.guestAddress() + last.size());
    }

    /** In bytes. */
    public long size() {
        return size;
    }

    /** Where it begins in its file. */
    public long offset() {
        return OFFSET;
    }

    /** The file. */
    public int fd() {
        return file.fd();
    }

    /** The file. */
    public MemFd file() {
        return file;
    }

    /** Takes the marks away; the guest-physical addresses of the pages that had one. */
    public SortedSet<Long> take() {
        final SortedSet<Long> pages = new TreeSet<>();
        for (long i = 0; i < size; i++) {
            final int bits = Memory.getByte(mapping.address() + i) & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                if ((bits & 1 << bit) != 0) {
                    pages.add((i * 8 + bit) * PAGE_SIZE);
                }
            }
        }
        Memory.zero(mapping.address(), size);
        return pages;
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        mapping.close();
        file.close();
    }
}
