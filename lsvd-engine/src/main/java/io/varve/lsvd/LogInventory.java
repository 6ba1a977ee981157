package io.varve.lsvd;

import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.format.Superblock.Tail;
import io.varve.lsvd.history.HistoryException;
import io.varve.lsvd.history.HistoryReader;
import io.varve.lsvd.log.DirectoryLogStore;
import io.varve.lsvd.log.LogInUseException;
import io.varve.lsvd.log.LogSuperblock;
import io.varve.lsvd.rescue.LocalLog;
import io.varve.lsvd.rescue.LocalLog.Unsent;
import io.varve.lsvd.rescue.LogStanding;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The local logs under a cache directory, and how they stand to a store. For any thread that may wait. */
public final class LogInventory {
    private static final long STORE_TIMEOUT_MS = 60_000;

    private final Path cacheDirectory;
    private final StoreClient store;

    /** What a log is to its volume. */
    public enum State {
        /** A daemon has it open: nothing more is known. */
        IN_USE,
        /** The next start on this host goes on with it. */
        CURRENT,
        /** Someone else has opened the volume since: it is never replayed. */
        SUPERSEDED,
        /** The store knows nothing of its volume. */
        UNKNOWN,
        /** Whoever made it was killed before it was whole; the next start on this host takes its place. */
        UNFINISHED,
        /** It can't be read. */
        DAMAGED
    }

    /**
     * A log.
     *
     * @param file          where it is.
     * @param volume        whose it is.
     * @param epoch         the newest epoch that its owner has begun or tried to, or -1 when the log can't be read.
     * @param sizeBytes     length of the file.
     * @param state         what it is to its volume.
     * @param unsentRecords records that the store lacks, or, of an {@link State#UNKNOWN} log, all that it has; -1 when that is not
     *                      known.
     * @param unsentBytes   their length, headers included; -1 when that is not known.
     */
    public record Entry(
            Path file, UUID volume, long epoch, long sizeBytes, State state, long unsentRecords, long unsentBytes) {}

    /** Makes an inventory. */
    public LogInventory(final Path cacheDirectory, final ObjectStore store) {
        this.cacheDirectory = cacheDirectory;
        this.store = new StoreClient(store, new SystemRuntime(), STORE_TIMEOUT_MS);
    }

    /** All logs: each volume's own, then those that were set aside. */
    public List<Entry> list() throws VolumeException {
        final List<Entry> entries = new ArrayList<>();
        try {
            for (final Path file : DirectoryLogStore.list(cacheDirectory)) {
                describe(file).ifPresent(entries::add);
            }
        } catch (final IOException e) {
            throw new VolumeException("cannot look at the logs in " + cacheDirectory + ": " + e.getMessage(), e);
        }
        return entries;
    }

    /**
     * Saves the records of a log that the store lacks to a file (docs/rescue.md). The log stays as it is.
     *
     * @return what was saved.
     * @throws VolumeException when the log can't be read, has nothing to save, or the file can't be written or exists.
     */
    public Unsent rescue(final Path file, final Path target) throws VolumeException {
        try (LocalLog log = LocalLog.open(file)) {
            final LogStanding standing = standing(log);
            final Tail storedEnd = storedEnd(standing);
            if (log.count(storedEnd).records() == 0) {
                throw new VolumeException(
                        VolumeException.Kind.NOT_FOUND,
                        "nothing to rescue: the store has everything that is in " + file);
            }
            return log.save(storedEnd, target);
        } catch (final FileAlreadyExistsException e) {
            throw new VolumeException(VolumeException.Kind.EXISTS, target + " exists already", e);
        } catch (final IOException e) {
            throw new VolumeException("cannot save from " + file + " to " + target + ": " + e.getMessage(), e);
        }
    }

    /**
     * The epoch that came behind a log's own.
     *
     * @throws VolumeException when nobody has opened the volume since, so that the log still counts, or the log can't be read.
     */
    public long successorOf(final Path file) throws VolumeException {
        try (LocalLog log = LocalLog.open(file)) {
            final LogStanding standing = standing(log);
            if (standing == null || !standing.isSuperseded() || standing.epoch() < 0) {
                throw new VolumeException(
                        VolumeException.Kind.INVALID,
                        "the volume was not opened elsewhere since " + file
                                + " was written: serve it here, and it has all of it");
            }
            return standing.epoch() + 1;
        } catch (final IOException e) {
            throw new VolumeException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** Tells what a log says that the store lacks. */
    public Unsent tell(final Path file, final LocalLog.Changes changes) throws VolumeException {
        try (LocalLog log = LocalLog.open(file)) {
            final LogStanding standing = standing(log);
            return log.tell(storedEnd(standing), changes);
        } catch (final IOException e) {
            throw new VolumeException("cannot rescue what is in " + file + ": " + e.getMessage(), e);
        }
    }

    /** Empty when the file has gone since it was listed. */
    private Optional<Entry> describe(final Path file) throws IOException {
        final UUID volume = UUID.fromString(file.getParent().getFileName().toString());
        final long size;
        try {
            size = Files.size(file);
        } catch (final NoSuchFileException e) {
            return Optional.empty();
        }
        if (DirectoryLogStore.isDraft(file)) {
            final State state = DirectoryLogStore.isInUse(file) ? State.IN_USE : State.UNFINISHED;
            return Optional.of(new Entry(file, volume, -1, size, state, -1, -1));
        }
        try (LocalLog log = LocalLog.open(file)) {
            final LogStanding standing = standing(log);
            final Unsent unsent = log.count(storedEnd(standing));
            final State state =
                    standing == null ? State.UNKNOWN : standing.isSuperseded() ? State.SUPERSEDED : State.CURRENT;
            final long epoch = log.claims().getLast().epoch();
            return Optional.of(new Entry(file, volume, epoch, size, state, unsent.records(), unsent.bytes()));
        } catch (final LogInUseException e) {
            return Optional.of(new Entry(file, volume, -1, size, State.IN_USE, -1, -1));
        } catch (final FormatException e) {
            return Optional.of(new Entry(file, volume, -1, size, State.DAMAGED, -1, -1));
        }
    }

    private static Tail storedEnd(final LogStanding standing) {
        return standing == null ? new Tail(0, LogRecord.FIRST_SEQUENCE, 0) : standing.storedEnd();
    }

    /**
     * What the log of a volume under a cache directory knows, whether a daemon has it open or not.
     *
     * @return null when there is none that can be read.
     */
    public static Superblock superblock(final Path cacheDirectory, final UUID volume) {
        final DirectoryLogStore log = new DirectoryLogStore(cacheDirectory, volume, null);
        try {
            return log.exists() ? LogSuperblock.peek(Path.of(log.name())) : null;
        } catch (final IOException e) {
            return null;
        }
    }

    /** Null when the store has no epoch of the volume: it was removed, or is another store's. */
    private LogStanding standing(final LocalLog log) throws IOException {
        try {
            return LogStanding.of(new HistoryReader(store, log.volume()), log.claims());
        } catch (final HistoryException e) {
            return null;
        }
    }
}
