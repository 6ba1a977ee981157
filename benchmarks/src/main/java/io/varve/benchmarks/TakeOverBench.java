package io.varve.benchmarks;

import io.varve.linux.IoRing;
import io.varve.linux.IoRings;
import io.varve.linux.Mapping;
import io.varve.linux.Memory;
import io.varve.lsvd.Volume;
import io.varve.lsvd.VolumeCatalog;
import io.varve.lsvd.VolumeContext;
import io.varve.lsvd.VolumeException;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Takes a volume over whose host is dead, again and again: each time on a host of its own, with a process that ends by SIGKILL
 * once it has answered a request.
 */
@Command(
        name = "takeover",
        description = "How long a takeover of a volume of many extents takes, until the first request is answered.",
        mixinStandardHelpOptions = true)
public final class TakeOverBench implements Callable<Integer> {
    private static final int WRONG_USE = 2;
    private static final String VOLUME = "disk";
    private static final long GIB = 1L << 30;
    private static final int DEPTH = 64;

    @Mixin
    private BenchPlace at;

    @Option(names = "--rounds", defaultValue = "5", description = "Takeovers of each kind (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--size", defaultValue = "10", description = "GiB of the disk (${DEFAULT-VALUE}).")
    private int sizeGib;

    @Option(names = "--extents", defaultValue = "1000000", description = "Of 4 KiB each (${DEFAULT-VALUE}).")
    private int extents;

    @Option(
            names = "--keep",
            description = "Keep the volume in benchmarks/target/bench, and take one that is there already.")
    private boolean isKept;

    @Option(names = "--varve-option", hidden = true, description = "Passed on to varve serve.")
    private List<String> varveOptions = List.of();

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws IOException, InterruptedException, VolumeException {
        if (rounds < 1 || sizeGib < 1 || extents < 1 || extents > sizeGib * GIB / Writer.BLOCK / 2) {
            System.err.println("bench: rounds and sizes are at least 1, and extents at most half of the disk's blocks");
            return WRONG_USE;
        }
        final Path place = at.directory().resolve("takeover-" + sizeGib + "-" + extents);
        if (!Files.exists(place.resolve("made"))) {
            if (Files.exists(place)) {
                BenchPlace.delete(place);
            }
            make(Files.createDirectories(place));
        }
        try {
            for (int round = 0; round < rounds; round++) {
                inAProcess(place);
            }
            for (int round = 0; round < rounds; round++) {
                here(place);
            }
        } finally {
            if (!isKept) {
                BenchPlace.delete(place);
            }
        }
        return 0;
    }

    private void make(final Path place) throws IOException, VolumeException {
        out.println("writing " + extents + " extents");
        final int[] blocks = new int[extents];
        final double step = (double) (sizeGib * GIB / Writer.BLOCK) / extents;
        final Random random = new Random(1);
        for (int i = 0; i < extents; i++) {
            final int j = random.nextInt(i + 1);
            blocks[i] = blocks[j];
            blocks[j] = (int) (i * step);
        }
        final int[] next = new int[1];
        try (ObjectStore store = DirectoryStore.open(place.resolve("store"), true)) {
            new VolumeCatalog(store).create(VOLUME, sizeGib * GIB);
            final Volume volume;
            try (IoRing ring = IoRings.open(IoRings.DEFAULT_ENTRIES);
                    Mapping memory = Memory.allocate((long) DEPTH * Writer.BLOCK)) {
                volume = Volume.open(context(store, place.resolve("first"), ring));
                final Writer writer = new Writer(ring, volume, r -> blocks[next[0]++], random, DEPTH, memory);
                writer.write(extents, 0);
                writer.await(volume::isStored);
            }
            volume.close();
        }
        BenchPlace.delete(place.resolve("first"));
        Files.createFile(place.resolve("made"));
    }

    private static VolumeContext context(final ObjectStore store, final Path cache, final IoRing ring) {
        return new VolumeContext()
                .store(store)
                .name(VOLUME)
                .cacheDirectory(cache)
                .logSizeBytes(GIB)
                .ring(ring);
    }

    /** From the process's start to the first answer. */
    private void inAProcess(final Path place) throws IOException, InterruptedException {
        final Path host = BenchPlace.make(place, "host-");
        final List<String> options = new ArrayList<>(varveOptions);
        options.add("--take-over");
        final long startNs = System.nanoTime();
        final Varve daemon = Varve.on(StoreAddress.in(place), VOLUME, host, GIB, options);
        final long readyNs = System.nanoTime();
        try (FrontEnd frontEnd = FrontEnd.started(daemon.socket(), FrontEndOptions.DEFAULT)) {
            if (frontEnd.run(BlkRequest.read(0, Writer.BLOCK)).status() != BlkRequest.OK) {
                throw new IOException("the first request failed");
            }
            tell("a process: ready after %.2f s, first request answered after %.2f s%n", startNs, readyNs);
        } finally {
            daemon.process().destroyForcibly().waitFor();
            BenchPlace.delete(host);
        }
    }

    private void tell(final String format, final long startNs, final long readyNs) {
        final double second = TimeUnit.SECONDS.toNanos(1);
        out.printf(Locale.ROOT, format, (readyNs - startNs) / second, (System.nanoTime() - startNs) / second);
    }

    /** The same in a JVM that runs already. */
    private void here(final Path place) throws IOException, VolumeException {
        final Path host = BenchPlace.make(place, "host-");
        try (ObjectStore store = DirectoryStore.open(place.resolve("store"), true)) {
            takeOver(store, host).close();
        } finally {
            BenchPlace.delete(host);
        }
    }

    private Volume takeOver(final ObjectStore store, final Path host) throws IOException, VolumeException {
        try (IoRing ring = IoRings.open(IoRings.DEFAULT_ENTRIES)) {
            final long startNs = System.nanoTime();
            final Volume volume = Volume.open(context(store, host, ring).takeOver(true));
            tell("in a JVM that runs: open after %.2f s%n", startNs, System.nanoTime());
            return volume;
        }
    }
}
