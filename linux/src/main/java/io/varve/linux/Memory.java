package io.varve.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Raw memory by absolute address, little-endian, <em>unchecked</em>: an address that is not mapped kills the process, or,
 * where a mapping has lost its file's bytes, throws {@link InternalError}. Only for addresses that were validated first.
 *
 * <p>Plain accesses may be unaligned. Acquire, release, opaque and atomic accesses must be aligned by their size, or they
 * throw {@link IllegalArgumentException}. Any thread.
 */
public final class Memory {
    /** All of the address space as one segment. Unchecked. */
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /** Size of a page in bytes; a power of two. */
    public static final int PAGE_SIZE = Libc.getpagesize();

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort ALIGNED_SHORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle VH$short =
            ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle VH$int =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle VH$long =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private Memory() {}

    /** Reads a byte. */
    public static byte getByte(final long address) {
        return ALL.get(ValueLayout.JAVA_BYTE, address);
    }

    /** Writes a byte. */
    public static void putByte(final long address, final byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, address, value);
    }

    /** Reads 2 bytes. */
    public static short getShort(final long address) {
        return ALL.get(SHORT, address);
    }

    /** Writes 2 bytes. */
    public static void putShort(final long address, final short value) {
        ALL.set(SHORT, address, value);
    }

    /** Reads 4 bytes. */
    public static int getInt(final long address) {
        return ALL.get(INT, address);
    }

    /** Writes 4 bytes. */
    public static void putInt(final long address, final int value) {
        ALL.set(INT, address, value);
    }

    /** Reads 8 bytes. */
    public static long getLong(final long address) {
        return ALL.get(LONG, address);
    }

    /** Writes 8 bytes. */
    public static void putLong(final long address, final long value) {
        ALL.set(LONG, address, value);
    }

    /** Reads 2 aligned bytes; no later access is moved before it. */
    public static short getShortAcquire(final long address) {
        return (short) VH$short.getAcquire(ALL, address);
    }

    /**
     * Writes 2 aligned bytes; no earlier access is moved behind it.
     *
     * <p>By a fence and a plain write: the JVM itself, where it has not compiled this yet, writes 2 bytes with release by an
     * instruction that it can't decode when memory that has lost its file's bytes makes it fault, and dies of that (JDK 25,
     * x86-64).
     */
    public static void putShortRelease(final long address, final short value) {
        VarHandle.releaseFence();
        ALL.set(ALIGNED_SHORT, address, value);
    }

    /** Reads 4 aligned bytes, as one access, with no order towards others. */
    public static int getIntOpaque(final long address) {
        return (int) VH$int.getOpaque(ALL, address);
    }

    /** Reads 4 aligned bytes; no later access is moved before it. */
    public static int getIntAcquire(final long address) {
        return (int) VH$int.getAcquire(ALL, address);
    }

    /** Writes 4 aligned bytes; no earlier access is moved behind it. */
    public static void putIntRelease(final long address, final int value) {
        VH$int.setRelease(ALL, address, value);
    }

    /** Reads 8 aligned bytes; no later access is moved before it. */
    public static long getLongAcquire(final long address) {
        return (long) VH$long.getAcquire(ALL, address);
    }

    /** Writes 8 aligned bytes; no earlier access is moved behind it. */
    public static void putLongRelease(final long address, final long value) {
        VH$long.setRelease(ALL, address, value);
    }

    /**
     * Sets bits of one byte atomically, in one access to the aligned 4 bytes that hold it, which must be mapped too.
     *
     * @return the byte as it was before.
     */
    public static byte getAndOrByte(final long address, final byte bits) {
        final int shift = (int) (address & 3) << 3;
        final int old = (int) VH$int.getAndBitwiseOr(ALL, address & ~3L, (bits & 0xff) << shift);
        return (byte) (old >>> shift);
    }

    /** Copies {@code length} bytes; the areas may overlap. */
    public static void copy(final long source, final long target, final long length) {
        MemorySegment.copy(ALL, source, ALL, target, length);
    }

    /** Copies {@code length} bytes out to an array. */
    public static void copy(final long source, final byte[] target, final int targetIndex, final int length) {
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, source, target, targetIndex, length);
    }

    /** Copies {@code length} bytes in from an array. */
    public static void copy(final byte[] source, final int sourceIndex, final long target, final int length) {
        MemorySegment.copy(source, sourceIndex, ALL, ValueLayout.JAVA_BYTE, target, length);
    }

    /** Sets {@code length} bytes to {@code value}. */
    public static void fill(final long address, final long length, final byte value) {
        ALL.asSlice(address, length).fill(value);
    }

    /** Sets {@code length} bytes to zero. */
    public static void zero(final long address, final long length) {
        fill(address, length, (byte) 0);
    }

    /**
     * Allocates zeroed memory for buffers.
     *
     * @param length in bytes, above 0; rounded up to whole pages.
     * @return page-aligned memory, freed by closing it.
     * @throws ErrnoException when there is none.
     */
    public static Mapping allocate(final long length) throws ErrnoException {
        return Mapping.anonymous(length);
    }
}
