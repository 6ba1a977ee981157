package io.varve.testvms.powercut;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The writes and flushes of a disk, as QEMU's {@code blklogwrites} records them: in the format of the kernel's
 * dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst). An entry is added when the operation is
 * done and before the guest is told, so whatever the guest knew to be done when it submitted an operation stands
 * before that.
 */
final class WriteLog implements AutoCloseable {
    private static final long MAGIC = 0x6a73_6677_7368_72L;
    private static final long VERSION = 1;
    private static final int SUPERBLOCK_SIZE = 28;
    private static final int ENTRY_SIZE = 32;
    private static final int MAX_SECTOR_SIZE = 65536;
    private static final int FLUSH = 1;
    private static final int DURABLE = 1 << 1;
    private static final int DISCARD = 1 << 2;

    private final FileChannel channel;
    private final List<Entry> entries = new ArrayList<>();

    /**
     * An operation.
     *
     * @param offset    where on the disk, in bytes.
     * @param length    in bytes.
     * @param dataAt    where in the file its data begins.
     * @param isFlush   whether it makes durable what was written before.
     * @param isDurable whether what it writes is durable with it.
     * @param isDiscard whether it has no data.
     */
    record Entry(long offset, long length, long dataAt, boolean isFlush, boolean isDurable, boolean isDiscard) {}

    private WriteLog(final FileChannel channel) {
        this.channel = channel;
    }

    /** Opens a recording that is complete. */
    static WriteLog open(final Path file) throws IOException {
        final WriteLog log = new WriteLog(FileChannel.open(file, StandardOpenOption.READ));
        try {
            log.readEntries(file);
        } catch (final IOException | RuntimeException e) {
            log.close();
            throw e;
        }
        return log;
    }

    private void readEntries(final Path file) throws IOException {
        final ByteBuffer superblock = read(0, SUPERBLOCK_SIZE);
        final int sectorSize = superblock.getInt(24);
        if (superblock.getLong(0) != MAGIC
                || superblock.getLong(8) != VERSION
                || sectorSize < ENTRY_SIZE
                || sectorSize > MAX_SECTOR_SIZE) {
            throw new IOException(file + " is no log of writes");
        }
        long at = sectorSize;
        for (long left = superblock.getLong(16); left > 0; left--) {
            final ByteBuffer header = read(at, ENTRY_SIZE);
            final long length = header.getLong(8) * sectorSize;
            final long flags = header.getLong(16);
            final boolean isDiscard = (flags & DISCARD) != 0;
            at += sectorSize;
            entries.add(new Entry(
                    header.getLong(0) * sectorSize,
                    length,
                    at,
                    (flags & FLUSH) != 0,
                    (flags & DURABLE) != 0,
                    isDiscard));
            at += isDiscard ? 0 : length;
        }
    }

    /** In the order in which they were done. */
    List<Entry> entries() {
        return entries;
    }

    /** The data of an operation. */
    ByteBuffer data(final Entry entry) throws IOException {
        return read(entry.dataAt, (int) entry.length);
    }

    /** Does an operation, or a part of it, again on a disk. */
    void replay(final Entry entry, final long from, final long length, final FileChannel disk) throws IOException {
        // What a disk holds that was discarded is anything: here what was there before.
        for (long done = 0; !entry.isDiscard && done < length; ) {
            disk.position(entry.offset + from + done);
            final long moved = channel.transferTo(entry.dataAt + from + done, length - done, disk);
            if (moved <= 0) {
                throw new EOFException("the log of writes ends too early");
            }
            done += moved;
        }
    }

    private ByteBuffer read(final long at, final int length) throws IOException {
        final ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, at + buffer.position()) < 0) {
                throw new EOFException("the log of writes ends too early");
            }
        }
        return buffer.flip();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
