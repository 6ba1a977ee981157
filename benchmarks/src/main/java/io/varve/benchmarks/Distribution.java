package io.varve.benchmarks;

import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/** Which block is written next. */
@FunctionalInterface
public interface Distribution {
    /** The next block. */
    int next(Random random);

    /**
     * Finds a distribution by its name: {@code uniform}, or {@code zipf} and an exponent, whose ranks are scattered over the disk.
     *
     * @throws IllegalArgumentException one line for people.
     */
    static Distribution of(final String name, final int blocks) {
        if (name.equals("uniform")) {
            return random -> random.nextInt(blocks);
        }
        if (name.matches("zipf[0-9](\\.[0-9]+)?")) {
            return zipf(blocks, Double.parseDouble(name.substring("zipf".length())));
        }
        throw new IllegalArgumentException(
                String.format(Locale.ROOT, "no distribution '%s': it is uniform or such as zipf1.1", name));
    }

    private static Distribution zipf(final int blocks, final double exponent) {
        final double[] upTo = new double[blocks];
        double sum = 0;
        for (int i = 0; i < blocks; i++) {
            sum += Math.pow(i + 1, -exponent);
            upTo[i] = sum;
        }
        final double all = sum;
        final int[] places = new int[blocks];
        final Random scatter = new Random(blocks);
        for (int i = 0; i < blocks; i++) {
            final int j = scatter.nextInt(i + 1);
            places[i] = places[j];
            places[j] = i;
        }
        return random -> {
            final int found = Arrays.binarySearch(upTo, random.nextDouble() * all);
            return places[Math.min(blocks - 1, found >= 0 ? found : -found - 1)];
        };
    }
}
