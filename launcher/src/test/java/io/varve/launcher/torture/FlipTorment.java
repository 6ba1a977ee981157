package io.varve.launcher.torture;

import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * One bit is flipped anywhere in the store or in the log of a killed daemon, or of one that serves. Then the volume is refused
 * with one line that names what is damaged, and opens whole once the bit is back; or it is served, and every read is right or
 * fails with a line that names what is damaged. What had been flushed is never missing in silence.
 */
final class FlipTorment extends Torment {
    private static final int LOG_MAGIC = 0x5256_5256;
    private static final int BLOCK = 4096;
    /** What makes the log go round, and be reused. */
    static final long MUCH = 80 << 20;

    private static final int FULL_MS = 500;
    private static final int SUPERBLOCKS = 2 * BLOCK;

    private final long maxStored;
    private Path pristine;
    private DiskHistory history;
    private long flushedTime;
    private List<Long> logHeaders;
    private int missingAtBest;
    private long flips;
    private long harmless;
    private long failedReads;
    private long cuts;
    private final Map<String, Integer> refusals = new TreeMap<>();

    /** One bit of one file. */
    private record Flip(Path file, long position, int bit) {
        void apply() throws IOException {
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.SYNC)) {
                final ByteBuffer one = ByteBuffer.allocate(1);
                channel.read(one, position);
                one.put(0, (byte) (one.get(0) ^ 1 << bit));
                channel.write(one.rewind(), position);
            }
        }
    }

    /** Prepares; at most so many bytes are stored before what is unsent. */
    FlipTorment(final Path directory, final StorePlace place, final long maxStored) {
        super(directory, place);
        this.maxStored = maxStored;
    }

    @Override
    String name() {
        return "flip";
    }

    @Override
    void onNewRig() {
        pristine = null;
    }

    @Override
    void round(final Random random) throws IOException, InterruptedException {
        final Rig rig = rig();
        if (pristine == null) {
            prepare(rig, random);
        }
        Rig.deleteTree(rig.cache());
        Rig.deleteTree(rig.store().objects());
        Rig.copyTree(pristine.resolve("cache"), rig.cache());
        Rig.copyTree(pristine.resolve("objects"), rig.store().objects());
        final Flip flip = choose(rig, random);
        flips++;
        try {
            if (random.nextInt(4) == 0) {
                flipUnderADaemon(rig, flip, random);
            } else {
                flip.apply();
                open(rig, flip, random);
            }
        } catch (final AssertionError e) {
            throw new AssertionError(flip + ": " + e.getMessage(), e);
        }
    }

    /** Makes a volume with objects, a checkpoint, two epochs, and a log of which only a part is in the store. */
    private void prepare(final Rig rig, final Random random) throws IOException, InterruptedException {
        history = new DiskHistory(Rig.SECTORS);
        try (VarveProcess serve = rig.serve()) {
            try (TortureClient client = new TortureClient(rig.socket(), history, random)) {
                client.run(() -> client.bytesWritten() > 8 << 20);
                client.settle();
            }
            Rig.end(serve);
        }
        try (VarveProcess serve = rig.serve();
                TortureClient client = new TortureClient(rig.socket(), history, random)) {
            final long stored = random.nextLong(1 << 20, maxStored);
            client.run(() -> client.bytesWritten() > stored);
            client.settle();
            final long objects = objects(rig).size();
            client.run(() -> objects(rig).size() > objects);
            if (random.nextBoolean()) {
                fillTheLog(rig, client);
            }
            final long unsent = client.bytesWritten() + (4 << 20);
            client.run(() -> client.bytesWritten() > unsent);
            client.settle();
            if (!client.flush(10_000)) {
                throw new AssertionError("a flush did not come back");
            }
            flushedTime = client.flushedTime();
            final long unflushed = client.bytesWritten() + random.nextInt(1 << 20);
            client.flushPercent(0).run(() -> client.bytesWritten() > unflushed);
            serve.kill();
            client.reapAll();
        }
        pristine = rig.home().resolve("pristine");
        Rig.copyTree(rig.cache(), pristine.resolve("cache"));
        Rig.copyTree(rig.store().objects(), pristine.resolve("objects"));
        logHeaders = findLogHeaders(log(pristine.resolve("cache")));
        missingAtBest = expectWhole(rig, random);
    }

    /** An outage until nothing moves any more: then the log is reused as fast as it becomes free. */
    private static void fillTheLog(final Rig rig, final TortureClient client) throws IOException, InterruptedException {
        client.settle();
        rig.store().takeAway();
        client.load(TortureClient.Load.LOCAL);
        long completed;
        do {
            completed = client.completed();
            client.runFor(FULL_MS);
        } while (client.completed() > completed);
        rig.store().bringBack();
        client.load(TortureClient.Load.ANY);
    }

    private static List<Path> objects(final Rig rig) {
        try (Stream<Path> files = Files.walk(rig.store().objects())) {
            return files.filter(file -> Files.isRegularFile(file)
                            && !file.startsWith(rig.store().objects().resolve(".tmp")))
                    .sorted()
                    .toList();
        } catch (final IOException | java.io.UncheckedIOException e) {
            return List.of();
        }
    }

    private static Path log(final Path cache) throws IOException {
        try (Stream<Path> files = Files.walk(cache)) {
            return files.filter(file -> file.endsWith("log")).findAny().orElseThrow();
        }
    }

    private static List<Long> findLogHeaders(final Path log) throws IOException {
        final List<Long> found = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(log)) {
            final ByteBuffer magic = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
            for (long at = SUPERBLOCKS; at < channel.size(); at += BLOCK) {
                channel.read(magic.clear(), at);
                if (magic.getInt(0) == LOG_MAGIC) {
                    found.add(at);
                }
            }
        }
        if (found.isEmpty()) {
            throw new AssertionError("no record in " + log);
        }
        return found;
    }

    private Flip choose(final Rig rig, final Random random) throws IOException {
        final int bit = random.nextInt(8);
        if (random.nextBoolean()) {
            final Path log = log(rig.cache());
            final long end = logHeaders.getLast() + BLOCK;
            final long position = switch (random.nextInt(4)) {
                case 0 -> (long) random.nextInt(2) * BLOCK + random.nextInt(128);
                case 1 -> logHeaders.get(random.nextInt(logHeaders.size())) + random.nextInt(256);
                default -> random.nextLong(SUPERBLOCKS, end);
            };
            return new Flip(log, position, bit);
        }
        final List<Path> objects = objects(rig);
        final Path object = objects.get(random.nextInt(objects.size()));
        final long size = Files.size(object);
        final long least = random.nextBoolean() ? Math.min(size, 512) : size;
        return new Flip(object, random.nextLong(least), bit);
    }

    private void open(final Rig rig, final Flip flip, final Random random) throws IOException, InterruptedException {
        try (VarveProcess serve = rig.startServe(rig.socket(), rig.cache())) {
            if (serve.awaitEndOr(line -> line.contains(" is ready "))) {
                expectRightOrNamed(rig, serve, flip, random);
                serve.kill();
                return;
            }
            final int status = serve.awaitExit();
            final List<String> lines = serve.err().lines().toList();
            if (status != 2 || lines.isEmpty() || !lines.getLast().startsWith("varve: ")) {
                throw new AssertionError("ended with status " + status + ": " + serve.out() + serve.err());
            }
            expectNamed(rig, serve, flip);
            refusals.merge(withoutNumbers(lines.getLast()), 1, Integer::sum);
            if (lines.getLast().contains("--accept-data-loss")) {
                openWithLoss(rig, random);
                return;
            }
        }
        flip.apply();
        expectWhole(rig, random);
    }

    private void expectRightOrNamed(final Rig rig, final VarveProcess serve, final Flip flip, final Random random)
            throws IOException, InterruptedException {
        try (TortureClient client = new TortureClient(rig.socket(), history, random).expectErrors()) {
            final long[] seen = client.readAll();
            final int missing = history.check(seen, flushedTime, "after a flip");
            if (client.errors() > 0) {
                failedReads++;
                expectNamed(rig, serve, flip);
            } else if (missing > missingAtBest) {
                cuts++;
            } else {
                harmless++;
            }
            expectNoStackTrace(serve);
        }
    }

    private void flipUnderADaemon(final Rig rig, final Flip flip, final Random random)
            throws IOException, InterruptedException {
        try (VarveProcess serve = rig.serve()) {
            flip.apply();
            expectRightOrNamed(rig, serve, flip, random);
            serve.kill();
        }
    }

    private void openWithLoss(final Rig rig, final Random random) throws IOException, InterruptedException {
        try (VarveProcess serve = rig.serve("--accept-data-loss");
                TortureClient client = new TortureClient(rig.socket(), history, random)) {
            history.check(client.readAll(), 0, "with data loss accepted");
            serve.kill();
        }
    }

    /** Nothing that completed is missing; says how much of what had not is. */
    private int expectWhole(final Rig rig, final Random random) throws IOException, InterruptedException {
        try (VarveProcess serve = rig.serve();
                TortureClient client = new TortureClient(rig.socket(), history, random)) {
            final int missing = history.check(client.readAll(), history.now(), "with no bit flipped");
            serve.kill();
            return missing;
        }
    }

    private static void expectNamed(final Rig rig, final VarveProcess serve, final Flip flip) {
        expectNoStackTrace(serve);
        final Path objects = rig.store().objects();
        final String name =
                flip.file.startsWith(objects) ? objects.relativize(flip.file).toString() : "log";
        if (!serve.err().contains(name)) {
            throw new AssertionError("what is damaged, " + name + ", is not named: " + serve.err());
        }
    }

    private static void expectNoStackTrace(final VarveProcess serve) {
        if (serve.err().contains("\tat ") || serve.err().contains("internal error")) {
            throw new AssertionError("a stack trace or an internal error: " + serve.err());
        }
    }

    private static String withoutNumbers(final String line) {
        return line.replaceAll("/\\S*/", "…/")
                .replaceAll("[0-9a-f]{8}-[0-9a-f-]+", "UUID")
                .replaceAll("[0-9]+", "N");
    }

    @Override
    String figures() {
        return flips + " bits flipped: " + harmless + " without effect, " + cuts + " cut off what was not flushed, "
                + failedReads + " found by reads, the rest refused";
    }

    @Override
    String details() {
        final StringBuilder text = new StringBuilder();
        refusals.forEach((line, count) ->
                text.append("\n    ").append(count).append(" x ").append(line));
        return text.toString();
    }
}
