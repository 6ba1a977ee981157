package io.varve.control.rpc;

import io.varve.control.Event;
import io.varve.control.EventsFollowCall;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** What has happened, for all who follow it. Nobody who tells waits for one who follows. Any thread. */
public final class Events {
    /** Most events that wait for one follower; further ones push out the oldest. */
    static final int MAX_WAITING = 1024;

    private final List<Follower> followers = new ArrayList<>();
    private long last;

    /** Tells of something that is about a volume. */
    public void tell(final Event.Type type, final String volume) {
        tell(type, volume, null, null);
    }

    /**
     * Tells of something.
     *
     * @param volume   its name; null where it is about none.
     * @param snapshot its name without the volume's; null where it is about none.
     * @param detail   in one line; null for none.
     */
    public synchronized void tell(
            final Event.Type type, final String volume, final String snapshot, final String detail) {
        final Event event = new Event(++last, type, volume, snapshot, detail);
        followers.forEach(follower -> follower.add(event));
    }

    /** Begins to follow. */
    synchronized Follower follow(final EventsFollowCall call) {
        final Follower follower = new Follower(call.volume(), last);
        followers.add(follower);
        return follower;
    }

    private synchronized void remove(final Follower follower) {
        followers.remove(follower);
    }

    /** The events that wait for one who follows. */
    final class Follower implements AutoCloseable {
        private final String volume;
        private final long begin;
        private final Deque<Event> waiting = new ArrayDeque<>();
        private long missed;

        private Follower(final String volume, final long begin) {
            this.volume = volume;
            this.begin = begin;
        }

        /** Sequence number of the last event before. */
        long begin() {
            return begin;
        }

        private synchronized void add(final Event event) {
            if (volume != null && !volume.equals(event.volume())) {
                return;
            }
            if (waiting.size() == MAX_WAITING) {
                missed = waiting.removeFirst().sequence();
            }
            waiting.addLast(event);
            notifyAll();
        }

        /** Waits for an event, so many milliseconds at most; null when there was none. */
        synchronized Event next(final long timeoutMs) throws InterruptedException {
            if (waiting.isEmpty()) {
                wait(timeoutMs);
            }
            if (missed > 0) {
                final Event gap = new Event(missed, Event.Type.MISSED, null, null, null);
                missed = 0;
                return gap;
            }
            return waiting.pollFirst();
        }

        @Override
        public void close() {
            remove(this);
        }
    }
}
