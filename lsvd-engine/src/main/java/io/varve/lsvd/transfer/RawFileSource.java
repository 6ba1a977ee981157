package io.varve.lsvd.transfer;

import io.varve.linux.LinuxFile;
import io.varve.lsvd.format.Blocks;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** The contents of a raw image in a file, but for its holes. */
public final class RawFileSource implements ChangeSource {
    private final LinuxFile file;
    private final long size;
    private volatile long position;

    /** Opens a file. */
    public RawFileSource(final Path path) throws IOException {
        file = LinuxFile.open(path, LinuxFile.O_RDONLY);
        size = file.size();
    }

    /** Size of the disk in bytes: the file's, and what is missing to a whole sector. */
    public long diskSize() {
        return Blocks.alignToSector(size);
    }

    /** How far it has come, in bytes of the disk. */
    public long position() {
        return position;
    }

    @Override
    public Change next(final MemorySegment target) throws IOException {
        final long data = position >= size ? -1 : file.seekData(position);
        if (data < 0) {
            position = size;
            return null;
        }
        final long start = data & -Blocks.SIZE;
        final long end = Math.min(Blocks.align(file.seekHole(data)), start + target.byteSize());
        final long count = file.pread(target.address(), end - start, start);
        if (count == 0) {
            return null;
        }
        final long length = Blocks.align(count);
        target.asSlice(count, length - count).fill((byte) 0);
        position = start + length;
        return new Change(Kind.DATA, start, length);
    }

    @Override
    public void close() {
        file.close();
    }
}
