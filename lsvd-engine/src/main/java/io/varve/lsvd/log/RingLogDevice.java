package io.varve.lsvd.log;

import io.varve.linux.IoRing;
import io.varve.linux.LinuxFile;
import io.varve.lsvd.format.Blocks;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The log in a file, through the reactor's {@link IoRing}, with O_DIRECT where the file system has it. The file is locked on
 * its open description, which requests in flight hold too: the lock of a killed process ends when its last write has.
 */
public final class RingLogDevice implements LogDevice {
    /** Most that one blocking read asks of the disk: a record that comes meanwhile waits behind it. */
    private static final int PIECE = 128 << 10;

    private final LinuxFile file;
    private final IoRing ring;
    private final long length;
    private final List<Integer> registrations = new ArrayList<>();

    private RingLogDevice(final LinuxFile file, final IoRing ring, final long length) {
        this.file = file;
        this.ring = ring;
        this.length = length;
    }

    /**
     * Opens and locks an existing log file.
     *
     * @param ring null when only blocking operations will be used.
     * @return null when another has the lock.
     */
    public static RingLogDevice open(final Path path, final IoRing ring) throws IOException {
        final LinuxFile file = LinuxFile.openLocked(path, LinuxFile.O_RDWR | LinuxFile.O_DIRECT, 0);
        return file == null ? null : over(file, ring);
    }

    /**
     * Over a log file that is open and locked, and closed with this.
     *
     * @param ring null when only blocking operations will be used.
     */
    static RingLogDevice over(final LinuxFile file, final IoRing ring) throws IOException {
        try {
            return new RingLogDevice(file, ring, file.size());
        } catch (final IOException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public Reader reader(final IoRing other, final Listener listener) {
        final int registration = other.register((data, result, flags) -> listener.onCompletion(data, result));
        return new Reader() {
            @Override
            public void read(final long offset, final long address, final int size, final long token) {
                other.read(file.fd(), address, size, offset, registration, token);
            }

            @Override
            public void close() {
                other.unregister(registration);
            }
        };
    }

    @Override
    public int register(final Listener listener) {
        final int registration = ring.register((data, result, flags) -> listener.onCompletion(data, result));
        registrations.add(registration);
        return registration;
    }

    @Override
    public void write(final long offset, final long address, final int size, final int listener, final long token) {
        ring.write(file.fd(), address, size, offset, listener, token);
    }

    @Override
    public void read(final long offset, final long address, final int size, final int listener, final long token) {
        ring.read(file.fd(), address, size, offset, listener, token);
    }

    @Override
    public void sync(final int listener, final long token) {
        ring.fdatasync(file.fd(), listener, token);
    }

    @Override
    public void readFully(final long offset, final MemorySegment target) throws IOException {
        if (target.address() % Blocks.SIZE == 0) {
            readAligned(offset, target);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment aligned = arena.allocate(target.byteSize(), Blocks.SIZE);
            readAligned(offset, aligned);
            target.copyFrom(aligned);
        }
    }

    @Override
    public void writeFully(final long offset, final MemorySegment source) throws IOException {
        file.pwrite(source.address(), source.byteSize(), offset);
    }

    @Override
    public void syncFully() throws IOException {
        file.fdatasync();
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public String name() {
        return file.path().toString();
    }

    @Override
    public void close() {
        registrations.forEach(registration -> ring.unregister(registration));
        registrations.clear();
        file.close();
    }

    private void readAligned(final long offset, final MemorySegment target) throws IOException {
        for (long done = 0; done < target.byteSize(); done += PIECE) {
            final long length = Math.min(PIECE, target.byteSize() - done);
            final long count = file.pread(target.address() + done, length, offset + done);
            if (count != length) {
                throw new IOException(file.path() + " ends at " + (offset + done + count) + ": it has been truncated");
            }
        }
    }
}
