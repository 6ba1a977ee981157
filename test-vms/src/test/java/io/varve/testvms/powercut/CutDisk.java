package io.varve.testvms.powercut;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Makes the disk as a cut has left it. Cuts come in the order of their boundaries; one thread. */
final class CutDisk implements AutoCloseable {
    private final Recording recording;
    private final Path durable;
    private final Path image;
    private final FileChannel durableChannel;
    private int done;

    /** Works in a directory, best one in memory. */
    CutDisk(final Recording recording, final Path scratch) throws IOException, InterruptedException {
        this.recording = recording;
        durable = scratch.resolve("durable.img");
        image = scratch.resolve("cut.img");
        copy(Recording.base(recording.directory()), durable);
        durableChannel = FileChannel.open(durable, StandardOpenOption.WRITE);
    }

    /** The disk after a cut: a file that may be changed, and is there until the next one. */
    Path make(final Cut cut) throws IOException, InterruptedException {
        final int boundary = recording.boundary(cut.boundary());
        if (boundary < done) {
            throw new IllegalArgumentException(cut + " comes before what is done already");
        }
        for (; done < boundary; done++) {
            final WriteLog.Entry entry = recording.log().entries().get(done);
            if (!recording.isMark(entry)) {
                recording.log().replay(entry, 0, entry.length(), durableChannel);
            }
        }
        copy(durable, image);
        try (FileChannel channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
            for (final Cut.Piece piece : cut.kept()) {
                recording.log().replay(piece.entry(), piece.from(), piece.length(), channel);
            }
        }
        return image;
    }

    /** Copies a file with the holes in it. */
    static void copy(final Path from, final Path to) throws IOException, InterruptedException {
        Commands.run("cp", "--sparse=always", from.toString(), to.toString());
    }

    @Override
    public void close() throws IOException {
        durableChannel.close();
        Files.deleteIfExists(durable);
        Files.deleteIfExists(image);
    }
}
