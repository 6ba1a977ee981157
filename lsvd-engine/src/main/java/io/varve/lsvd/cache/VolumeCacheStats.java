package io.varve.lsvd.cache;

/**
 * What a read cache does for one volume, since the volume was opened.
 *
 * @param hits     reads that it served; what a guest asks for in one may be several here, one for each line and extent.
 * @param hitBytes their bytes, in whole blocks.
 * @param misses   reads that went to the store.
 * @param damaged  reads whose bytes did not match their checksums, and went to the store.
 */
public record VolumeCacheStats(long hits, long hitBytes, long misses, long damaged) {
    /** Of a volume without cache. */
    public static final VolumeCacheStats NONE = new VolumeCacheStats(0, 0, 0, 0);
}
