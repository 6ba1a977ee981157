package io.varve.testvms.powercut;

import io.varve.launcher.torture.DiskHistory;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a guest has left: the disk as it began, what was written to it, and what the client did meanwhile. In a
 * directory, so that a cut can be made again at any time.
 */
public final class Recording implements AutoCloseable {
    /** Bytes behind the file system, for marks. */
    private static final long MARKS_SIZE = 1 << 20;

    private static final String PROPERTIES = "recording.properties";
    private static final String FILE_SYSTEM = "file-system";
    private static final String SEED = "seed";

    private final Path directory;
    private final FileSystem fileSystem;
    private final long seed;
    private final WriteLog log;
    private final DiskHistory history;

    /** Where the writes are that belong to the file system: up to the index of each flush, and of the end. */
    private final List<Integer> boundaries = new ArrayList<>();

    private final List<Integer> markIndexes = new ArrayList<>();
    private final List<CutMark> marks = new ArrayList<>();
    private final CutNumbers numbers;

    private Recording(final Path directory, final FileSystem fileSystem, final long seed) throws IOException {
        this.directory = directory;
        this.fileSystem = fileSystem;
        this.seed = seed;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(history(directory)))) {
            history = DiskHistory.load(new DataInputStream(in));
        }
        log = WriteLog.open(log(directory));
        boundaries.add(0);
        final SortedSet<Integer> marked = new TreeSet<>();
        for (int i = 0; i < log.entries().size(); i++) {
            final WriteLog.Entry entry = log.entries().get(i);
            if (entry.isFlush()) {
                boundaries.add(i + 1);
            } else if (isMark(entry)) {
                markIndexes.add(i);
                marks.add(CutMark.decode(log.data(entry)));
                marked.add(boundaries.size() - 1);
            }
        }
        numbers = new CutNumbers(boundaries.size(), List.copyOf(marked));
        checkMarks();
    }

    /** Prepares a directory: the disk is there as the guest is to find it, all else is empty. */
    public static void begin(final Path directory, final FileSystem fileSystem, final long seed) throws IOException {
        final Properties properties = new Properties();
        properties.setProperty(FILE_SYSTEM, fileSystem.name());
        properties.setProperty(SEED, Long.toString(seed));
        try (var out = Files.newBufferedWriter(directory.resolve(PROPERTIES))) {
            properties.store(out, null);
        }
        Files.createFile(log(directory));
    }

    /** Opens what a guest has left. */
    public static Recording open(final Path directory) throws IOException {
        final Properties properties = new Properties();
        try (var in = Files.newBufferedReader(directory.resolve(PROPERTIES))) {
            properties.load(in);
        }
        return new Recording(
                directory,
                FileSystem.valueOf(properties.getProperty(FILE_SYSTEM)),
                Long.parseLong(properties.getProperty(SEED)));
    }

    /** Bytes of the recorded disk. */
    public static long diskSize() {
        return FileSystem.SIZE + MARKS_SIZE;
    }

    /** Bytes of it that the file system has. */
    public static long fileSystemSize() {
        return FileSystem.SIZE;
    }

    /** Where on it the marks are. */
    public static long marksAt() {
        return FileSystem.SIZE;
    }

    /** The disk as the guest finds it. */
    public static Path base(final Path directory) {
        return directory.resolve("base.img");
    }

    /** What QEMU records. */
    public static Path log(final Path directory) {
        return directory.resolve("writes.log");
    }

    /** The disk on which the client leaves its history. */
    public static Path history(final Path directory) {
        return directory.resolve("history.img");
    }

    /** Marks come in their order and without a gap, or the recording is not what the client did. */
    private void checkMarks() throws IOException {
        for (int i = 0; i < marks.size(); i++) {
            if (marks.get(i).number() != i) {
                throw new IOException("mark " + i + " is missing in " + log(directory));
            }
        }
        if (marks.isEmpty() || marks.getLast().phase() != CutMark.Phase.STORED) {
            throw new IOException(log(directory) + " ends before the client did");
        }
    }

    boolean isMark(final WriteLog.Entry entry) {
        return !entry.isFlush() && entry.offset() >= marksAt();
    }

    Path directory() {
        return directory;
    }

    /** What the disk holds. */
    public FileSystem fileSystem() {
        return fileSystem;
    }

    /** That of the guest's load and of all cuts. */
    public long seed() {
        return seed;
    }

    WriteLog log() {
        return log;
    }

    DiskHistory history() {
        return history;
    }

    /** The numbers of its cuts. */
    public CutNumbers numbers() {
        return numbers;
    }

    /** The first entry behind a flush, or the first of all. */
    int boundary(final int number) {
        return boundaries.get(number);
    }

    /** The entry of the flush that comes next, or the end. */
    int intervalEnd(final int number) {
        return number + 1 < boundaries.size()
                ? boundaries.get(number + 1) - 1
                : log.entries().size();
    }

    /** The newest mark that was written before an entry: all that the client had been told by then at the least. */
    CutMark markBefore(final int index) {
        CutMark newest = CutMark.NONE;
        for (int i = 0; i < marks.size() && markIndexes.get(i) < index; i++) {
            newest = marks.get(i);
        }
        return newest;
    }

    /** The place right behind the newest mark in front of an entry, if there is one behind a start; else the entry. */
    int behindMark(final int start, final int end) {
        for (int i = end - 1; i >= start; i--) {
            if (isMark(log.entries().get(i))) {
                return i + 1;
            }
        }
        return end;
    }

    @Override
    public void close() throws IOException {
        log.close();
    }

    @Override
    public String toString() {
        return log.entries().size() + " writes and flushes, " + boundaries.size() + " flush boundaries, " + marks.size()
                + " marks in " + numbers.marked().size() + " of the stretches between, " + history.operationCount()
                + " writes and discards of the client";
    }
}
