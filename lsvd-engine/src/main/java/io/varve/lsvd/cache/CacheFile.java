package io.varve.lsvd.cache;

import io.varve.linux.IoRing;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * The file that holds a cache, behind an interface that a simulator can replace. Offsets, lengths and addresses are multiples
 * of 4096. All methods but {@link #reader} wait; all but {@link #read} belong to one thread at a time.
 */
public interface CacheFile extends AutoCloseable {
    /** Length in bytes; 0 when it is new. */
    long length() throws IOException;

    /**
     * Greatest length in bytes that the file may be given now, so that others who need the disk's space find some.
     */
    long room() throws IOException;

    /** Drops everything and makes the file so many bytes long, which read as zeros. */
    void format(long length) throws IOException;

    /** Reads a range. Any thread but a reactor. */
    void read(long offset, MemorySegment target) throws IOException;

    /** Writes a range. */
    void write(long offset, MemorySegment source) throws IOException;

    /** Makes durable what has been written. */
    void sync() throws IOException;

    /** Makes a way for a reactor to read the file. On that reactor's thread, or before it starts. */
    CacheReader reader(IoRing ring);

    /** What to call it in messages. */
    String name();

    /** Gives the file and its lock back. No reader may have a read in flight. */
    @Override
    void close();
}
