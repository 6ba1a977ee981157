package io.varve.launcher.torture;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.BlockStamps;
import io.varve.testsupport.DirtyBitmap;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.Histogram;

/**
 * A guest that does everything at random: writes and reads of 512 bytes to 256 KiB or more, discards, write-zeroes and flushes, on a few
 * queues, some in flight, never two on the same sector. Each sector written is stamped; each one read
 * is checked at once. One thread.
 */
public final class TortureClient implements AutoCloseable {
    /** Most requests in flight, where nothing else is said. */
    public static final int MAX_DEPTH = 32;

    /** Sectors of the largest request, where nothing else is said. */
    static final int MAX_SECTORS = 512;

    private static final int MAX_TRIM_SECTORS = 4096;
    private static final int SECTOR_SIZE = DiskHistory.SECTOR_SIZE;
    private static final byte[] EMPTY = {};
    private static final long TURN_NS = 2_000_000;
    private static final int SPINS = 100;
    private static final int FLUSH_PERCENT = 5;
    private static final int KINDS = 95;
    private static final int MAX_RECENT = 16;
    private static final long PATIENCE_MS = 60_000;

    private final FrontEnd frontEnd;
    private DirtyBitmap bitmap;
    private DiskHistory history;
    private final Random random;
    private final BlockStamps stamps = new BlockStamps(SECTOR_SIZE);
    private final byte[] sectorBytes = new byte[SECTOR_SIZE];
    private final int maxSectors;
    private final BitSet busy;
    private final Map<BlkRequest, Flight> flights = new IdentityHashMap<>();
    private final Deque<BlkRequest> idle = new ArrayDeque<>();
    private final Deque<Operation> recent = new ArrayDeque<>();
    private boolean isErrorExpected;
    private Load load = Load.ANY;
    private int flushPercent = FLUSH_PERCENT;
    private Framing framing = Framing.USUAL;
    private int depth = MAX_DEPTH;
    private long flushedTime;
    private long completed;
    private long errors;
    private long bytesWritten;
    private Histogram latencies;
    private long paceNs;
    private long nextSubmitNs;

    /** What is sent. */
    enum Load {
        /** Everything. */
        ANY,
        /** What needs no store: writes of whole blocks, and reads of what was written a short while ago. */
        LOCAL,
        /** Reads of what was written a short while ago. */
        RECENT_READS
    }

    /** A request in flight. */
    private record Flight(int kind, int sector, int count, Operation operation, long submitted) {}

    /** Connects to a daemon, with two queues. */
    public TortureClient(final Path socket, final DiskHistory history, final Random random) throws IOException {
        this(socket, history, random, FrontEndOptions.DEFAULT.withQueues(2, 64));
    }

    /** Connects to a daemon. */
    TortureClient(final Path socket, final DiskHistory history, final Random random, final FrontEndOptions options)
            throws IOException {
        this(socket, history, random, options, MAX_SECTORS);
    }

    /** Connects to a daemon, and sends requests of so many sectors at most. */
    TortureClient(
            final Path socket,
            final DiskHistory history,
            final Random random,
            final FrontEndOptions options,
            final int maxSectors)
            throws IOException {
        this.maxSectors = maxSectors;
        this.history = history;
        this.random = new Random(random.nextLong());
        busy = new BitSet(history.sectors());
        frontEnd = FrontEnd.started(socket, options.withMaxDataLength(maxSectors * SECTOR_SIZE));
        depth(MAX_DEPTH);
    }

    /** Connects to a daemon that has been started in place of the first one, with what is in flight. */
    public void reconnect() throws IOException {
        frontEnd.reconnect();
    }

    /** Has pages marked, as when a migration begins. */
    void startLogging() throws IOException {
        stopMarking();
        bitmap = DirtyBitmap.of(frontEnd.ram());
        frontEnd.startLogging(bitmap);
    }

    /** Has no pages marked any more. */
    void stopLogging() throws IOException {
        frontEnd.stopLogging();
        stopMarking();
    }

    private void stopMarking() {
        if (bitmap != null) {
            bitmap.close();
            bitmap = null;
        }
    }

    /** Stops the queues, of which nothing may be in flight. */
    void stop() throws IOException {
        frontEnd.stop();
    }

    /** Starts the queues again. */
    void resume() throws IOException {
        frontEnd.start();
    }

    /** Takes errors as answers from now on. */
    TortureClient expectErrors() {
        isErrorExpected = true;
        return this;
    }

    /** Sends other requests from now on. */
    TortureClient load(final Load newLoad) {
        load = newLoad;
        return this;
    }

    /** Sends so many flushes in a hundred requests. */
    public TortureClient flushPercent(final int percent) {
        flushPercent = percent;
        return this;
    }

    /** Cuts requests otherwise from now on. */
    TortureClient framing(final Framing newFraming) {
        framing = newFraming;
        return this;
    }

    /** Notes in a histogram, from now on, how long each request took, in nanoseconds. */
    TortureClient latencies(final Histogram target) {
        latencies = target;
        return this;
    }

