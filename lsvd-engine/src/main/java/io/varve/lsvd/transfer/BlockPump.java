package io.varve.lsvd.transfer;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.scan.Cancellation;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;

/**
 * Takes all blocks that an extent map names from a {@link BlockSource} to a {@link BlockSink}, in ascending order: a window of
 * {@value #WINDOW_BYTES} bytes of the volume is read while a thread of the pump's own hands on the one before.
 */
public final class BlockPump {
    private static final int WINDOW_BYTES = 32 << 20;
    private static final int WINDOW_BLOCKS = WINDOW_BYTES >> Blocks.SHIFT;
    private static final int WINDOWS = 2;
    private static final long LOOK_MS = 100;
    private static final long END_MS = 10_000;
    private static final Window END = new Window(null);

    private final BlockSource source;
    private final Cancellation cancellation;
    private final Listener listener;
    private final BlockingQueue<Window> free = new ArrayBlockingQueue<>(WINDOWS + 1);
    private final BlockingQueue<Window> full = new ArrayBlockingQueue<>(WINDOWS + 1);
    private volatile Throwable failure;

    /** Is told how far it has come, on the thread that reads. */
    @FunctionalInterface
    public interface Listener {
        /** So many blocks have been read in all. */
        void onProgress(long blocks);
    }

    /** Part of the volume, and which blocks of it are named. */
    private static final class Window {
        private final MemorySegment memory;
        private long first;
        private long[] runs;

        Window(final MemorySegment memory) {
            this.memory = memory;
        }
    }

    /** Makes a pump. */
    public BlockPump(final BlockSource source, final Cancellation cancellation, final Listener listener) {
        this.source = source;
        this.cancellation = cancellation;
        this.listener = listener;
    }

    /**
     * Moves all blocks. To be called once.
     *
     * @param sink called by the pump's thread; what it throws is thrown here.
     * @throws CancellationException when it was broken off.
     */
    public void pump(final ExtentMap map, final BlockSink sink) throws IOException {
        final Arena arena = Arena.ofAuto();
        for (int i = 0; i < WINDOWS; i++) {
            free.add(new Window(arena.allocate(WINDOW_BYTES, Blocks.SIZE)));
        }
        final Thread writer = new Thread(() -> drain(sink), "varve-pump");
        writer.setDaemon(true);
        writer.start();
        try {
            fill(map);
            full.add(END);
            await(writer);
        } finally {
            end(writer);
        }
    }

    private void fill(final ExtentMap map) throws IOException {
        long moved = 0;
        long block = 0;
        while (map.find(block)) {
            final Window window = takeFree();
            window.first = Math.max(block, map.foundBlock());
            window.runs = runs(map, window.first);
            final long[] runs = window.runs;
            block = runs[runs.length - 2] + runs[runs.length - 1];
            source.read(map, window.first, window.memory.asSlice(0, block - window.first << Blocks.SHIFT));
            for (int i = 1; i < runs.length; i += 2) {
                moved += runs[i];
            }
            full.add(window);
            listener.onProgress(moved);
        }
    }

    /** The runs that the map names within a window: first block and length, in turn. */
    private static long[] runs(final ExtentMap map, final long first) {
        final long[] runs = new long[2 * WINDOW_BLOCKS];
        final long end = first + WINDOW_BLOCKS;
        int count = 0;
        long at = first;
        while (at < end && map.find(at) && map.foundBlock() < end) {
            final long start = Math.max(at, map.foundBlock());
            at = Math.min(end, map.foundBlock() + map.foundLength());
            if (count > 0 && runs[count - 2] + runs[count - 1] == start) {
                runs[count - 1] += at - start;
            } else {
                runs[count] = start;
                runs[count + 1] = at - start;
                count += 2;
            }
        }
        return Arrays.copyOf(runs, count);
    }

    private Window takeFree() throws IOException {
        try {
            while (true) {
                cancellation.check();
                throwFailure();
                final Window window = free.poll(LOOK_MS, TimeUnit.MILLISECONDS);
                if (window != null) {
                    return window;
                }
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        }
    }

    private void drain(final BlockSink sink) {
        try {
            for (Window window = full.take(); window != END; window = full.take()) {
                for (int i = 0; i < window.runs.length && !cancellation.isCancelled(); i += 2) {
                    sink.take(
                            window.runs[i],
                            window.memory.asSlice(
                                    window.runs[i] - window.first << Blocks.SHIFT, window.runs[i + 1] << Blocks.SHIFT));
                }
                free.add(window);
            }
        } catch (final Throwable e) {
            failure = e;
        }
    }

    private void await(final Thread writer) throws IOException {
        try {
            while (writer.isAlive()) {
                cancellation.check();
                writer.join(LOOK_MS);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        }
        throwFailure();
        cancellation.check();
    }

    /** Ends the thread before whatever it writes to is closed: a pipe that nobody reads gives way to the interrupt. */
    private static void end(final Thread writer) {
        writer.interrupt();
        try {
            writer.join(END_MS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void throwFailure() throws IOException {
        switch (failure) {
            case null -> {}
            case IOException known -> throw known;
            case RuntimeException known -> throw known;
            default -> throw new IllegalStateException(failure);
        }
    }
}
