package io.varve.launcher.daemon;

import io.varve.control.ErrorKind;
import io.varve.launcher.UserException;
import io.varve.launcher.daemon.VolumeStatus.State;
import io.varve.launcher.metrics.CacheMetrics;
import io.varve.launcher.metrics.MetricsMerge;
import io.varve.linux.CompilerThreads;
import io.varve.lsvd.cache.CacheStats;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The volumes of one process. Each is a {@link ServedVolume} of its own; this only keeps them by name. Any thread; no method
 * waits for a volume.
 */
public final class Daemon {
    /** Most volumes in one daemon: docs/control.md says what each takes. */
    public static final int MAX_VOLUMES = 512;

    private final VolumeListeners listeners = new VolumeListeners();
    private final SharedReadCache readCache;
    private final Map<String, ServedVolume> volumes = new TreeMap<>();
    private boolean isEnding;

    /**
     * Makes a daemon without volumes. From now on the JVM's compiler lets the reactors go first.
     *
     * @param readCache for all of them; the caller closes it once they have ended.
     */
    public Daemon(final VolumeListener listener, final SharedReadCache readCache) {
        listeners.add(listener);
        this.readCache = readCache;
        CompilerThreads.letOthersGoFirst();
    }

    /** Has one more told what becomes of volumes. */
    public void addListener(final VolumeListener more) {
        listeners.add(more);
    }

    /**
     * Begins to open a volume.
     *
     * @throws UserException when it is here already, there are too many, or the daemon is about to end.
     */
    public synchronized ServedVolume attach(final VolumeOptions options) {
        final ServedVolume there = volumes.get(options.name());
        if (isEnding) {
            throw new UserException(ErrorKind.UNAVAILABLE, "the daemon is ending");
        }
        if (there != null && !isGone(there)) {
            throw new UserException(ErrorKind.BUSY, "volume '" + options.name() + "' is attached already");
        }
        if (there == null && volumes.size() == MAX_VOLUMES) {
            throw new UserException(
                    ErrorKind.NO_SPACE,
                    "there are " + MAX_VOLUMES + " volumes in this daemon, and it takes no more: detach"
                            + " one, or start a second daemon");
        }
        final ServedVolume volume = ServedVolume.start(options, listeners, readCache, this::forget);
        volumes.put(options.name(), volume);
        return volume;
    }

    /** One that died after it had served is kept, so that this can be seen, until it is attached again or detached. */
    private synchronized void forget(final ServedVolume volume) {
        final boolean hasServed = volume.ready().isDone();
        if (volume.status().state() != State.FAILED || !hasServed) {
            volumes.remove(volume.options().name(), volume);
        }
    }

    private static boolean isGone(final ServedVolume volume) {
        return volume.status().state() == State.FAILED && volume.ended().isDone();
    }

    /**
     * Asks a volume to end.
     *
     * @return the volume, or null when it is not here.
     */
    public synchronized ServedVolume detach(final String name) {
        final ServedVolume volume = volumes.get(name);
        if (volume != null && isGone(volume)) {
            volumes.remove(name);
        } else if (volume != null) {
            volume.end();
        }
        return volume;
    }

    /** A volume, or null when it is not here. */
    public synchronized ServedVolume volume(final String name) {
        return volumes.get(name);
    }

    /** All volumes, by name. */
    public synchronized List<ServedVolume> volumes() {
        return new ArrayList<>(volumes.values());
    }

    /** Figures of the read cache, or null when there is none. */
    public CacheStats readCache() {
        return readCache.stats();
    }

    /** Figures of all volumes and of what they have in common, in Prometheus' text format. */
    public String metrics() {
        final Stream<String> ofVolumes = volumes().stream().map(ServedVolume::metrics);
        return MetricsMerge.merge(Stream.concat(ofVolumes, Stream.of(CacheMetrics.text(readCache())))
                .toList());
    }

    /** Asks all volumes to end, and takes no more. Idempotent. */
    public void end() {
        beginEnd().forEach(ServedVolume::end);
    }

    /** Asks all volumes to end without waiting for the store. */
    public void hurry() {
        beginEnd().forEach(ServedVolume::hurry);
    }

    private synchronized Collection<ServedVolume> beginEnd() {
        isEnding = true;
        return volumes();
    }
}