    /** Submits at most so many requests a second, evenly, so that a machine that is not busy is measured; 0 for no such limit. */
    TortureClient pace(final int perSecond) {
        paceNs = perSecond == 0 ? 0 : TimeUnit.SECONDS.toNanos(1) / perSecond;
        nextSubmitNs = System.nanoTime();
        return this;
    }

    /** Sets how many requests are in flight. */
    public TortureClient depth(final int newDepth) {
        depth = newDepth;
        while (flights.size() + idle.size() < newDepth) {
            idle.add(BlkRequest.flush());
        }
        return this;
    }

    /** Keeps requests in flight until told to stop, and leaves them in flight. */
    public void run(final BooleanSupplier isOver) {
        while (!isOver.getAsBoolean()) {
            while (flights.size() < depth && isDue() && submitOne()) {
                nextSubmitNs += paceNs;
            }
            publish();
            reapOrWait();
        }
    }

    /** Keeps requests in flight for a while. */
    void runFor(final long ms) {
        final long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
        run(() -> System.nanoTime() - endNs >= 0);
    }

    /** Waits for what is in flight; false when the time is over. */
    boolean drain(final long ms) {
        final long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
        while (!flights.isEmpty() && System.nanoTime() - endNs < 0) {
            reapOrWait();
        }
        return flights.isEmpty();
    }

    /** Waits for what is in flight, which has to come back. */
    public void settle() {
        if (!drain(PATIENCE_MS)) {
            throw new AssertionError(flights.size() + " requests did not come back in " + PATIENCE_MS + " ms");
        }
    }

    /** Waits for a flush of its own; false when the time is over. */
    public boolean flush(final long ms) {
        submit(BlkRequest.FLUSH, 0, 0);
        publish();
        return drain(ms);
    }

    /** Takes what has come back, from a daemon that is dead. */
    void reapAll() {
        while (reap() > 0) {
            continue;
        }
    }

    /** Takes what is on the disk as the beginning of its history, whatever it is. */
    DiskHistory adopt() throws IOException {
        history = history.fork(readAll());
        return history;
    }

    /** Reads the whole disk: the stamp of each sector. */
    public long[] readAll() throws IOException {
        final long[] seen = new long[history.sectors()];
        final BlkRequest request = BlkRequest.flush();
        for (int sector = 0; sector < seen.length; ) {
            final int count = Math.min(maxSectors, seen.length - sector);
            frontEnd.run(request.set(BlkRequest.IN, sector, EMPTY, new byte[count * SECTOR_SIZE]));
            if (request.status() == BlkRequest.OK) {
                for (int i = 0; i < count; i++) {
                    seen[sector + i] = stampIn(request.in(), i, sector + i);
                }
            } else if (isErrorExpected) {
                errors++;
                Arrays.fill(seen, sector, sector + count, DiskHistory.UNREADABLE);
            } else {
                throw new AssertionError("failed: " + request);
            }
            sector += count;
        }
        return seen;
    }

    /** Requests that came back well. */
    public long completed() {
        return completed;
    }

    /** Requests that failed. */
    long errors() {
        return errors;
    }

    /** Bytes of completed writes. */
    public long bytesWritten() {
        return bytesWritten;
    }

    /** Requests in flight. */
    public int inFlight() {
        return flights.size();
    }

    /** Everything that completed before this time, by the history's clock, has been flushed. */
    public long flushedTime() {
        return flushedTime;
    }

    private boolean isDue() {
        if (paceNs == 0) {
            return true;
        }
        final long nowNs = System.nanoTime();
        // What was missed while requests waited is not made up for.
        nextSubmitNs = Math.max(nextSubmitNs, nowNs - paceNs);
        return nextSubmitNs <= nowNs;
    }

    private boolean submitOne() {
        if (load == Load.RECENT_READS || load == Load.LOCAL && random.nextInt(10) == 0) {
            return submitRecentRead();
        }
        if (load == Load.LOCAL) {
            final int count = DiskHistory.BLOCK_SECTORS << random.nextInt(6);
            final int sector = random.nextInt(history.sectors() / count) * count;
            return isFree(sector, count) && submit(BlkRequest.OUT, sector, count);
        }
        if (random.nextInt(100) < flushPercent) {
            return submit(BlkRequest.FLUSH, 0, 0);
        }
        final int dice = random.nextInt(KINDS);
        final int kind = dice < 15 ? BlkRequest.IN : dice < 87 ? BlkRequest.OUT : BlkRequest.DISCARD;
        final int most = kind == BlkRequest.DISCARD && random.nextInt(20) == 0 ? MAX_TRIM_SECTORS : maxSectors;
        final int count = 1 + random.nextInt(1 << random.nextInt(Integer.SIZE - Integer.numberOfLeadingZeros(most)));
        final int area = random.nextInt(3) == 0 ? Math.max(MAX_TRIM_SECTORS, 2 * count) : history.sectors();
        for (int tries = 0; tries < 20; tries++) {
            int sector = random.nextInt(area - count + 1);
            if (random.nextBoolean()) {
                sector -= sector % DiskHistory.BLOCK_SECTORS;
            }
            if (isFree(sector, count)) {
                return submit(kind == BlkRequest.DISCARD && dice >= 93 ? BlkRequest.WRITE_ZEROES : kind, sector, count);
            }
        }
        return false;
    }

