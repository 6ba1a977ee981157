package io.varve.benchmarks;

import java.util.List;
import java.util.Locale;

/** Comparisons as a Markdown table, ratios first, and as a plot. */
final class Report {
    private static final int ROW = 34;
    private static final int LEFT = 190;
    private static final int UNIT = 180;
    private static final double MOST = 3.5;

    private Report() {}

    static String markdown(final List<Comparison> comparisons, final String otherName) {
        final StringBuilder text = new StringBuilder();
        text.append("Medians; requests a second and latencies in us, Varve / ")
                .append(otherName)
                .append(". Ratios are Varve's figure by the other's in the same round.\n\n")
                .append(
                        "| workload | **ratio** | spread | requests/s | p50 | p99 | p99.9 | p99.9 ratio | CPU us a request | CPU ratio |\n")
                .append("|---|---|---|---|---|---|---|---|---|---|\n");
        for (final Comparison comparison : comparisons) {
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | **%.2f** | %s | %.0f / %.0f | %s | %s | %s | %.2f | %.1f / %.1f | %.2f |%n",
                    comparison.workload().name(),
                    comparison.ratio(Measurement::requestsPerSecond),
                    comparison.spread(),
                    comparison.varve(Measurement::requestsPerSecond),
                    comparison.other(Measurement::requestsPerSecond),
                    latencies(comparison, 50),
                    latencies(comparison, 99),
                    latencies(comparison, 99.9),
                    comparison.ratio(one -> one.latencyUs(99.9)),
                    comparison.varve(Measurement::cpuUsPerRequest),
                    comparison.other(Measurement::cpuUsPerRequest),
                    comparison.ratio(Measurement::cpuUsPerRequest)));
        }
        return text.toString();
    }

    private static String latencies(final Comparison comparison, final double percentile) {
        return String.format(
                Locale.ROOT,
                "%.0f / %.0f",
                comparison.varve(one -> one.latencyUs(percentile)),
                comparison.other(one -> one.latencyUs(percentile)));
    }

    /** Bars of the ratios of requests a second, with a line at 1. */
    static String svg(final List<Comparison> comparisons, final String otherName) {
        final int height = ROW * (comparisons.size() + 2);
        final StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\""
                        + " font-size=\"13\">%n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n"
                        + "<text x=\"10\" y=\"22\" font-weight=\"bold\">requests a second, Varve by %s</text>%n",
                LEFT + (int) (MOST * UNIT) + 80,
                height,
                otherName));
        for (int i = 0; i < comparisons.size(); i++) {
            final double ratio = comparisons.get(i).ratio(Measurement::requestsPerSecond);
            final int y = ROW * (i + 1) + 8;
            svg.append(String.format(
                    Locale.ROOT,
                    "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>%n"
                            + "<rect x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"20\" fill=\"%s\"/>%n"
                            + "<text x=\"%.0f\" y=\"%d\">%.2f</text>%n",
                    LEFT - 8,
                    y + 15,
                    comparisons.get(i).workload().name(),
                    LEFT,
                    y,
                    Math.min(ratio, MOST) * UNIT,
                    ratio >= 1 ? "#2a7f62" : "#c0752a",
                    LEFT + Math.min(ratio, MOST) * UNIT + 6,
                    y + 15,
                    ratio));
        }
        svg.append(String.format(
                Locale.ROOT,
                "<line x1=\"%1$d\" x2=\"%1$d\" y1=\"30\" y2=\"%2$d\" stroke=\"black\" stroke-dasharray=\"4 3\"/>%n</svg>%n",
                LEFT + UNIT,
                height - ROW / 2));
        return svg.toString();
    }
}
