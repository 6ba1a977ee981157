package io.varve.testvms.powercut;

import io.varve.launcher.cli.Main;
import io.varve.launcher.config.Environment;
import io.varve.launcher.serve.VarveProcess;
import io.varve.launcher.torture.DiskHistory;
import io.varve.launcher.torture.TortureClient;
import io.varve.linux.ErrnoException;
import io.varve.linux.LinuxFile;
import io.varve.testvms.powercut.CutMark.Phase;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Runs in the guest: creates a volume on the recorded disk, has a daemon serve it, and is its client. Whenever it has
 * been told that something is safe it writes a {@link CutMark} to the end of the same disk. Leaves the history of
 * what it did on another disk.
 */
final class GuestLoad implements AutoCloseable {
    /** Sectors of the volume. */
    static final int SECTORS = 16 << 11;

    private static final Path HOME = Path.of("/tmp/home");
    private static final Path SOCKET = HOME.resolve("socket");
    private static final long SLICE_NS = TimeUnit.MILLISECONDS.toNanos(700);
    private static final long PATIENCE_MS = TimeUnit.MINUTES.toMillis(1);
    private static final int MAX_DEPTH = 16;

    /** Flushes in a hundred requests, in turn: each that is answered is a mark, behind which a cut has something new to judge. */
    private static final int[] FLUSH_PERCENT = {5, 30, 60};

    /** For so much the recorded disk has room, whatever garbage there is. */
    private static final long MAX_BYTES = 400L << 20;

    private final Map<String, String> options;
    private final Path directory;
    private final String storeUrl;
    private final Random random;
    private final DiskHistory history = new DiskHistory(SECTORS);
    private final LinuxFile marks;
    private final long marksAt;
    private final ByteBuffer markBytes =
            ByteBuffer.allocateDirect(2 * CutMark.SIZE).alignedSlice(CutMark.SIZE);
    private long markCount;
    private long markedTime;
    private VarveProcess serve;
    private TortureClient client;

    private GuestLoad(final Map<String, String> options) throws IOException {
        this.options = options;
        directory = Path.of(options.get("--directory"));
        storeUrl = "file://" + directory.resolve("store");
        random = new Random(Long.parseLong(options.get("--seed")));
        marks = LinuxFile.open(Path.of(options.get("--marks")), LinuxFile.O_WRONLY | LinuxFile.O_DIRECT);
        marksAt = Long.parseLong(options.get("--marks-at"));
        markBytes.limit(CutMark.SIZE);
    }

    public static void main(final String[] args) throws IOException, InterruptedException {
        final Map<String, String> options = new HashMap<>();
        for (int i = 0; i < args.length; i += 2) {
            options.put(args[i], args[i + 1]);
        }
        int status = 1;
        try (GuestLoad load = new GuestLoad(options)) {
            load.run();
            status = 0;
        } catch (final AssertionError | IOException | RuntimeException e) {
            // The console is all that the host sees of it.
            e.printStackTrace(System.out);
        }
        System.exit(status);
    }

    private void run() throws IOException, InterruptedException {
        Files.createDirectories(HOME);
        mark(Phase.BEGUN, 0);
        create();
        mark(Phase.CREATED, 0);
        start();
        client = new TortureClient(SOCKET, history, random);
        final int lives = Integer.parseInt(options.get("--lives"));
        for (int life = 1; life <= lives; life++) {
            loadFor(Long.parseLong(options.get("--seconds")));
            if (life == lives || life % 2 == 0) {
                end();
            } else {
                serve.kill();
            }
            say(client.completed() + " requests, " + (client.bytesWritten() >> 20) + " MiB written, " + markCount
                    + " marks");
            if (life < lives) {
                // From now on there is an epoch again that not all of is in the store.
                mark(Phase.FLUSHED, markedTime);
                start();
                client.reconnect();
            }
        }
        save();
    }

    private void create() {
        final Environment environment = new Environment(Map.of("HOME", HOME.toString(), "VARVE_CONFIG", "/dev/null"));
        final PrintWriter out = new PrintWriter(System.out, true);
        final int status = Main.run(
                new String[] {"volume", "create", "data", "--size", SECTORS / 2048 + "M", "--store", storeUrl},
                environment,
                out,
                out);
        if (status != 0) {
            throw new AssertionError("no volume: " + status);
        }
    }

    private void start() throws IOException, InterruptedException {
        serve = VarveProcess.start(
                HOME,
                List.of(
                        "env",
                        "JAVA_TOOL_OPTIONS=-Xmx192m" + (options.containsKey("--threads") ? " -Dvarve.io=threads" : "")),
                "serve",
                "data",
                "--socket-path",
                SOCKET.toString(),
                "--cache",
                directory.resolve("cache").toString(),
                "--cache-size",
                "32M",
                "--store",
                storeUrl);
        serve.awaitOut(line -> line.contains(" is ready "));
        say("the daemon is ready");
    }

    /** Ends the daemon, which puts everything into the store. */
    private void end() throws IOException, InterruptedException {
        client.settle();
        if (!client.flush(PATIENCE_MS)) {
            throw new AssertionError("a flush did not come back");
        }
        markFlushed();
        serve.signal("TERM");
        if (serve.awaitExit() != 0 || !serve.out().endsWith("ended, everything is in the store\n")) {
            throw new AssertionError("the daemon did not end well: " + serve.describe());
        }
        mark(Phase.STORED, markedTime);
    }

    private void loadFor(final long seconds) throws IOException {
        final long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (System.nanoTime() - endNs < 0 && client.bytesWritten() < MAX_BYTES) {
            final long sliceEndNs = System.nanoTime() + SLICE_NS;
            client.flushPercent(FLUSH_PERCENT[random.nextInt(FLUSH_PERCENT.length)]);
            client.depth(1 + random.nextInt(MAX_DEPTH)).run(() -> {
                markFlushed();
                return System.nanoTime() - sliceEndNs >= 0;
            });
            client.settle();
        }
    }

    private void markFlushed() {
        if (client.flushedTime() > markedTime) {
            mark(Phase.FLUSHED, client.flushedTime());
        }
    }

    private void mark(final Phase phase, final long time) {
        markedTime = time;
        new CutMark(markCount++, phase, time).encode(markBytes);
        try {
            marks.pwrite(MemorySegment.ofBuffer(markBytes).address(), CutMark.SIZE, marksAt);
        } catch (final ErrnoException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void save() throws IOException {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        history.save(new DataOutputStream(bytes));
        try (FileChannel to = FileChannel.open(Path.of(options.get("--history")), StandardOpenOption.WRITE)) {
            final ByteBuffer buffer = ByteBuffer.wrap(bytes.toByteArray());
            while (buffer.hasRemaining()) {
                to.write(buffer);
            }
            to.force(true);
        }
    }

    private static void say(final String what) {
        System.out.println("\n@@ value load=" + what);
    }

    @Override
    public void close() throws IOException {
        if (client != null) {
            client.close();
        }
        if (serve != null) {
            say(serve.err());
            serve.close();
        }
        marks.close();
    }
}
