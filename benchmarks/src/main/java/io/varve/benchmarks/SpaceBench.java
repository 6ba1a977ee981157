package io.varve.benchmarks;

import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.gc.SpaceStats;
import io.varve.lsvd.store.DirectoryStore;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes at random over a volume that an engine in this process serves from a directory, and tells what that cost. */
@Command(
        name = "space",
        description = "Writes blocks of 4 KiB at random over a volume that an engine in this process serves from a"
                + " directory, and tells what garbage collection made of them.",
        mixinStandardHelpOptions = true)
public final class SpaceBench implements Callable<Integer> {
    private static final int WRONG_USE = 2;
    private static final long MIB = 1L << 20;
    private static final double MS = 1e6;
    private static final GcPolicy OFF = new GcPolicy(1000, 0.95, 0);

    @Mixin
    private BenchPlace at;

    @Option(names = "--size", defaultValue = "1024", description = "MiB of the disk (${DEFAULT-VALUE}).")
    private int sizeMib;

    @Option(names = "--write", defaultValue = "5120", description = "MiB to write (${DEFAULT-VALUE}).")
    private long writeMib;

    @Option(names = "--log", defaultValue = "512", description = "MiB of the local log (${DEFAULT-VALUE}).")
    private long logMib;

    @Option(names = "--distribution", defaultValue = "uniform", description = "uniform, or such as zipf1.1.")
    private String distribution;

    @Option(names = "--depth", defaultValue = "64", description = "Writes in flight (${DEFAULT-VALUE}).")
    private int depth;

    @Option(
            names = "--rate",
            defaultValue = "0",
            description = "Writes a second, or 0 for as many as go (${DEFAULT-VALUE}).")
    private long rate;

    @Option(names = "--gc-space", description = "As of varve serve.")
    private Double space;

    @Option(names = "--no-gc", description = "Collect nothing.")
    private boolean isGcOff;

    @Option(names = "--fill", description = "Write the whole disk in order before anything is counted.")
    private boolean isFilled;

    @Option(
            names = "--snapshots",
            defaultValue = "0",
            description = "Snapshots to take meanwhile; each stays (${DEFAULT-VALUE}).")
    private int snapshots;

    @Option(names = "--seed", defaultValue = "1", description = "Of the blocks (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--log-directory", description = "As --directory, for the log alone.")
    private Path logDirectory;

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws Exception {
        final Distribution blocks;
        try {
            blocks = Distribution.of(distribution, (int) (sizeMib * MIB / Writer.BLOCK));
        } catch (final IllegalArgumentException e) {
            System.err.println("bench: " + e.getMessage());
            return WRONG_USE;
        }
        final Path place = at.make("space-");
        final Path logPlace =
                logDirectory == null ? place : BenchPlace.make(Files.createDirectories(logDirectory), "space-");
        try (CountedStore store = new CountedStore(DirectoryStore.open(place.resolve("store"), true))) {
            new VolumeCatalog(store).create("disk", sizeMib * MIB);
            run(store, logPlace.resolve("cache"), blocks);
        }
        return 0;
    }

    private void run(final CountedStore store, final Path cache, final Distribution blocks) throws Exception {
        final GcPolicy policy = isGcOff
                ? OFF
                : new GcPolicy(space == null ? GcPolicy.DEFAULT.space() : space, GcPolicy.DEFAULT.garbage(), 0);
        try (IoRing ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
                Volume volume = Volume.open(new VolumeContext()
                        .store(store)
                        .name("disk")
                        .cacheDirectory(cache)
                        .logSizeBytes(logMib * MIB)
                        .gcPolicy(policy)
                        .ring(ring));
                Mapping memory = Memory.allocate((long) depth * Writer.BLOCK)) {
            if (isFilled) {
                fill(ring, volume, memory);
            }
            final CountedStore.Figures before = store.figures();
            final Writer writer = new Writer(ring, volume, blocks, new Random(seed), depth, memory);
            final long count = writeMib * MIB / Writer.BLOCK;
            if (snapshots > 0) {
                writer.takeSnapshots(Math.max(1, count / snapshots));
            }
            final long startNs = System.nanoTime();
            final long clientNs = writer.write(count, rate);
            writer.await(volume::isStored);
            final long allNs = System.nanoTime() - startNs;
            final CountedStore.Figures stored = store.figures();
            volume.shutdown();
            writer.await(volume::isShutDown);
            tell(store.figures(), stored, before, volume.stats().space(), count, clientNs, allNs);
            tell("latency", writer.latencyNs());
            if (snapshots > 0) {
                tell(
                        writer.snapshotNs().getTotalCount() + " snapshots, each durable in the log after,",
                        writer.snapshotNs());
            }
        }
    }

    private void fill(final IoRing ring, final Volume volume, final Mapping memory) throws IOException {
        final int[] next = new int[1];
        final Writer filler = new Writer(ring, volume, r -> next[0]++, new Random(seed), depth, memory);
        filler.write(sizeMib * MIB / Writer.BLOCK, 0);
        filler.await(volume::isStored);
    }

    private void tell(
            final CountedStore.Figures after,
            final CountedStore.Figures stored,
            final CountedStore.Figures before,
            final SpaceStats stats,
            final long count,
            final long clientNs,
            final long allNs) {
        final double written = (double) count * Writer.BLOCK;
        final double size = (double) sizeMib * MIB;
        final long bytesPut = after.bytesPut() - before.bytesPut();
        out.printf(
                Locale.ROOT,
                "%s, %d MiB over %d MiB, log %d MiB, collection %s%n",
                distribution,
                writeMib,
                sizeMib,
                logMib,
                isGcOff ? "off" : "on");
        out.printf(
                Locale.ROOT,
                "write amplification %.3f: clients' data %.3f, collected %.3f, checkpoints %.4f%n",
                bytesPut / written,
                (bytesPut - stats.collectedBytes() - stats.checkpointBytes()) / written,
                stats.collectedBytes() / written,
                stats.checkpointBytes() / written);
        out.printf(
                Locale.ROOT,
                "store at most %.3f of the disk, %.3f at the end; %d puts, %.0f writes a put%n",
                stored.mostBytes() / size,
                after.bytes() / size,
                after.puts() - before.puts(),
                (double) count / (stored.puts() - before.puts()));
        out.printf(
                Locale.ROOT,
                "%.0f writes a second for %.1f s; all in the store after %.3f of that%n",
                count * 1e9 / clientNs,
                clientNs / 1e9,
                (double) allNs / clientNs);
    }

    private void tell(final String what, final Histogram ns) {
        out.printf(
                Locale.ROOT,
                "%s in ms: p50 %.3f, p99 %.3f, p99.9 %.3f, most %.1f%n",
                what,
                ns.getValueAtPercentile(50) / MS,
                ns.getValueAtPercentile(99) / MS,
                ns.getValueAtPercentile(99.9) / MS,
                ns.getMaxValue() / MS);
    }
}
