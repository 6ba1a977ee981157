package io.varve.launcher.cli;

import io.varve.launcher.metrics.MetricsServer;
import picocli.CommandLine.Option;

/** The {@code --metrics} option. */
final class MetricsOption {
    @Option(
            names = "--metrics",
            paramLabel = "HOST:PORT",
            description = "Answer http://HOST:PORT/metrics with the daemon's figures, in Prometheus' format.")
    private String address;

    /** Begins to listen; null when it is not asked for. */
    MetricsServer listen() {
        return address == null ? null : MetricsServer.listen(address);
    }
}
