package io.varve.lsvd;

import io.varve.linux.ErrnoException;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Set;

/** A real log whose device can be told to fail: what fails is not carried out. */
final class FlakyLogs implements LogStore {
    private static final int EIO = 5;

    private final LogStore logs;
    private Step beforeRenaming = () -> {};
    private final Set<Long> unreadable = new HashSet<>();
    private long room = Long.MAX_VALUE;
    private int writesToFail;
    private int syncsToFail;

    /** Something that is done in between. */
    interface Step {
        void run() throws IOException;
    }

    FlakyLogs(final LogStore logs) {
        this.logs = logs;
    }

    /** What is done just before a log is set aside or deleted. */
    FlakyLogs beforeRenaming(final Step step) {
        beforeRenaming = step;
        return this;
    }

    /** The block at an offset of the file can't be read by calls that wait. */
    FlakyLogs unreadable(final long... offsets) {
        for (final long offset : offsets) {
            unreadable.add(offset);
        }
        return this;
    }

    /** How much the disk has for a log. */
    FlakyLogs room(final long bytes) {
        room = bytes;
        return this;
    }

    @Override
    public long room() {
        return room;
    }

    void failWrites(final int count) {
        writesToFail = count;
    }

    void failSyncs(final int count) {
        syncsToFail = count;
    }

    @Override
    public boolean exists() {
        return logs.exists();
    }

    @Override
    public LogDevice open() throws IOException {
        return new Device(logs.open());
    }

    @Override
    public LogDevice create(final LogGeometry geometry, final Superblock first) throws IOException {
        return new Device(logs.create(geometry, first));
    }

    @Override
    public String setAside(final long epoch) throws IOException {
        beforeRenaming.run();
        return logs.setAside(epoch);
    }

    @Override
    public void delete() throws IOException {
        beforeRenaming.run();
        logs.delete();
    }

    @Override
    public String name() {
        return logs.name();
    }

    /** Fails a write by doing a sync in its place, which changes nothing. */
    private final class Device implements LogDevice {
        private final LogDevice device;
        private final Set<Long> failing = new HashSet<>();

        Device(final LogDevice device) {
            this.device = device;
        }

        @Override
        public int register(final Listener listener) {
            return device.register(
                    (token, result) -> listener.onCompletion(token, failing.remove(token) ? -EIO : result));
        }

        @Override
        public void write(
                final long offset, final long address, final int length, final int listener, final long token) {
            if (writesToFail > 0) {
                writesToFail--;
                failing.add(token);
                device.sync(listener, token);
            } else {
                device.write(offset, address, length, listener, token);
            }
        }

        @Override
        public void read(
                final long offset, final long address, final int length, final int listener, final long token) {
            device.read(offset, address, length, listener, token);
        }

        @Override
        public void sync(final int listener, final long token) {
            if (syncsToFail > 0) {
                syncsToFail--;
                failing.add(token);
            }
            device.sync(listener, token);
        }

        @Override
        public void readFully(final long offset, final MemorySegment target) throws IOException {
            for (final long bad : unreadable) {
                if (bad >= offset && bad < offset + target.byteSize()) {
                    throw new ErrnoException("pread " + name(), EIO);
                }
            }
            device.readFully(offset, target);
        }

        @Override
        public void writeFully(final long offset, final MemorySegment source) throws IOException {
            device.writeFully(offset, source);
        }

        @Override
        public void syncFully() throws IOException {
            device.syncFully();
        }

        @Override
        public long length() {
            return device.length();
        }

        @Override
        public String name() {
            return device.name();
        }

        @Override
        public void close() {
            device.close();
        }
    }
}
