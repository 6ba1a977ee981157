package io.varve.testvms.blkio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;

/**
 * The client as a program. It verifies what earlier runs have left, as the model file tells, issues random requests
 * and keeps the model for the next run.
 *
 * <p>Exit status: 0 all as it should be; 1 the disk answered wrongly; 3 the daemon was lost, and the model tells which
 * requests were in flight.
 */
public final class BlkioClient {
    /** The daemon was lost. */
    public static final int EXIT_LOST = 3;

    private static final int EXIT_WRONG = 1;
    private static final int DEPTH = 32;
    /** The first read waits until the daemon has the volume. */
    private static final Duration READ_LIMIT = Duration.ofSeconds(20);

    private static final long USED_BYTES = 64L << 20;

    private BlkioClient() {}

    /**
     * Runs the client.
     *
     * @param args libblkio.so.1, socket, model file (made when it is missing), seed, number of requests, and for how
     *             many milliseconds one of them may be in flight.
     */
    public static void main(final String[] args) throws IOException {
        final Path modelFile = Path.of(args[2]);
        final int requests = Integer.parseInt(args[4]);
        final Duration limit = Duration.ofMillis(Long.parseLong(args[5]));
        // Not closed on an error: the process ends with it.
        final LibBlkio disk = new LibBlkio(Path.of(args[0]), Path.of(args[1]), RandomIo.bufferBytes(DEPTH));
        final DiskModel model = Files.exists(modelFile) ? DiskModel.load(modelFile) : newModel(disk);
        final RandomIo io = new RandomIo(disk, model, DEPTH);
        int status = 0;
        try {
            io.readEverything(READ_LIMIT);
            System.out.println("verified what was there: " + io.counts());
            io.run(
                    new SplittableRandom(Long.parseLong(args[3])),
                    requests,
                    limit,
                    () -> System.out.println("running: " + io.counts()));
            io.readEverything(READ_LIMIT);
            System.out.println("verified all: " + io.counts());
        } catch (final LibBlkio.TimeoutException e) {
            System.out.println("lost the daemon: " + e.getMessage() + ": " + io.counts());
            status = EXIT_LOST;
        } catch (final IOException e) {
            System.out.println("wrong: " + e.getMessage() + ": " + io.counts());
            status = EXIT_WRONG;
        }
        model.save(modelFile);
        if (status == 0) {
            disk.close();
        }
        System.exit(status);
    }

    private static DiskModel newModel(final LibBlkio disk) throws IOException {
        final int alignment = disk.intProperty("request-alignment");
        // Zero when the disk has no discards.
        final int blockSize = Math.max(alignment, disk.intProperty("discard-alignment"));
        final long used = Math.min(disk.longProperty("capacity"), USED_BYTES);
        System.out.println("capacity=" + disk.longProperty("capacity") + " request-alignment=" + alignment + " block="
                + blockSize + " used=" + used);
        return new DiskModel(blockSize, (int) (used / blockSize));
    }
}
