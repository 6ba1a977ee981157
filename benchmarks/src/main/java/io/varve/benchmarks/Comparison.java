package io.varve.benchmarks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Rounds of one workload, each with a run of Varve and one of the other, right after each other. */
final class Comparison {
    private final Workload workload;
    private final List<Measurement> varve = new ArrayList<>();
    private final List<Measurement> other = new ArrayList<>();

    Comparison(final Workload workload) {
        this.workload = workload;
    }

    void add(final Measurement ofVarve, final Measurement ofOther) {
        varve.add(ofVarve);
        other.add(ofOther);
    }

    Workload workload() {
        return workload;
    }

    /** The median over the rounds of the ratio of Varve's figure to the other's in the same round. */
    double ratio(final ToDoubleFunction<Measurement> figure) {
        final List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < varve.size(); i++) {
            ratios.add(figure.applyAsDouble(varve.get(i)) / figure.applyAsDouble(other.get(i)));
        }
        return median(ratios);
    }

    double varve(final ToDoubleFunction<Measurement> figure) {
        return median(varve.stream().map(figure::applyAsDouble).toList());
    }

    double other(final ToDoubleFunction<Measurement> figure) {
        return median(other.stream().map(figure::applyAsDouble).toList());
    }

    /** The least and greatest ratio of requests a second, to tell how sure the median is. */
    String spread() {
        double least = Double.MAX_VALUE;
        double greatest = 0;
        for (int i = 0; i < varve.size(); i++) {
            final double ratio = varve.get(i).requestsPerSecond() / other.get(i).requestsPerSecond();
            least = Math.min(least, ratio);
            greatest = Math.max(greatest, ratio);
        }
        return String.format(Locale.ROOT, "%.2f-%.2f", least, greatest);
    }

    private static double median(final List<Double> values) {
        final List<Double> sorted =
                values.stream().sorted(Comparator.naturalOrder()).toList();
        final int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
