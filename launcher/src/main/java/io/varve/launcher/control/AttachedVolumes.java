package io.varve.launcher.control;

import io.varve.control.AttachedVolume;
import io.varve.control.StatusCall;
import io.varve.launcher.daemon.VolumeStatus;
import io.varve.lsvd.VolumeStats;
import io.varve.lsvd.cache.CacheStats;
import io.varve.lsvd.gc.SpaceStats;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** How volumes are that are attached, as the control API has it. */
final class AttachedVolumes {
    private AttachedVolumes() {}

    static AttachedVolume of(final VolumeStatus status) {
        return new AttachedVolume(
                status.name(),
                status.state().name().toLowerCase(Locale.ROOT),
                status.trouble(),
                status.note(),
                new AttachedVolume.Clients(
                        status.socket() == null ? null : status.socket().toString(),
                        status.frontEnd().name().toLowerCase(Locale.ROOT),
                        status.exports().stream()
                                .map(one -> new AttachedVolume.Export(one.protocol(), one.address(), one.waiting()))
                                .toList(),
                        status.sessions().stream()
                                .map(one -> new AttachedVolume.Session(
                                        one.protocol(), one.peer(), one.isWriter(), one.isRunning()))
                                .toList()),
                status.isReadOnly(),
                status.stats() == null ? null : figures(status, status.stats()));
    }

    private static AttachedVolume.Figures figures(final VolumeStatus status, final VolumeStats stats) {
        return new AttachedVolume.Figures(
                status.uuid().toString(),
                status.sizeBytes(),
                new AttachedVolume.Log(
                        stats.bytesWritten(),
                        stats.logLength(),
                        stats.logUsed(),
                        stats.unsentBytes(),
                        stats.unsentRecords(),
                        TimeUnit.NANOSECONDS.toMillis(stats.oldestUnsentAgeNs())),
                new AttachedVolume.Traffic(stats.objectsPut(), stats.bytesPut(), stats.fetches(), stats.bytesFetched()),
                new AttachedVolume.Cached(
                        status.cachedBytes(),
                        stats.cache().hits(),
                        stats.cache().hitBytes(),
                        stats.cache().misses(),
                        stats.cache().damaged()),
                stats.space() == null ? null : of(stats.space()),
                new AttachedVolume.ExtentMap(stats.extents(), stats.mapBytes()));
    }

    /** What a volume takes of its store. */
    static AttachedVolume.Space of(final SpaceStats space) {
        return new AttachedVolume.Space(
                space.objects(),
                space.storedBytes(),
                space.liveBytes(),
                space.garbageBytes(),
                space.deadBytes(),
                new AttachedVolume.Collection(
                        space.limitBytes(),
                        space.isPaused(),
                        space.readBytes(),
                        space.cacheReadBytes(),
                        space.collectedBytes(),
                        space.checkpointBytes(),
                        space.objectsDeleted()),
                space.isSwept());
    }

    /** The read cache's figures; null for none. */
    static StatusCall.ReadCache of(final CacheStats stats) {
        return stats == null
                ? null
                : new StatusCall.ReadCache(
                        stats.capacityBytes(),
                        stats.usedBytes(),
                        stats.fills(),
                        stats.evictions(),
                        stats.dropped(),
                        stats.trouble());
    }
}
