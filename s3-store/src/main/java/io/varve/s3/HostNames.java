package io.varve.s3;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Looks the names of hosts up before event loops do, which would stand still meanwhile. A name that has been found is not
 * looked up again for {@value #VALID_S} s: less than the JVM remembers it (30 s), so that a loop that comes next finds it
 * there.
 */
final class HostNames {
    /** How long a name that was found counts as known. */
    static final long VALID_S = 20;

    private final Executor executor;
    private final Resolver resolver;
    private final Duration limit;
    private final ConcurrentMap<String, Lookup> lookups = new ConcurrentHashMap<>();

    /**
     * Makes a memory of names.
     *
     * @param executor whose threads may wait for name servers.
     * @param limit    how long a look-up may take.
     */
    HostNames(final Executor executor, final Resolver resolver, final Duration limit) {
        this.executor = executor;
        this.resolver = resolver;
        this.limit = limit;
    }

    /** Finds a name as the host does, by its files and name servers. */
    static Resolver ofHost() {
        return InetAddress::getByName;
    }

    /**
     * Looks a name up, unless that has just been done or is being done.
     *
     * @return a future that fails with an {@link UnknownHostException}, also when the limit has passed.
     */
    CompletableFuture<Void> find(final String host) {
        if (isAddress(host)) {
            return CompletableFuture.completedFuture(null);
        }
        final Lookup lookup = lookups.compute(host, (name, last) -> last == null || last.isOver() ? begin(name) : last);
        return lookup.found;
    }

    private Lookup begin(final String host) {
        final CompletableFuture<Void> found = new CompletableFuture<>();
        executor.execute(() -> {
            try {
                resolver.resolve(host);
                found.complete(null);
            } catch (final UnknownHostException e) {
                found.completeExceptionally(e);
            }
        });
        final CompletableFuture<Void> bounded = found.copy()
                .orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS)
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(unknown(host, failure)));
        return new Lookup(bounded, System.nanoTime());
    }

    private static UnknownHostException unknown(final String host, final Throwable failure) {
        if (Failures.unwrap(failure) instanceof UnknownHostException known) {
            return known;
        }
        final UnknownHostException late = new UnknownHostException(host + ": no name server answered in time");
        late.initCause(failure);
        return late;
    }

    private static boolean isAddress(final String host) {
        return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    }

    /** Finds the address of a host. */
    @FunctionalInterface
    interface Resolver {
        /** Waits for it as long as it takes. */
        InetAddress resolve(String host) throws UnknownHostException;
    }

    /** A look-up that goes on or has ended. */
    private record Lookup(CompletableFuture<Void> found, long startNs) {
        boolean isOver() {
            return found.isCompletedExceptionally()
                    || found.isDone() && System.nanoTime() - startNs > TimeUnit.SECONDS.toNanos(VALID_S);
        }
    }
}
