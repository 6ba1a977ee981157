package io.varve.lsvd.rescue;

import io.varve.linux.LinuxFile;
import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.format.ExtentEntry;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.RescueHeader;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.format.Superblock.EpochClaim;
import io.varve.lsvd.format.Superblock.Tail;
import io.varve.lsvd.log.DeviceLogSource;
import io.varve.lsvd.log.LogDevice;
import io.varve.lsvd.log.LogGeometry;
import io.varve.lsvd.log.LogInUseException;
import io.varve.lsvd.log.LogReader;
import io.varve.lsvd.log.LogSuperblock;
import io.varve.lsvd.log.RingLogDevice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;

/** A local log that no daemon has open, to be looked at and saved from; locked while it is open here. Waits for the disk. */
public final class LocalLog implements AutoCloseable {
    private final LogDevice device;
    private final Superblock superblock;

    /**
     * Records that say something of the volume.
     *
     * @param records  their number.
     * @param bytes    their length, headers included.
     * @param isDamaged whether the log holds more that had been made durable and is not readable.
     */
    public record Unsent(long records, long bytes, boolean isDamaged) {}

    @FunctionalInterface
    private interface Sink {
        void accept(MemorySegment record) throws IOException;
    }

    /** Is given what records say of the volume, in their order. */
    public interface Changes {
        /**
         * Data was written.
         *
         * @param offset in the volume, in bytes.
         * @param data   whole blocks, native; valid until this returns.
         */
        void written(long offset, MemorySegment data) throws IOException;

        /** A range was discarded; in bytes. */
        void discarded(long offset, long length) throws IOException;
    }

    private LocalLog(final LogDevice device, final Superblock superblock) {
        this.device = device;
        this.superblock = superblock;
    }

    /**
     * Opens and locks a log.
     *
     * @throws LogInUseException when a daemon has it open.
     */
    public static LocalLog open(final Path file) throws IOException {
        final LogDevice device = RingLogDevice.open(file, null);
        if (device == null) {
            throw new LogInUseException(file.toString());
        }
        try {
            return new LocalLog(device, LogSuperblock.read(device).current());
        } catch (final IOException e) {
            device.close();
            throw e;
        }
    }

    /** Whose log it is. */
    public UUID volume() {
        return superblock.volume();
    }

    /** The epochs that its owner has tried to begin, oldest first. */
    public List<EpochClaim> claims() {
        return superblock.epochs();
    }

    /** Counts the records behind those that the store holds. */
    public Unsent count(final Tail storedEnd) throws IOException {
        return forEach(storedEnd, record -> {});
    }

    /** Tells what the records say that are behind those that the store holds. */
    public Unsent tell(final Tail storedEnd, final Changes changes) throws IOException {
        return forEach(storedEnd, bytes -> {
            final LogRecord record = new LogRecord(bytes).wrap(0);
            for (int i = 0, n = record.extentCount(); i < n; i++) {
                final long offset = record.extentBlock(i) << Blocks.SHIFT;
                final long length = (long) record.extentLength(i) << Blocks.SHIFT;
                if (record.extentKind(i) == ExtentEntry.TRIM) {
                    changes.discarded(offset, length);
                } else if (record.extentKind(i) == ExtentEntry.DATA) {
                    final long at = LogRecord.HEADER_LENGTH + ((long) record.extentDataBlock(i) << Blocks.SHIFT);
                    changes.written(offset, bytes.asSlice(at, length));
                }
            }
        });
    }

    /**
     * Saves the records behind those that the store holds. The file is there wholly or not at all, and durable.
     *
     * @throws FileAlreadyExistsException when there is such a file.
     */
    public Unsent save(final Tail storedEnd, final Path target) throws IOException {
        if (Files.exists(target)) {
            throw new FileAlreadyExistsException(target.toString());
        }
        final Path draft = target.resolveSibling(target.getFileName() + ".part");
        try (FileChannel channel = FileChannel.open(
                        draft,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING);
                Arena arena = Arena.ofConfined()) {
            channel.position(RescueHeader.LENGTH);
            final Unsent saved = forEach(storedEnd, record -> write(channel, record));
            final EpochClaim last = superblock.epochs().getLast();
            final MemorySegment header = arena.allocate(RescueHeader.LENGTH);
            new RescueHeader(volume(), last.epoch(), last.nonce(), storedEnd.sequence() - 1, saved.records, saved.bytes)
                    .encode(header);
            channel.position(0);
            write(channel, header);
            channel.force(true);
            Files.move(draft, target);
            LinuxFile.syncDirectory(target.toAbsolutePath().getParent());
            return saved;
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    @Override
    public void close() {
        device.close();
    }

    private Unsent forEach(final Tail storedEnd, final Sink sink) throws IOException {
        final LogGeometry geometry = new LogGeometry(superblock.areaLength(), superblock.windowLength());
        final long storedThrough = storedEnd.sequence() - 1;
        long records = 0;
        long bytes = 0;
        try (LogReader reader = new LogReader(new DeviceLogSource(geometry, device, null), volume())) {
            final Tail start = LogStanding.firstUnsent(superblock, storedEnd);
            boolean hasNext = begin(reader, start);
            if (!hasNext && !start.equals(superblock.tail())) {
                hasNext = begin(reader, superblock.tail());
            }
            for (; hasNext; hasNext = reader.next()) {
                if (reader.record().sequence() > storedThrough
                        && reader.record().extentCount() > 0) {
                    records++;
                    bytes += reader.record().length();
                    sink.accept(reader.recordBytes());
                }
            }
            final long missing = reader.end().sequence();
            final long proven = reader.provenDurableBehindEnd();
            final boolean isDamaged = reader.unreadable() != null
                    || proven >= missing && proven > storedThrough
                    || isCutOff(storedThrough);
            return new Unsent(records, bytes, isDamaged);
        }
    }

    private boolean begin(final LogReader reader, final Tail start) throws IOException {
        reader.begin(start, start.position() + superblock.areaLength());
        return reader.next();
    }

    /** Whether the store has lost records that the log has let go of, since they were there. */
    private boolean isCutOff(final long storedThrough) {
        return Math.min(superblock.seen().lastRecord(), superblock.tail().sequence() - 1) > storedThrough;
    }

    private static void write(final FileChannel channel, final MemorySegment bytes) throws IOException {
        final ByteBuffer buffer = bytes.asByteBuffer();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
