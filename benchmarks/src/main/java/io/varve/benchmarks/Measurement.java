package io.varve.benchmarks;

import org.HdrHistogram.Histogram;

/**
 * What one run has shown.
 *
 * @param requests   that came back.
 * @param elapsedNs  how long it took.
 * @param latencyNs  of every request, flushes apart.
 * @param cpuNs      processor time that the back-end used meanwhile.
 */
record Measurement(long requests, long elapsedNs, Histogram latencyNs, long cpuNs) {
    double requestsPerSecond() {
        return requests * 1e9 / elapsedNs;
    }

    double latencyUs(final double percentile) {
        return latencyNs.getValueAtPercentile(percentile) / 1e3;
    }

    double cpuUsPerRequest() {
        return cpuNs / 1e3 / Math.max(1, requests);
    }
}
