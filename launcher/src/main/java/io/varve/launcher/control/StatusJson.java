package io.varve.launcher.control;

import io.varve.block.ExportStatus;
import io.varve.launcher.daemon.SessionStatus;
import io.varve.launcher.daemon.VolumeStatus;
import io.varve.lsvd.VolumeStats;
import io.varve.lsvd.cache.CacheStats;
import io.varve.lsvd.gc.SpaceStats;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The JSON form of how a volume is. Names are stable; more may be added. */
final class StatusJson {
    private StatusJson() {}

    static Map<String, Object> of(final VolumeStatus status) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("volume", status.name());
        fields.put("state", status.state().name().toLowerCase(Locale.ROOT));
        fields.put("trouble", status.trouble());
        fields.put("note", status.note());
        fields.put(
                "socket_path", status.socket() == null ? null : status.socket().toString());
        fields.put("front_end", status.frontEnd().name().toLowerCase(Locale.ROOT));
        fields.put("exports", status.exports().stream().map(StatusJson::of).toList());
        fields.put("sessions", status.sessions().stream().map(StatusJson::of).toList());
        fields.put("read_only", status.isReadOnly());
        final VolumeStats stats = status.stats();
        if (stats != null) {
            fields.put("uuid", status.uuid().toString());
            fields.put("size_bytes", status.sizeBytes());
            fields.put("written_bytes", stats.bytesWritten());
            fields.put("log_bytes", stats.logLength());
            fields.put("log_used_bytes", stats.logUsed());
            fields.put("unsent_bytes", stats.unsentBytes());
            fields.put("unsent_records", stats.unsentRecords());
            fields.put("unsent_age_ms", TimeUnit.NANOSECONDS.toMillis(stats.oldestUnsentAgeNs()));
            fields.put("objects_put", stats.objectsPut());
            fields.put("put_bytes", stats.bytesPut());
            fields.put("fetches", stats.fetches());
            fields.put("fetched_bytes", stats.bytesFetched());
            fields.put("cached_bytes", status.cachedBytes());
            fields.put("cache_hits", stats.cache().hits());
            fields.put("cache_hit_bytes", stats.cache().hitBytes());
            fields.put("cache_misses", stats.cache().misses());
            fields.put("cache_damaged", stats.cache().damaged());
            if (stats.space() != null) {
                fields.putAll(of(stats.space()));
            }
            fields.put("extents", stats.extents());
            fields.put("map_bytes", stats.mapBytes());
        }
        return fields;
    }

    private static Map<String, Object> of(final ExportStatus export) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("protocol", export.protocol());
        fields.put("address", export.address());
        fields.put("waiting", export.waiting());
        return fields;
    }

    private static Map<String, Object> of(final SessionStatus session) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("protocol", session.protocol());
        fields.put("peer", session.peer());
        fields.put("may_write", session.isWriter());
        fields.put("running", session.isRunning());
        return fields;
    }

    /** What a volume takes of its store. */
    static Map<String, Object> of(final SpaceStats space) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("objects", space.objects());
        fields.put("stored_bytes", space.storedBytes());
        fields.put("live_bytes", space.liveBytes());
        fields.put("garbage_bytes", space.garbageBytes());
        fields.put("dead_bytes", space.deadBytes());
        fields.put("gc_limit_bytes", space.limitBytes());
        fields.put("gc_paused", space.isPaused());
        fields.put("gc_read_bytes", space.readBytes());
        fields.put("gc_cache_read_bytes", space.cacheReadBytes());
        fields.put("gc_put_bytes", space.collectedBytes());
        fields.put("checkpoint_put_bytes", space.checkpointBytes());
        fields.put("objects_deleted", space.objectsDeleted());
        fields.put("swept", space.isSwept());
        return fields;
    }

    /** The read cache's figures; null for none. */
    static Map<String, Object> of(final CacheStats stats) {
        if (stats == null) {
            return null;
        }
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("size_bytes", stats.capacityBytes());
        fields.put("used_bytes", stats.usedBytes());
        fields.put("fills", stats.fills());
        fields.put("evictions", stats.evictions());
        fields.put("dropped", stats.dropped());
        fields.put("trouble", stats.trouble());
        return fields;
    }
}
