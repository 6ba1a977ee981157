package io.varve.benchmarks;

import io.varve.testsupport.FrontEnd;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures what a guest that writes feels of NBD clients that use the same volume. */
@Command(
        name = "beside",
        description = "What a guest that writes feels of NBD clients: of two that read the volume, and of a backup of a"
                + " snapshot of it.",
        mixinStandardHelpOptions = true)
public final class BesideBench implements Callable<Integer> {
    private static final int WRONG_USE = 2;
    private static final long DISK = 2L << 30;
    private static final long SPAN = 1L << 30;
    private static final long LOG = 4L << 30;
    private static final long WARM_UP_NS = TimeUnit.SECONDS.toNanos(8);
    private static final long SETTLE_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long HEAD_START_MS = 1000;
    private static final String CLIENT_LOG = "client.log";
    private static final String SNAPSHOT = "bench@monday";

    @Mixin
    private BenchPlace at;

    @Option(names = "--rounds", defaultValue = "5", description = "Runs of each (${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "4", description = "Length of a run (${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "NAME",
            defaultValue = "rand-write-qd1,rand-write-qd32",
            description = "What the guest does (${DEFAULT-VALUE}).")
    private List<String> only;

    @Option(
            names = "--rate",
            defaultValue = "0",
            description = "Requests a second of each reader, of 4 KiB; 0 for as many as it gets (${DEFAULT-VALUE}).")
    private int rate;

    @Option(
            names = "--store",
            paramLabel = "DIR",
            defaultValue = "/dev/shm",
            description = "Where objects go (${DEFAULT-VALUE}).")
    private Path storeDirectory;

    private final PrintStream out = System.out;

    /** Who is there beside the guest. */
    private enum Company {
        NOBODY("nobody") {
            @Override
            List<Process> come(final Path place, final int rate) {
                return List.of();
            }
        },
        READERS("two readers") {
            @Override
            List<Process> come(final Path place, final int rate) throws IOException {
                final List<Process> readers = new ArrayList<>();
                for (int i = 0; i < 2; i++) {
                    readers.add(start(
                            place.resolve(CLIENT_LOG),
                            "fio",
                            "--name=reader",
                            "--ioengine=nbd",
                            "--uri=nbd+unix:///?socket=" + volumeSocket(place),
                            "--rw=randread",
                            "--bs=4k",
                            "--size=" + SPAN,
                            "--norandommap",
                            "--time_based",
                            "--runtime=1h",
                            "--rate_iops=" + rate));
                }
                return readers;
            }
        },
        BACKUP("a backup") {
            @Override
            List<Process> come(final Path place, final int rate) throws IOException {
                final String copy = "nice nbdcopy 'nbd+unix:///?socket=" + snapshotSocket(place) + "' null:";
                return List.of(start(place.resolve(CLIENT_LOG), "sh", "-c", "while " + copy + "; do :; done"));
            }
        };

        private final String name;

        Company(final String name) {
            this.name = name;
        }

        /** Begins, and goes on until it is ended. */
        abstract List<Process> come(Path place, int rate) throws IOException;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        final List<Workload> workloads = Workload.ALL.stream()
                .filter(one -> only.contains(one.name()) && one.writes() && one.queues() == 1)
                .toList();
        if (rounds < 1 || seconds < 1 || rate < 0 || workloads.size() != only.size()) {
            System.err.println("bench: rounds and seconds are at least 1, and workloads write, such as rand-write-qd1");
            return WRONG_USE;
        }
        final Path place = at.make("beside-");
        final StoreAddress store = StoreAddress.in(BenchPlace.make(storeDirectory, "bench-"));
        try (Varve varve = Varve.start(place, store, DISK, LOG, List.of())) {
            for (long filled = 0; filled <= LOG; filled += SPAN) {
                Client.run(varve, Workload.FILL, SPAN, SPAN / Workload.FILL.blockSize(), Long.MAX_VALUE / 2, 1);
            }
        }
        makeSnapshot(place, store);
        try (Varve varve = Varve.again(place, store, LOG, List.of("--nbd", "unix:" + volumeSocket(place)))) {
            Client.run(varve, Workload.WARM_UP, SPAN, Long.MAX_VALUE, WARM_UP_NS, 2);
            varve.settle(SETTLE_NS);
            // The guest stays, so that it is the one that may write.
            try (FrontEnd guest = Client.frontEnd(varve.socket(), workloads.getFirst())) {
                guest.connect();
                guest.start();
                measure(varve, guest, workloads.getFirst(), seconds, 1);
                serveSnapshot(place, store);
                out.println(
                        "| the guest does | beside it | requests a second | p50, us | p99, us | p99, ratio to nobody"
                                + " |");
                out.println("|---|---|---|---|---|---|");
                for (final Workload workload : workloads) {
                    compare(place, varve, guest, workload);
                }
            }
        }
        return 0;
    }

    private static String cache(final Path place) {
        return place.resolve("cache").toString();
    }

    private static Path volumeSocket(final Path place) {
        return place.resolve("volume.nbd");
    }

    private static Path snapshotSocket(final Path place) {
        return place.resolve("snapshot.nbd");
    }

    private static void makeSnapshot(final Path place, final StoreAddress store)
            throws IOException, InterruptedException {
        final Path log = place.resolve("snapshot.log");
        final Process create = start(
                log,
                BenchPlace.varve().toString(),
                "snapshot",
                "create",
                SNAPSHOT,
                "--store",
                store.url(),
                "--cache",
                cache(place));
        if (create.waitFor() != 0) {
            throw new IOException(Files.readString(log).strip());
        }
    }

    /** As docs/nbd.md has it: a backup leaves processors and the read cache's disk to guests. */
    private static void serveSnapshot(final Path place, final StoreAddress store)
            throws IOException, InterruptedException {
        final Path log = place.resolve("snapshot.log");
        final Process daemon = start(
                log,
                "nice",
                BenchPlace.varve().toString(),
                "serve",
                SNAPSHOT,
                "--store",
                store.url(),
                "--cache",
                place.resolve("snapshot").toString(),
                "--nbd",
                "unix:" + snapshotSocket(place),
                "--read-cache-size",
                "0");
        while (!Files.exists(snapshotSocket(place))) {
            if (!daemon.isAlive()) {
                throw new IOException(Files.readString(log).strip());
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private static Process start(final Path log, final String... command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    private static Measurement measure(
            final Varve varve, final FrontEnd guest, final Workload workload, final int seconds, final long seed)
            throws IOException {
        return Client.run(varve, guest, workload, SPAN, TimeUnit.SECONDS.toNanos(seconds), seed);
    }

    /** Rounds of each company in turns, and a row of the table for each. */
    private void compare(final Path place, final Varve varve, final FrontEnd guest, final Workload workload)
            throws IOException, InterruptedException {
        final Map<Company, List<Measurement>> measured = new EnumMap<>(Company.class);
        for (int round = 0; round < rounds; round++) {
            for (final Company company : Company.values()) {
                varve.settle(SETTLE_NS);
                final List<Process> clients = company.come(place, rate);
                TimeUnit.MILLISECONDS.sleep(HEAD_START_MS);
                final Measurement one = measure(varve, guest, workload, seconds, round);
                for (final Process client : clients) {
                    if (!client.isAlive()) {
                        throw new IOException("a client has ended: "
                                + Files.readString(place.resolve(CLIENT_LOG)).strip());
                    }
                    client.descendants().forEach(ProcessHandle::destroy);
                    Contender.end(client);
                }
                measured.computeIfAbsent(company, any -> new ArrayList<>()).add(one);
            }
        }
        measured.forEach((company, of) -> out.printf(
                Locale.ROOT,
                "| %s | %s | %.0f | %.0f | %.0f | %.2f |%n",
                workload.name(),
                company.name,
                median(of, Measurement::requestsPerSecond),
                median(of, one -> one.latencyUs(50)),
                median(of, one -> one.latencyUs(99)),
                IntStream.range(0, rounds)
                        .mapToDouble(i -> of.get(i).latencyUs(99)
                                / measured.get(Company.NOBODY).get(i).latencyUs(99))
                        .sorted()
                        .skip(rounds / 2)
                        .findFirst()
                        .orElseThrow()));
    }

    private static double median(final List<Measurement> of, final ToDoubleFunction<Measurement> figure) {
        return of.stream()
                .mapToDouble(figure)
                .sorted()
                .skip(of.size() / 2)
                .findFirst()
                .orElseThrow();
    }
}
