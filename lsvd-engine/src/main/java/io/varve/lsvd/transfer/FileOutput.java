package io.varve.lsvd.transfer;

import io.varve.linux.LinuxFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that has its name only when it is whole and durable: until then it is beside it, with {@value #DRAFT_SUFFIX} at its
 * end. Holes stay holes.
 */
public final class FileOutput implements SparseOutput, AutoCloseable {
    /** What the name ends with until the file is whole. */
    public static final String DRAFT_SUFFIX = ".part";

    private static final int MODE = 0666;

    private final Path path;
    private final Path draft;
    private final LinuxFile file;
    private boolean isFinished;

    private FileOutput(final Path path, final Path draft, final LinuxFile file) {
        this.path = path;
        this.draft = draft;
        this.file = file;
    }

    /**
     * Begins a file.
     *
     * @throws FileAlreadyExistsException when there is one of that name, or another is being written.
     */
    public static FileOutput create(final Path path) throws IOException {
        final Path draft = path.resolveSibling(path.getFileName() + DRAFT_SUFFIX);
        for (final Path taken : new Path[] {path, draft}) {
            if (Files.exists(taken)) {
                throw new FileAlreadyExistsException(taken.toString());
            }
        }
        return new FileOutput(
                path, draft, LinuxFile.open(draft, LinuxFile.O_WRONLY | LinuxFile.O_CREAT | LinuxFile.O_EXCL, MODE));
    }

    @Override
    public void put(final long offset, final MemorySegment bytes) throws IOException {
        file.pwrite(bytes.address(), bytes.byteSize(), offset);
    }

    @Override
    public void finish(final long length) throws IOException {
        file.ftruncate(length);
        file.fsync();
        LinuxFile.link(draft, path);
        isFinished = true;
        LinuxFile.unlink(draft);
        LinuxFile.syncDirectory(path.toAbsolutePath().getParent());
    }

    /** Closes the file, and removes it unless it is whole. */
    @Override
    public void close() throws IOException {
        file.close();
        if (!isFinished) {
            Files.deleteIfExists(draft);
        }
    }
}
