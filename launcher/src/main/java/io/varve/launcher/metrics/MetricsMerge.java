package io.varve.launcher.metrics;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Joins the figures of several volumes into one text: each metric's help and type once, then the samples of all. */
public final class MetricsMerge {
    private static final String HELP = "# HELP ";
    private static final String TYPE = "# TYPE ";

    private MetricsMerge() {}

    /** Joins texts of {@link VolumeMetrics#text()}. */
    public static String merge(final List<String> texts) {
        final Map<String, StringBuilder> samplesByHead = new LinkedHashMap<>();
        for (final String text : texts) {
            String head = "";
            for (final String line : (Iterable<String>) text.lines()::iterator) {
                if (line.startsWith(HELP)) {
                    head = line + "\n";
                } else if (line.startsWith(TYPE)) {
                    head += line + "\n";
                } else {
                    samplesByHead
                            .computeIfAbsent(head, key -> new StringBuilder())
                            .append(line)
                            .append('\n');
                }
            }
        }
        final StringBuilder all = new StringBuilder();
        samplesByHead.forEach((head, samples) -> all.append(head).append(samples));
        return all.toString();
    }
}
