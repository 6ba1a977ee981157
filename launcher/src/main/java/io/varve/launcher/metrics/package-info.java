/**
 * Figures of a running daemon, as monitoring systems read them: {@link io.varve.launcher.metrics.RequestCounters} counts on the
 * reactor and on each lane, {@link io.varve.launcher.metrics.StoreMeter} at the store, {@link io.varve.launcher.metrics.VolumeMetrics} puts them
 * and the volume's own figures into Prometheus' text format, and {@link io.varve.launcher.metrics.MetricsServer} hands that out
 * over HTTP, on threads of its own. Nothing in here waits for the reactor or makes it wait.
 */
package io.varve.launcher.metrics;
