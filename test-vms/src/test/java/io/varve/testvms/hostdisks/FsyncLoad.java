package io.varve.testvms.hostdisks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Writes files over and over, one after another, each durable before the next; knows what they must hold. */
final class FsyncLoad implements AutoCloseable {
    private static final int FILES = 100;
    private static final int MAX_SIZE = 96 << 10;
    private static final long LIMIT_S = 600;

    private final Path directory;
    private final Map<Integer, Integer> written = new HashMap<>();
    private final Thread thread = new Thread(this::run, "load");
    private volatile boolean isEnded;
    private int count;
    private IOException failure;

    /** Begins. */
    FsyncLoad(final Path directory) {
        this.directory = directory;
        thread.start();
    }

    private void run() {
        try {
            for (int i = 0; !isEnded; i++) {
                final ByteBuffer content = content(i);
                try (FileChannel file = FileChannel.open(
                        directory.resolve("f" + i % FILES),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
                    while (content.hasRemaining()) {
                        file.write(content);
                    }
                    file.force(true);
                }
                synchronized (this) {
                    written.put(i % FILES, i);
                    count++;
                    notifyAll();
                }
            }
        } catch (final IOException e) {
            synchronized (this) {
                failure = e;
                notifyAll();
            }
        }
    }

    private static ByteBuffer content(final int number) {
        final Random random = new Random(number);
        final byte[] bytes = new byte[1 + random.nextInt(MAX_SIZE)];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    /** Waits until so many more files are durable, and gives how many there have been. */
    synchronized int awaitMore(final int more) throws IOException, InterruptedException {
        final int wanted = count + more;
        final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (count < wanted) {
            final long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
            if (failure != null) {
                throw failure;
            }
            if (leftMs <= 0) {
                throw new AssertionError("no more files are written");
            }
            wait(leftMs);
        }
        return count;
    }

    /** Ends it. */
    @Override
    public void close() throws IOException {
        isEnded = true;
        try {
            thread.join(TimeUnit.SECONDS.toMillis(LIMIT_S));
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw failure;
        }
        if (thread.isAlive()) {
            throw new AssertionError("a write does not come back");
        }
    }

    /** Checks all files, wherever they are now. */
    void verify() throws IOException {
        for (final Map.Entry<Integer, Integer> file : written.entrySet()) {
            final byte[] found = Files.readAllBytes(directory.resolve("f" + file.getKey()));
            if (!ByteBuffer.wrap(found).equals(content(file.getValue()))) {
                throw new AssertionError("f" + file.getKey() + " does not hold what was written");
            }
        }
    }
}
