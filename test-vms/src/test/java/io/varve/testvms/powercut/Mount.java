package io.varve.testvms.powercut;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The file system of an image, mounted here: by being mounted it recovers from the cut. Needs root's rights. */
final class Mount implements AutoCloseable {
    private static final int MAX_TRIES = 1000;
    private static final int PAUSE_MS = 10;

    private final FileSystem fileSystem;
    private final Path directory;

    Mount(final FileSystem fileSystem, final Path image, final Path directory)
            throws IOException, InterruptedException {
        this.fileSystem = fileSystem;
        this.directory = directory;
        Commands.run("mount", "-t", fileSystem.id(), "-o", "loop", image.toString(), directory.toString());
    }

    /** Unmounts once nobody uses it any more: the store's threads may be at their last piece of work. */
    @Override
    public void close() throws IOException {
        try {
            for (int tries = 1; ; tries++) {
                try {
                    Commands.run("umount", directory.toString());
                    if (fileSystem == FileSystem.BTRFS) {
                        // It would remember the image, and refuse the next one, which is older.
                        Commands.run("btrfs", "device", "scan", "--forget");
                    }
                    return;
                } catch (final IOException e) {
                    if (tries == MAX_TRIES || !e.getMessage().contains("busy")) {
                        throw e;
                    }
                }
                TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
