package io.varve.launcher.metrics;

import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Function;

/**
 * Counts requests and measures how long some of them take. One thread writes, the reactor, or a lane what it serves itself; any may read what is a moment old.
 * Nothing is allocated and nothing waits.
 *
 * <p>One request at a time is measured: the next that begins after the one before has ended. So measuring costs the rest nothing.
 */
public final class RequestCounters {
    /** Upper ends of the classes of duration, in microseconds; one more class has none. */
    private static final long[] BOUNDS_US = {
        20,
        50,
        100,
        200,
        500,
        1_000,
        2_000,
        5_000,
        10_000,
        20_000,
        50_000,
        100_000,
        500_000,
        1_000_000,
        5_000_000,
        30_000_000
    };

    private final AtomicLongArray requests = new AtomicLongArray(RequestType.count());
    private final AtomicLongArray bytes = new AtomicLongArray(RequestType.count());
    private final AtomicLongArray durations = new AtomicLongArray(RequestType.count() * (BOUNDS_US.length + 1));
    private final AtomicLongArray durationSumsNs = new AtomicLongArray(RequestType.count());
    private final AtomicLongArray errors = new AtomicLongArray(1);

    private Object measuredCompletion;
    private long measuredToken;
    private int measuredType;
    private long measuredSinceNs;

    /**
     * Counts a request that begins.
     *
     * @param length     its bytes.
     * @param completion tells requests apart, together with {@code token}.
     */
    public void onBegin(final RequestType type, final long length, final Object completion, final long token) {
        add(requests, type.ordinal(), 1);
        add(bytes, type.ordinal(), length);
        if (measuredCompletion == null) {
            measuredCompletion = completion;
            measuredToken = token;
            measuredType = type.ordinal();
            measuredSinceNs = System.nanoTime();
        }
    }

    /** Counts the end of a request. */
    public void onEnd(final Object completion, final long token, final boolean isError) {
        if (isError) {
            add(errors, 0, 1);
        }
        if (measuredCompletion == completion && measuredToken == token) {
            measuredCompletion = null;
            addDuration(measuredType, System.nanoTime() - measuredSinceNs);
        }
    }

    /** Counts a request that has begun and ended well, and, unless it is below 0, how long it took in nanoseconds. */
    public void onServed(final RequestType type, final long length, final long durationNs) {
        add(requests, type.ordinal(), 1);
        add(bytes, type.ordinal(), length);
        if (durationNs >= 0) {
            addDuration(type.ordinal(), durationNs);
        }
    }

    private void addDuration(final int type, final long durationNs) {
        add(durations, type * (BOUNDS_US.length + 1) + classOf(durationNs), 1);
        add(durationSumsNs, type, durationNs);
    }

    /** Forgets a request that will not be told to have ended. */
    public void onSessionClosed() {
        measuredCompletion = null;
    }

    private static int classOf(final long durationNs) {
        int index = 0;
        while (index < BOUNDS_US.length && durationNs > BOUNDS_US[index] * 1000) {
            index++;
        }
        return index;
    }

    /** One writer, so that no atomic addition is needed. */
    private static void add(final AtomicLongArray counters, final int index, final long value) {
        counters.setRelease(index, counters.getPlain(index) + value);
    }

    /** Prints what several have counted together. */
    static void print(final List<RequestCounters> all, final MetricsText text) {
        text.begin("varve_requests_total", "counter", "Requests of the guest.");
        for (int i = 0; i < RequestType.count(); i++) {
            text.sample("type", RequestType.at(i).label(), sum(all, counters -> counters.requests, i));
        }
        text.begin("varve_request_bytes_total", "counter", "Bytes that requests of the guest were for.");
        for (int i = 0; i < RequestType.count(); i++) {
            if (i != RequestType.FLUSH.ordinal()) {
                text.sample("type", RequestType.at(i).label(), sum(all, counters -> counters.bytes, i));
            }
        }
        text.begin("varve_request_errors_total", "counter", "Requests that ended with an error.");
        text.sample(sum(all, counters -> counters.errors, 0));
        text.begin("varve_request_duration_seconds", "histogram", "Duration of requests, of those that were measured.");
        for (int i = 0; i < RequestType.count(); i++) {
            printDurations(all, text, i);
        }
    }

    private static void printDurations(final List<RequestCounters> all, final MetricsText text, final int type) {
        final String label = RequestType.at(type).label();
        long sum = 0;
        for (int i = 0; i <= BOUNDS_US.length; i++) {
            sum += sum(all, counters -> counters.durations, type * (BOUNDS_US.length + 1) + i);
            final String bound = i == BOUNDS_US.length ? "+Inf" : MetricsText.seconds(BOUNDS_US[i] * 1000);
            text.sample("_bucket", new String[] {"type", label, "le", bound}, Long.toString(sum));
        }
        text.sample(
                "_sum",
                new String[] {"type", label},
                MetricsText.seconds(sum(all, counters -> counters.durationSumsNs, type)));
        text.sample("_count", new String[] {"type", label}, Long.toString(sum));
    }

    private static long sum(
            final List<RequestCounters> all, final Function<RequestCounters, AtomicLongArray> part, final int index) {
        return all.stream()
                .mapToLong(counters -> part.apply(counters).getAcquire(index))
                .sum();
    }
}
