package io.varve.launcher.metrics;

import java.math.BigDecimal;

/**
 * Builds a text in Prometheus' exposition format, version 0.0.4: each metric begins with its help and type, samples follow. All
 * samples carry the same first label, if any.
 */
final class MetricsText {
    private final StringBuilder text = new StringBuilder(8 << 10);
    private final String label;
    private String metric;

    /**
     * Begins a text.
     *
     * @param name  of the label of all samples.
     * @param value of it.
     */
    MetricsText(final String name, final String value) {
        label = name + "=\"" + value + '"';
    }

    /** Begins a text whose samples have no label in common. */
    MetricsText() {
        label = "";
    }

    /** Begins a metric. */
    void begin(final String name, final String type, final String help) {
        metric = name;
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    /** A metric of one sample. */
    void gauge(final String name, final String help, final long value) {
        begin(name, "gauge", help);
        sample(value);
    }

    /** A metric of one sample. */
    void gauge(final String name, final String help, final boolean value) {
        gauge(name, help, value ? 1 : 0);
    }

    /** A metric of one sample. */
    void counter(final String name, final String help, final long value) {
        begin(name, "counter", help);
        sample(value);
    }

    /** A sample without further labels. */
    void sample(final long value) {
        sample("", new String[0], Long.toString(value));
    }

    /** A sample with one further label. */
    void sample(final String name, final String labelValue, final long value) {
        sample("", new String[] {name, labelValue}, Long.toString(value));
    }

    /**
     * A sample.
     *
     * @param suffix of the metric's name.
     * @param labels names and values in turn; the values hold no quotes, back-slashes or line breaks.
     */
    void sample(final String suffix, final String[] labels, final String value) {
        text.append(metric).append(suffix);
        final StringBuilder all = new StringBuilder(label);
        for (int i = 0; i < labels.length; i += 2) {
            all.append(all.isEmpty() ? "" : ",")
                    .append(labels[i])
                    .append("=\"")
                    .append(labels[i + 1])
                    .append('"');
        }
        if (!all.isEmpty()) {
            text.append('{').append(all).append('}');
        }
        text.append(' ').append(value).append('\n');
    }

    /** A time in seconds. */
    static String seconds(final long ns) {
        return BigDecimal.valueOf(ns, 9).stripTrailingZeros().toPlainString();
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
