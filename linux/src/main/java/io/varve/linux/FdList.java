package io.varve.linux;

import java.util.Arrays;

/**
 * Descriptors that travel with a message: a reusable list that owns what is left in it. Not thread-safe.
 */
public final class FdList {
    /** Most descriptors that one message can carry ({@code SCM_MAX_FD}, include/net/scm.h). */
    public static final int MAX_CAPACITY = 253;

    private final int[] fds;
    private int count;
    private boolean truncated;

    /**
     * Creates an empty list.
     *
     * @param capacity most descriptors that it takes, from 1 to {@link #MAX_CAPACITY}.
     */
    public FdList(final int capacity) {
        if (capacity < 1 || capacity > MAX_CAPACITY) {
            throw new IllegalArgumentException("capacity of a list of descriptors: " + capacity);
        }
        fds = new int[capacity];
    }

    /** Most descriptors that it takes. */
    public int capacity() {
        return fds.length;
    }

    /** Number of entries, taken ones included. */
    public int count() {
        return count;
    }

    /** Entry {@code index}, still owned by the list; -1 when it was taken. */
    public int fd(final int index) {
        return fds[checkIndex(index)];
    }

    /** Hands over entry {@code index}: whoever calls closes it. -1 when it was taken before. */
    public int take(final int index) {
        final int fd = fds[checkIndex(index)];
        fds[index] = -1;
        return fd;
    }

    /**
     * Appends a descriptor.
     *
     * @throws IllegalStateException when the list is full.
     */
    public void add(final int fd) {
        if (count == fds.length) {
            throw new IllegalStateException("more than " + fds.length + " descriptors");
        }
        fds[count++] = fd;
    }

    /** Whether the message carried more descriptors than were delivered here. The others have been closed. */
    public boolean isTruncated() {
        return truncated;
    }

    /** Forgets all entries without closing them. */
    public void clear() {
        count = 0;
        truncated = false;
    }

    /** Closes all entries that were not taken, and forgets them. */
    public void closeAll() {
        for (int i = 0; i < count; i++) {
            Fd.close(fds[i]);
        }
        clear();
    }

    void setTruncated() {
        truncated = true;
    }

    private int checkIndex(final int index) {
        return java.util.Objects.checkIndex(index, count);
    }

    @Override
    public String toString() {
        return Arrays.toString(Arrays.copyOf(fds, count)) + (truncated ? " (truncated)" : "");
    }
}
