package io.varve.benchmarks;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Measures what a daemon takes of the machine whose guests are all asleep. */
@Command(
        name = "idle",
        description = "What a daemon with several volumes takes of a processor and of memory while none of its guests"
                + " does anything.",
        mixinStandardHelpOptions = true)
public final class IdleBench implements Callable<Integer> {
    private static final int WRONG_USE = 2;

    /** As many as a daemon takes. */
    private static final int MOST_VOLUMES = 64;

    private static final int BLOCK = 4096;

    @Mixin
    private BenchPlace at;

    @Option(names = "--volumes", defaultValue = "10", description = "Each with a guest (${DEFAULT-VALUE}).")
    private int volumes;

    @Option(
            names = "--seconds",
            defaultValue = "30",
            description = "How long to measure, after as long a rest (${DEFAULT-VALUE}).")
    private int seconds;

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (volumes < 1 || volumes > MOST_VOLUMES || seconds < 1) {
            System.err.println("bench: there are 1 to " + MOST_VOLUMES + " volumes, and seconds are at least 1");
            return WRONG_USE;
        }
        final Path place = at.make("idle-");
        final Process daemon = new ProcessBuilder(
                        BenchPlace.varve().toString(),
                        "daemon",
                        "--control=" + control(place),
                        "--store=" + StoreAddress.in(place).url(),
                        "--cache=" + place.resolve("cache"),
                        "--cache-size=64M",
                        "--read-cache-size=64M")
                .redirectError(place.resolve("varve.log").toFile())
                .start();
        try (BufferedReader said = daemon.inputReader()) {
            if (said.readLine() == null) {
                throw new IOException("varve daemon ended: " + Files.readString(place.resolve("varve.log")));
            }
            measure(place, daemon);
        } finally {
            Contender.end(daemon);
        }
        return 0;
    }

    private static Path control(final Path place) {
        return place.resolve("control.sock");
    }

    private void measure(final Path place, final Process daemon) throws IOException, InterruptedException {
        final Deque<FrontEnd> guests = new ArrayDeque<>();
        try {
            for (int i = 0; i < volumes; i++) {
                guests.push(attach(place, "idle" + i));
            }
            TimeUnit.SECONDS.sleep(seconds);
            final long cpuNs = Contender.cpuNs(daemon);
            final long startNs = System.nanoTime();
            TimeUnit.SECONDS.sleep(seconds);
            out.printf(
                    Locale.ROOT,
                    "%d volumes, each with a guest that does nothing: %.2f %% of a processor, %d MiB resident%n",
                    volumes,
                    (Contender.cpuNs(daemon) - cpuNs) * 100.0 / (System.nanoTime() - startNs),
                    Contender.residentMib(daemon));
        } finally {
            guests.forEach(FrontEnd::close);
        }
    }

    /** A guest that has written a block, and has it flushed, so that there was something to do for all of a volume's threads. */
    private static FrontEnd attach(final Path place, final String volume) throws IOException, InterruptedException {
        varve(
                place,
                "volume",
                "create",
                volume,
                "--size=1G",
                "--store=" + StoreAddress.in(place).url());
        final Path socket = place.resolve(volume + ".sock");
        varve(place, "attach", volume, "--socket-path=" + socket, "--control=" + control(place));
        final FrontEnd guest = FrontEnd.started(socket, FrontEndOptions.DEFAULT);
        for (final BlkRequest request : new BlkRequest[] {BlkRequest.write(0, new byte[BLOCK]), BlkRequest.flush()}) {
            if (guest.run(request).status() != BlkRequest.OK) {
                throw new IOException("failed: " + request);
            }
        }
        return guest;
    }

    private static void varve(final Path place, final String... arguments) throws IOException, InterruptedException {
        final ProcessBuilder builder = new ProcessBuilder(arguments);
        builder.command().addFirst(BenchPlace.varve().toString());
        final Path log = place.resolve("command.log");
        if (builder.redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start()
                        .waitFor()
                != 0) {
            throw new IOException(String.join(" ", builder.command()) + ": "
                    + Files.readString(log).strip());
        }
    }
}
