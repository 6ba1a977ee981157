package io.varve.lsvd.verify;

/**
 * What has been found out in all.
 *
 * @param objects  that have been read, records included.
 * @param bytes    that have been read.
 * @param findings how many there were.
 */
public record Verification(long objects, long bytes, long findings) {
    /** Whether nothing is damaged. */
    public boolean isWell() {
        return findings == 0;
    }
}
