package io.varve.launcher.metrics;

import io.varve.lsvd.VolumeStats;
import io.varve.lsvd.gc.SpaceStats;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Everything that is told of a served volume; docs/metrics.md says what each figure means. */
public final class VolumeMetrics {

    private final String name;
    private final LongSupplier sizeBytes;
    private final Supplier<VolumeStats> stats;
    private final LongSupplier cachedBytes;
    private final List<RequestCounters> requests;
    private final StoreMeter store;
    private final BooleanSupplier isConnected;

    /**
     * Makes the figures of a volume.
     *
     * @param name      of the volume.
     * @param sizeBytes of the disk, on any thread.
     * @param stats     gives the volume's figures, on any thread and without waiting.
     * @param cachedBytes of it in the read cache, on any thread.
     * @param isConnected whether a front-end is there, on any thread.
     * @param requests  what the reactor counts, and each of the lanes.
     * @param store     that the volume uses.
     */
    public VolumeMetrics(
            final String name,
            final LongSupplier sizeBytes,
            final Supplier<VolumeStats> stats,
            final LongSupplier cachedBytes,
            final BooleanSupplier isConnected,
            final List<RequestCounters> requests,
            final StoreMeter store) {
        this.name = name;
        this.sizeBytes = sizeBytes;
        this.stats = stats;
        this.cachedBytes = cachedBytes;
        this.isConnected = isConnected;
        this.requests = requests;
        this.store = store;
    }

    /** All figures in Prometheus' text format. Any thread. */
    public String text() {
        final VolumeStats now = stats.get();
        final MetricsText text = new MetricsText("volume", name);
        text.gauge("varve_size_bytes", "Size of the disk.", sizeBytes.getAsLong());
        text.gauge("varve_front_end_connected", "Whether a front-end is connected.", isConnected.getAsBoolean());
        text.gauge(
                "varve_failed", "Whether every request fails, until the daemon is restarted.", now.failure() != null);
        text.gauge("varve_fenced", "Whether that is because another daemon has taken the volume over.", now.isFenced());
        text.gauge(
                "varve_store_trouble", "Whether the store did not take the last upload.", now.storeTrouble() != null);
        text.gauge(
                "varve_log_trouble",
                "Whether writes wait until the store has what a failing log was given.",
                now.logTrouble() != null);
        text.gauge(
                "varve_agent_trouble",
                "Whether a thread of the volume met an unexpected error lately, and tries again.",
                now.agentTrouble() != null);
        text.gauge("varve_unsent_bytes", "Bytes of the log that are not in the store yet.", now.unsentBytes());
        text.gauge("varve_unsent_records", "Records of the log that are not in the store yet.", now.unsentRecords());
        text.begin("varve_oldest_unsent_age_seconds", "gauge", "How long the oldest of them has waited.");
        text.sample("", new String[0], MetricsText.seconds(now.oldestUnsentAgeNs()));
        text.gauge("varve_log_size_bytes", "Size of the local log.", now.logLength());
        text.gauge("varve_log_free_bytes", "Room for new records in it.", now.logLength() - now.logUsed());
        text.gauge(
                "varve_log_written_sequence",
                "Newest record of the log that is written, with all before it.",
                now.writtenSequence());
        text.gauge(
                "varve_log_durable_sequence",
                "Newest record of the log that is durable, with all before it.",
                now.durableSequence());
        text.gauge(
                "varve_log_stored_sequence",
                "Newest record of the log that the store holds, with all before it.",
                now.storedSequence());
        text.counter("varve_written_bytes_total", "Bytes that the guest wrote.", now.bytesWritten());
        text.counter(
                "varve_objects_put_total", "Objects put into the store's history of the volume.", now.objectsPut());
        text.counter("varve_objects_put_bytes_total", "Their bytes.", now.bytesPut());
        text.counter("varve_fetches_total", "Reads from the store, for the guest.", now.fetches());
        text.counter("varve_fetched_bytes_total", "Their bytes.", now.bytesFetched());
        text.gauge("varve_cached_bytes", "Bytes of its objects in the read cache.", cachedBytes.getAsLong());
        text.counter(
                "varve_cache_hits_total",
                "Reads that the read cache served.",
                now.cache().hits());
        text.counter("varve_cache_hit_bytes_total", "Their bytes.", now.cache().hitBytes());
        text.counter(
                "varve_cache_misses_total",
                "Reads that went to the store.",
                now.cache().misses());
        text.counter(
                "varve_cache_damaged_total",
                "Reads of the read cache whose checksum did not match.",
                now.cache().damaged());
        if (now.space() != null) {
            print(now.space(), text);
        }
        text.gauge("varve_extents", "Extents in the map.", now.extents());
        text.gauge("varve_map_bytes", "Memory of the map.", now.mapBytes());
        RequestCounters.print(requests, text);
        store.print(text);
        return text.toString();
    }

    private static void print(final SpaceStats space, final MetricsText text) {
        text.gauge("varve_stored_objects", "Objects in the store, those to be deleted included.", space.objects());
        text.gauge("varve_stored_bytes", "Their bytes.", space.storedBytes());
        text.gauge("varve_live_bytes", "Bytes of data that the volume maps in them.", space.liveBytes());
        text.gauge(
                "varve_dead_bytes",
                "Bytes of objects that are to be deleted, or kept for snapshots and clones only.",
                space.deadBytes());
        text.gauge("varve_gc_limit_bytes", "How much may be stored before garbage is collected.", space.limitBytes());
        text.gauge("varve_gc_paused", "Whether garbage collection has been stopped.", space.isPaused());
        text.counter("varve_gc_read_bytes_total", "Live data that garbage collection read.", space.readBytes());
        text.counter(
                "varve_gc_cache_read_bytes_total",
                "What garbage collection found in the read cache.",
                space.cacheReadBytes());
        text.counter("varve_gc_put_bytes_total", "Objects that garbage collection put.", space.collectedBytes());
        text.counter("varve_checkpoint_put_bytes_total", "Checkpoints put.", space.checkpointBytes());
        text.counter("varve_objects_deleted_total", "Objects deleted.", space.objectsDeleted());
    }
}
