package io.varve.lsvd.log;

import io.varve.lsvd.format.Superblock;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Reads the log by position, from memory where it is still there and else from the file. For any one thread. */
public final class DeviceLogSource implements LogSource {
    private final LogGeometry geometry;
    private final LogDevice device;
    private final LogWindow window;

    /**
     * Makes a source.
     *
     * @param window null to read the file only.
     */
    public DeviceLogSource(final LogGeometry geometry, final LogDevice device, final LogWindow window) {
        this.geometry = geometry;
        this.device = device;
        this.window = window;
    }

    @Override
    public LogGeometry geometry() {
        return geometry;
    }

    @Override
    public void read(final long position, final MemorySegment target) throws IOException {
        final long length = target.byteSize();
        final long onFile = window == null ? length : Math.min(length, Math.max(0, window.first() - position));
        if (onFile > 0) {
            readFile(position, target.asSlice(0, onFile));
        }
        if (onFile < length && !window.copy(position + onFile, target.asSlice(onFile))) {
            readFile(position + onFile, target.asSlice(onFile));
        }
    }

    @Override
    public boolean isInMemory(final long position) {
        return window != null && window.stillContains(position);
    }

    @Override
    public MemorySegment view(final long position, final long length) {
        return window.view(position, length);
    }

    @Override
    public boolean prepareMemory() {
        return window != null && window.populateNext();
    }

    private void readFile(final long position, final MemorySegment target) throws IOException {
        final long length = target.byteSize();
        final long first = Math.min(length, geometry.areaLength() - position % geometry.areaLength());
        device.readFully(geometry.fileOffset(position), target.asSlice(0, first));
        if (first < length) {
            device.readFully(Superblock.AREA_OFFSET, target.asSlice(first));
        }
    }
}
