package io.varve.lsvd.cache;

/**
 * Live figures of a cache, since it was opened unless the name says otherwise.
 *
 * @param capacityBytes what it can hold, in bytes.
 * @param usedBytes     what it holds now, in bytes, whole lines counted.
 * @param fills         lines that were put in.
 * @param evictions     lines that were given up for others.
 * @param dropped       lines that were not put in, because the disk did not keep up or failed.
 * @param trouble       why nothing is put in at the moment, or null.
 */
public record CacheStats(
        long capacityBytes, long usedBytes, long fills, long evictions, long dropped, String trouble) {}
