package io.varve.vhostuser;

import io.varve.linux.IoRing;
import io.varve.virtqueue.DirtyLog;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/** All rings of a session. Those that are started stand together, so that serving them costs nothing for the others. */
final class Vrings implements AutoCloseable {
    private final Vring[] all;
    private final Vring[] started;
    private int startedCount;

    Vrings(final int count, final IoRing ring, final Lanes lanes) {
        all = new Vring[count];
        started = new Vring[count];
        final AtomicBoolean hasRequests = new AtomicBoolean();
        Arrays.setAll(all, i -> new Vring(i, ring, lanes.of(i), hasRequests));
    }

    int count() {
        return all.length;
    }

    /** A ring by the index that a message gives. */
    Vring get(final int index) throws ProtocolException {
        if (index < 0 || index >= all.length) {
            throw new ProtocolException("there is no ring " + Integer.toUnsignedString(index));
        }
        return all[index];
    }

    int startedCount() {
        return startedCount;
    }

    Vring started(final int position) {
        return started[position];
    }

    /** Finds out anew which rings are started. */
    void update() {
        startedCount = 0;
        for (final Vring vring : all) {
            if (vring.isStarted()) {
                started[startedCount++] = vring;
            }
        }
    }

    /** Requests of all rings that the device has not completed; a ring that is lent counts as one. */
    int inFlight() {
        int sum = 0;
        for (int i = 0; i < startedCount; i++) {
            sum += started[i].inFlight();
        }
        return sum;
    }

    /** Whether what a ring writes is marked for a migration. */
    boolean areLogged() {
        for (int i = 0; i < startedCount; i++) {
            if (started[i].isLogged()) {
                return true;
            }
        }
        return false;
    }

    void enableAll() {
        for (final Vring vring : all) {
            vring.enable(true);
        }
    }

    /** Shows drivers what has completed. */
    void publish() {
        for (int i = 0; i < startedCount; i++) {
            started[i].publish();
        }
    }

    /** Gives up what is in flight; all are at home, and serve nothing from now on. */
    void cancel() {
        for (int i = 0; i < startedCount; i++) {
            started[i].cancel();
        }
    }

    /** Stops and disables all; nothing is in flight. */
    void reset() {
        for (final Vring vring : all) {
            vring.stop();
            vring.enable(false);
        }
        update();
    }

    void writesDurable(final boolean durable) {
        for (int i = 0; i < startedCount; i++) {
            started[i].queue().writesDurable(durable);
        }
    }

    void log(final DirtyLog log) {
        for (int i = 0; i < startedCount; i++) {
            started[i].queue().log(log);
        }
    }

    void relocate(final MemoryTable memory, final DirtyLog log) throws ProtocolException {
        for (int i = 0; i < startedCount; i++) {
            started[i].relocate(memory, log);
        }
    }

    @Override
    public void close() {
        for (final Vring vring : all) {
            vring.close();
        }
        update();
    }
}
