package io.varve.benchmarks;

import io.varve.s3.FaultyProxy;
import io.varve.s3.RgwServer;
import io.varve.s3.S3Server;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Measures a volume whose data is not in the local log: reads of the same data from the store and from the read cache, and writes while garbage
 * is collected. One client, one queue; a run of each workload after the other, as a Markdown table. What is in a
 * directory is likely to be in the machine's memory: a store over a network is slower by its round trip.
 */
@Command(
        name = "store",
        description =
                "Measures a Varve volume by itself: reads from the store and from the read cache, writes while garbage is"
                        + " collected.",
        mixinStandardHelpOptions = true)
public final class StoreBench implements Callable<Integer> {
    private static final int WRONG_USE = 2;
    private static final int MOST_LATENCY_MS = 10_000;
    private static final long SPAN = 512L << 20;
    private static final long LOG = 1L << 30;
    private static final long COLLECTED_LOG = 256L << 20;
    private static final List<String> NO_CACHE = List.of("--read-cache-size", "0");
    private static final List<Workload> READS = Workload.ALL.stream()
            .filter(workload -> !workload.writes()
                    && workload.queues() == 1
                    && !workload.name().startsWith("aged"))
            .toList();
    private static final Workload WRITE = new Workload("rand-write-qd32", 4 << 10, 32, 100, 0, false);
    private static final Workload ALL = new Workload("all", 1 << 20, 4, 0, 0, true);

    @Option(
            names = "--rgw",
            description = "Keep objects in Ceph's gateway, which is started for it, not in a directory.")
    private boolean isRgw;

    @Option(
            names = "--latency",
            paramLabel = "MS",
            defaultValue = "0",
            description = "Hold back each of its answers by so much (${DEFAULT-VALUE}).")
    private int latencyMs;

    @Option(names = "--seconds", defaultValue = "8", description = "Length of a run (${DEFAULT-VALUE}).")
    private int seconds;

    @Mixin
    private BenchPlace at;

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (latencyMs < 0 || latencyMs > MOST_LATENCY_MS || latencyMs > 0 && !isRgw || seconds < 1) {
            System.err.println(
                    "bench: --latency is at most " + MOST_LATENCY_MS + ", and of --rgw only; --seconds is at least 1");
            return WRONG_USE;
        }
        if (isRgw && !RgwServer.isAvailable()) {
            return WRONG_USE;
        }
        final Path place = at.make("store-");
        try (Gateway gateway = isRgw ? Gateway.open(latencyMs) : null) {
            run(place, gateway == null ? StoreAddress.in(place) : gateway.address());
        }
        return 0;
    }

    private void run(final Path place, final StoreAddress store) throws IOException, InterruptedException {
        out.println("| from | workload | per second | p50 | p99 | CPU each |");
        out.println("|---|---|---|---|---|---|");
        try (Varve volume = Varve.start(place, store, SPAN, LOG, NO_CACHE)) {
            fill(volume);
        }
        try (Varve volume = Varve.again(place, store, LOG, NO_CACHE)) {
            reads(volume, "store, no cache");
        }
        try (Varve volume = Varve.again(place, store, LOG, List.of("--read-cache-size", "64M"))) {
            reads(volume, "store, through a full cache of 64M");
        }
        final List<String> cache = List.of("--read-cache-size", "1G");
        try (Varve volume = Varve.again(place, store, LOG, cache)) {
            Client.run(volume, ALL, SPAN, SPAN / ALL.blockSize(), Long.MAX_VALUE / 2, 2);
            volume.settle(TimeUnit.SECONDS.toNanos(seconds));
            reads(volume, "cache");
        }
        try (Varve volume = Varve.again(place, store, LOG, cache)) {
            reads(volume, "cache, after a restart");
        }
        writes(place, store, "writes, nothing collected", "100");
        writes(place, store, "writes, collected to 1.3 of the disk", "1.3");
    }

    /** With a log that is small, and full before: what it takes in is what goes to the store. */
    private void writes(final Path place, final StoreAddress store, final String what, final String gcSpace)
            throws IOException, InterruptedException {
        final Path own = Files.createDirectory(place.resolve("gc-" + gcSpace));
        final List<String> options = new ArrayList<>(NO_CACHE);
        options.addAll(List.of("--gc-space", gcSpace));
        try (Varve volume = Varve.start(own, store.under("gc-" + gcSpace), SPAN, COLLECTED_LOG, options)) {
            fill(volume);
            final long twice = 2 * SPAN / WRITE.blockSize();
            Client.run(volume, WRITE, SPAN, twice, Long.MAX_VALUE / 2, 4);
            measure(volume, what, WRITE);
        }
    }

    private void fill(final Varve volume) throws IOException, InterruptedException {
        Client.run(volume, Workload.FILL, SPAN, SPAN / Workload.FILL.blockSize(), Long.MAX_VALUE / 2, 1);
        volume.settle(TimeUnit.MINUTES.toNanos(1));
    }

    private void reads(final Varve volume, final String from) throws IOException {
        for (final Workload workload : READS) {
            measure(volume, from, workload);
        }
    }

    private void measure(final Varve volume, final String what, final Workload workload) throws IOException {
        final Measurement result =
                Client.run(volume, workload, SPAN, Long.MAX_VALUE, TimeUnit.SECONDS.toNanos(seconds), 3);
        out.printf(
                Locale.ROOT,
                "| %s | %s | %,.0f | %.0f us | %.0f us | %.1f us |%n",
                what,
                workload.name(),
                result.requestsPerSecond(),
                result.latencyUs(50),
                result.latencyUs(99),
                result.cpuUsPerRequest());
    }

    /** The gateway, with a way to it that takes its time. */
    private record Gateway(StoreAddress address, FaultyProxy proxy) implements AutoCloseable {
        static Gateway open(final int latencyMs) throws IOException, InterruptedException {
            final S3Server server = RgwServer.get().server();
            final FaultyProxy proxy = latencyMs == 0 ? null : new FaultyProxy(server.endpoint());
            if (proxy != null) {
                proxy.latency(Duration.ofMillis(latencyMs));
            }
            final Map<String, String> environment = Map.of(
                    "AWS_ENDPOINT_URL_S3",
                    proxy == null ? server.endpoint() : proxy.endpoint(),
                    "AWS_REGION",
                    "us-east-1",
                    "AWS_ACCESS_KEY_ID",
                    server.accessKey(),
                    "AWS_SECRET_ACCESS_KEY",
                    server.secretKey());
            return new Gateway(new StoreAddress("s3://" + server.bucket() + "/bench", environment), proxy);
        }

        @Override
        public void close() throws IOException {
            if (proxy != null) {
                proxy.close();
            }
        }
    }
}
