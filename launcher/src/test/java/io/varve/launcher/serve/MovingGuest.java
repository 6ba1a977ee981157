package io.varve.launcher.serve;

import io.varve.testsupport.DirtyBitmap;
import io.varve.testsupport.Driver;
import io.varve.testsupport.DriverQueue;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.LoadGenerator;
import java.io.IOException;
import java.nio.file.Path;

/** A guest under load that moves from one back-end to another, as QEMU moves it. */
final class MovingGuest implements Driver, AutoCloseable {
    private static final int BLOCKS = 1000;
    private static final int DEPTH = 16;

    private final LoadGenerator load;
    private FrontEnd here;
    private FrontEnd there;
    private DirtyBitmap bitmap;
    private long stoppedNs;
    private boolean resetsStatus = true;

    MovingGuest(final Path socket, final long seed) throws IOException {
        here = FrontEnd.started(socket, FrontEndOptions.DEFAULT);
        load = new LoadGenerator(this, BLOCKS, 4096, DEPTH, seed).flushEvery(40);
    }

    /** Whether its front-end resets the device's status before it stops the rings, as QEMU does. */
    MovingGuest resetsStatus(final boolean value) {
        resetsStatus = value;
        return this;
    }

    LoadGenerator load() {
        return load;
    }

    FrontEnd here() {
        return here;
    }

    /** The destination's QEMU is started: it reads the config space, and waits. */
    void beginMove(final Path destination) throws IOException {
        there = new FrontEnd(destination, FrontEndOptions.DEFAULT);
        there.connect();
    }

    /** Memory is being copied. */
    void startLogging() throws IOException {
        bitmap = DirtyBitmap.of(here.ram());
        here.startLogging(bitmap);
    }

    /** The guest is stopped, with everything that it has written just before still on its way. */
    void stop() throws IOException {
        stoppedNs = System.nanoTime();
        if (resetsStatus) {
            here.stop();
        } else {
            here.stopQueues();
        }
    }

    /** The destination goes on; the source's QEMU ends. */
    void arrive() throws IOException {
        startThere();
        settle();
    }

    /** The source's QEMU ends; the destination's rings have been started. */
    void settle() {
        here.close();
        here = there;
        there = null;
        closeLog();
    }

    /** The destination's rings are started, and nothing more. */
    void startThere() throws IOException {
        there.start();
    }

    /** The destination's QEMU ends, and the guest goes on where it was. */
    void cancel() throws IOException {
        there.close();
        there = null;
        here.stopLogging();
        here.start();
        closeLog();
    }

    /** The destination's QEMU ends before the guest was stopped. */
    void cancelEarly() throws IOException {
        there.close();
        there = null;
        here.stopLogging();
        closeLog();
    }

    private void closeLog() {
        if (bitmap != null) {
            bitmap.close();
            bitmap = null;
        }
    }

    void move(final Path destination) throws IOException {
        beginMove(destination);
        startLogging();
        load.run(100);
        stop();
        arrive();
        load.run(1);
    }

    /** When the rings were last asked to stop, in {@link System#nanoTime()}. */
    long stoppedNs() {
        return stoppedNs;
    }

    @Override
    public int queueCount() {
        return here.queueCount();
    }

    @Override
    public DriverQueue queue(final int index) {
        return here.queue(index);
    }

    @Override
    public boolean awaitCall(final long deadlineNs) {
        return here.awaitCall(deadlineNs);
    }

    @Override
    public void close() {
        here.close();
        if (there != null) {
            there.close();
        }
        closeLog();
    }
}
