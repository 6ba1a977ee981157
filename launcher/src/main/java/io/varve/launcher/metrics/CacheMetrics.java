package io.varve.launcher.metrics;

import io.varve.lsvd.cache.CacheStats;

/** What is told of the read cache that the volumes of a process share; docs/metrics.md says what each figure means. */
public final class CacheMetrics {
    private CacheMetrics() {}

    /**
     * All figures in Prometheus' text format.
     *
     * @param stats of the cache; null for none, of which nothing is told.
     */
    public static String text(final CacheStats stats) {
        if (stats == null) {
            return "";
        }
        final MetricsText text = new MetricsText();
        text.gauge("varve_read_cache_size_bytes", "What the read cache can hold.", stats.capacityBytes());
        text.gauge("varve_read_cache_used_bytes", "What the read cache holds.", stats.usedBytes());
        text.gauge("varve_read_cache_trouble", "Whether the read cache takes nothing new.", stats.trouble() != null);
        text.counter("varve_read_cache_fills_total", "Lines put into the read cache.", stats.fills());
        text.counter("varve_read_cache_evictions_total", "Lines given up for others.", stats.evictions());
        text.counter("varve_read_cache_dropped_total", "Lines that its disk was too slow for.", stats.dropped());
        return text.toString();
    }
}