    private boolean isFree(final int sector, final int count) {
        final int next = busy.nextSetBit(sector);
        return next < 0 || next >= sector + count;
    }

    private boolean submitRecentRead() {
        for (final Operation operation : recent) {
            if (isFree(operation.sector(), operation.count())) {
                recent.remove(operation);
                recent.add(operation);
                return submit(BlkRequest.IN, operation.sector(), operation.count());
            }
        }
        return false;
    }

    private boolean submit(final int kind, final int sector, final int count) {
        final BlkRequest request = idle.remove();
        final long submitted = history.now();
        Operation operation = null;
        switch (kind) {
            case BlkRequest.OUT -> {
                operation = history.submitWrite(sector, count);
                request.set(kind, sector, stamped(operation), EMPTY);
            }
            case BlkRequest.DISCARD, BlkRequest.WRITE_ZEROES -> {
                operation = history.submitTrim(sector, count);
                request.set(kind, 0, BlkRequest.segment(sector, count, 0), EMPTY);
            }
            case BlkRequest.IN -> request.set(kind, sector, EMPTY, new byte[count * SECTOR_SIZE]);
            default -> request.set(kind, 0, EMPTY, EMPTY);
        }
        busy.set(sector, sector + count);
        flights.put(request, new Flight(kind, sector, count, operation, submitted));
        if (!frontEnd.queue(random.nextInt(frontEnd.queueCount())).submit(request, framing)) {
            throw new IllegalStateException("a queue is full");
        }
        return true;
    }

    private byte[] stamped(final Operation operation) {
        final byte[] data = new byte[operation.count() * SECTOR_SIZE];
        for (int i = 0; i < operation.count(); i++) {
            stamps.stamp(sectorBytes, operation.sector() + i, operation.stamp());
            System.arraycopy(sectorBytes, 0, data, i * SECTOR_SIZE, SECTOR_SIZE);
        }
        return data;
    }

    private void publish() {
        for (int i = 0; i < frontEnd.queueCount(); i++) {
            frontEnd.queue(i).publish();
        }
    }

    private void reapOrWait() {
        for (int spin = 0; spin < SPINS; spin++) {
            if (reap() > 0) {
                return;
            }
            Thread.onSpinWait();
        }
        boolean isThere = false;
        for (int i = 0; i < frontEnd.queueCount(); i++) {
            isThere |= frontEnd.queue(i).wantCalls();
        }
        if (!isThere) {
            frontEnd.awaitCall(System.nanoTime() + TURN_NS);
        }
        reap();
    }

    private int reap() {
        int count = 0;
        for (int i = 0; i < frontEnd.queueCount(); i++) {
            for (BlkRequest request = frontEnd.queue(i).poll();
                    request != null;
                    request = frontEnd.queue(i).poll()) {
                finish(request, flights.remove(request));
                count++;
            }
        }
        return count;
    }

    private void finish(final BlkRequest request, final Flight flight) {
        busy.clear(flight.sector, flight.sector + flight.count);
        if (request.status() != BlkRequest.OK) {
            if (!isErrorExpected) {
                throw new AssertionError("failed: " + request);
            }
            errors++;
        } else {
            completed++;
            if (latencies != null) {
                latencies.recordValue(System.nanoTime() - request.submittedNs());
            }
            switch (flight.kind) {
                case BlkRequest.IN -> check(request, flight);
                case BlkRequest.FLUSH -> flushedTime = Math.max(flushedTime, flight.submitted);
                default -> {
                    history.complete(flight.operation);
                    bytesWritten += flight.operation.isTrim() ? 0 : (long) flight.count * SECTOR_SIZE;
                    recent.add(flight.operation);
                    if (recent.size() > MAX_RECENT) {
                        recent.remove();
                    }
                }
            }
        }
        idle.add(request);
    }

    private void check(final BlkRequest request, final Flight flight) {
        for (int i = 0; i < flight.count; i++) {
            final long stamp = stampIn(request.in(), i, flight.sector + i);
            if (stamp != history.latest(flight.sector + i)) {
                throw new AssertionError("sector " + (flight.sector + i) + " was read as " + stamp + " and holds "
                        + history.latest(flight.sector + i));
            }
        }
    }

    private long stampIn(final byte[] data, final int index, final int sector) {
        System.arraycopy(data, index * SECTOR_SIZE, sectorBytes, 0, SECTOR_SIZE);
        return stamps.generation(sectorBytes, sector);
    }

    /** Drops the connection, whatever is in flight. */
    @Override
    public void close() {
        frontEnd.close();
        stopMarking();
    }
}
