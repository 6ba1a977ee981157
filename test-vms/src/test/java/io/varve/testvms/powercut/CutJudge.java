package io.varve.testvms.powercut;

import io.varve.launcher.torture.DiskHistory;
import io.varve.launcher.torture.Operation;
import io.varve.lsvd.VolumeException;
import io.varve.testvms.powercut.CutMark.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Judges cuts of a recording: the file system comes back, the volume opens, and holds all that the client had been
 * told was flushed, at a cut of its history, no block torn; and it can be written, and opened again. One thread.
 */
public final class CutJudge implements AutoCloseable {
    private static final int LATER_WRITES = 40;
    private static final int MAX_SECTORS = 64;

    private final Recording recording;
    private final int ignored;
    private final Path scratch;
    private final CutDisk disk;
    private int judged;
    private int withoutVolume;
    private int stored;
    private final long startNs = System.nanoTime();
    private long makingNs;
    private final Set<CutMark> marks = new HashSet<>();

    /**
     * Judges a recording.
     *
     * @param scratch a directory for images, best one in memory; its contents are deleted.
     * @param ignored how many flushes before the cut the disk has ignored: 0, but to see that it is found.
     */
    public CutJudge(final Recording recording, final Path scratch, final int ignored)
            throws IOException, InterruptedException {
        this.recording = recording;
        this.scratch = scratch;
        this.ignored = ignored;
        Files.createDirectories(mountPoint());
        disk = new CutDisk(recording, scratch);
    }

    /**
     * Judges a cut; they have to come in the order of their intervals.
     *
     * @throws AssertionError when something is wrong. The image is then kept beside the recording.
     */
    public void judge(final int number) throws IOException, InterruptedException {
        final Cut cut = Cut.of(recording, number, ignored);
        final CutMark mark = recording.markBefore(cut.end());
        final long makeNs = System.nanoTime();
        final Path image = disk.make(cut);
        makingNs += System.nanoTime() - makeNs;
        marks.add(mark);
        try {
            judge(image, cut, mark);
        } catch (final AssertionError | IOException | RuntimeException e) {
            final Path kept = recording.directory().resolve("cut-" + number + ".img");
            CutDisk.copy(disk.make(cut), kept);
            throw new AssertionError(
                    cut + ", with " + mark + ": " + e.getMessage() + "; the disk is kept as " + kept, e);
        }
        judged++;
    }

    private void judge(final Path image, final Cut cut, final CutMark mark) throws IOException, InterruptedException {
        final Mount mount = new Mount(recording.fileSystem(), image, mountPoint());
        try (mount) {
            final Path cache = mountPoint().resolve("cache");
            if (mark.phase() == Phase.STORED) {
                // The store alone has to do.
                stored++;
                deleteTree(cache);
            }
            judge(mountPoint().resolve("store"), cache, cut, mark);
        }
    }

    private void judge(final Path store, final Path cache, final Cut cut, final CutMark mark) throws IOException {
        final DiskHistory later;
        try (CutVolume volume = CutVolume.open(store, cache)) {
            final long[] seen = volume.readAll();
            recording.history().check(seen, mark.time(), "after the cut");
            later = recording.history().fork(seen);
            writeMore(volume, later, cut);
        } catch (final VolumeException e) {
            if (mark.phase() != Phase.BEGUN) {
                throw new AssertionError("the volume does not open: " + e.getMessage(), e);
            }
            withoutVolume++;
            return;
        }
        try (CutVolume volume = CutVolume.open(store, cache)) {
            later.check(volume.readAll(), later.now(), "after the cut, more writes and a kill");
        } catch (final VolumeException e) {
            throw new AssertionError("the volume does not open a second time: " + e.getMessage(), e);
        }
    }

    private static void writeMore(final CutVolume volume, final DiskHistory history, final Cut cut) {
        final Random random = new Random(cut.number());
        for (int i = 0; i < LATER_WRITES; i++) {
            final int count = 1 + random.nextInt(MAX_SECTORS);
            final Operation operation = history.submitWrite(random.nextInt(history.sectors() - count + 1), count);
            volume.write(operation.sector(), operation.count(), operation.stamp());
            history.complete(operation);
        }
        volume.flush();
    }

    private Path mountPoint() {
        return scratch.resolve("mnt");
    }

    private static void deleteTree(final Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> files = Files.walk(root)) {
            for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** What there was, in figures. */
    public String figures() {
        return "%d cuts, %d of them before there was a volume, %d with the store alone, behind %d different marks; %d ms a cut, of which %d to make the disk"
                .formatted(
                        judged,
                        withoutVolume,
                        stored,
                        marks.size(),
                        msOfEach(System.nanoTime() - startNs),
                        msOfEach(makingNs));
    }

    private long msOfEach(final long ns) {
        return TimeUnit.NANOSECONDS.toMillis(ns) / Math.max(1, judged);
    }

    @Override
    public void close() throws IOException {
        disk.close();
        deleteTree(scratch);
    }
}
