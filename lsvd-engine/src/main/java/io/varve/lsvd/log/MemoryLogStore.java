package io.varve.lsvd.log;

import io.varve.linux.IoRing;
import io.varve.linux.MemFd;
import io.varve.lsvd.format.Superblock;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A log in memory, which goes with the process: for a volume that counts for nothing until it is wholly in the store, such as
 * one that is being imported. Nothing is written to a disk twice then.
 */
public final class MemoryLogStore implements LogStore, AutoCloseable {
    private final IoRing ring;
    private MemFd memory;

    /** Makes the place of a log; there is none yet. */
    public MemoryLogStore(final IoRing ring) {
        this.ring = ring;
    }

    @Override
    public boolean exists() {
        return memory != null;
    }

    @Override
    public LogDevice open() throws IOException {
        final LogDevice device = RingLogDevice.open(Path.of("/proc/self/fd/" + memory.fd()), ring);
        if (device == null) {
            throw new LogInUseException(name());
        }
        return device;
    }

    @Override
    public LogDevice create(final LogGeometry geometry, final Superblock first) throws IOException {
        memory = MemFd.create("varve-log", geometry.fileLength());
        final LogDevice device = open();
        try {
            LogSuperblock.create(device, first).write(first);
        } catch (final IOException e) {
            device.close();
            throw e;
        }
        return device;
    }

    @Override
    public String setAside(final long epoch) throws IOException {
        delete();
        return name();
    }

    @Override
    public void delete() throws IOException {
        close();
    }

    @Override
    public String name() {
        return "a log in memory";
    }

    /** Frees the memory, once the log is closed too. */
    @Override
    public void close() {
        if (memory != null) {
            memory.close();
            memory = null;
        }
    }
}
