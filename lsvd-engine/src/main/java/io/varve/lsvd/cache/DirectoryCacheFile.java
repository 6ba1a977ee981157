package io.varve.lsvd.cache;

import io.varve.linux.IoRing;
import io.varve.linux.LinuxFile;
import io.varve.linux.OwnerOnly;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The cache in the file {@code CACHE/read-cache}, with O_DIRECT where the file system has it. The file is locked on its open
 * description, so that it belongs to one process at a time.
 */
public final class DirectoryCacheFile implements CacheFile {
    private static final String NAME = "read-cache";

    private final LinuxFile file;

    private DirectoryCacheFile(final LinuxFile file) {
        this.file = file;
    }

    /**
     * Opens and locks the cache of a directory, and makes both when they are not there, for their owner alone.
     *
     * @return null when another process has it.
     */
    public static DirectoryCacheFile open(final Path cacheDirectory) throws IOException {
        Files.createDirectories(cacheDirectory, OwnerOnly.DIRECTORY);
        final LinuxFile file = LinuxFile.openLocked(
                cacheDirectory.resolve(NAME),
                LinuxFile.O_RDWR | LinuxFile.O_CREAT | LinuxFile.O_DIRECT,
                OwnerOnly.FILE_MODE);
        return file == null ? null : new DirectoryCacheFile(file);
    }

    @Override
    public long length() throws IOException {
        return file.size();
    }

    /** Half of what the disk would have free without this file: the logs want room as well. */
    @Override
    public long room() throws IOException {
        return (Files.getFileStore(file.path()).getUsableSpace() + file.stat().allocated()) / 2;
    }

    /** The file takes its space as it is written. */
    @Override
    public void format(final long length) throws IOException {
        file.ftruncate(0);
        file.ftruncate(length);
    }

    @Override
    public void read(final long offset, final MemorySegment target) throws IOException {
        if (file.pread(target.address(), target.byteSize(), offset) != target.byteSize()) {
            throw new IOException(file.path() + " has been truncated");
        }
    }

    @Override
    public void write(final long offset, final MemorySegment source) throws IOException {
        file.pwrite(source.address(), source.byteSize(), offset);
    }

    @Override
    public void sync() throws IOException {
        file.fdatasync();
    }

    @Override
    public CacheReader reader(final IoRing ring) {
        return new RingReader(ring);
    }

    @Override
    public String name() {
        return file.path().toString();
    }

    @Override
    public void close() {
        file.close();
    }

    /** Reads through a reactor's ring. */
    private final class RingReader implements CacheReader {
        private final IoRing ring;
        private int handler = -1;

        RingReader(final IoRing ring) {
            this.ring = ring;
        }

        @Override
        public void listener(final Listener listener) {
            handler = ring.register((data, result, flags) -> listener.onRead(data, result));
        }

        @Override
        public void read(final long offset, final long address, final int length, final long token) {
            ring.read(file.fd(), address, length, offset, handler, token);
        }

        @Override
        public void close() {
            if (handler >= 0) {
                ring.unregister(handler);
                handler = -1;
            }
        }
    }
}
