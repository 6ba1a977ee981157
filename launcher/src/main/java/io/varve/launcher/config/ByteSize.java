package io.varve.launcher.config;

import io.varve.launcher.UserException;
import java.util.Locale;

/** Sizes in bytes as users write and read them: a number, with K, M, G or T for powers of 1024. */
public final class ByteSize {
    private static final String UNITS = "KMGT";
    private static final int UNIT_SHIFT = 10;

    private ByteSize() {}

    /**
     * Reads a size such as {@code 4096}, {@code 512M} or {@code 10g}.
     *
     * @return bytes, 0 or more.
     * @throws UserException when the text is no size, or beyond 2^63 - 1 bytes.
     */
    public static long parse(final String text) {
        final String trimmed = text.strip();
        final int last = trimmed.length() - 1;
        final int unit = last < 0 ? -1 : UNITS.indexOf(Character.toUpperCase(trimmed.charAt(last)));
        final String digits = unit < 0 ? trimmed : trimmed.substring(0, last);
        if (digits.isEmpty() || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new UserException(
                    "'" + text + "' is not a size: give bytes, or a whole number with K, M, G or T (10G)");
        }
        try {
            return Math.multiplyExact(Long.parseLong(digits), 1L << UNIT_SHIFT * (unit + 1));
        } catch (final ArithmeticException | NumberFormatException e) {
            throw new UserException("'" + text + "' is too large a size", e);
        }
    }

    /** Writes a size for people as {@link #format}, and bytes as such: {@code 616B}. */
    public static String label(final long bytes) {
        return Math.abs(bytes) < 1 << UNIT_SHIFT ? bytes + "B" : format(bytes);
    }

    /** Writes a size for people: exact where a unit fits ({@code 10G}), else with one decimal ({@code 1.5G}). */
    public static String format(final long bytes) {
        int unit = 0;
        while (unit < UNITS.length() && bytes >>> UNIT_SHIFT * (unit + 1) != 0) {
            unit++;
        }
        if (unit == 0) {
            return Long.toString(bytes);
        }
        final long one = 1L << UNIT_SHIFT * unit;
        final char name = UNITS.charAt(unit - 1);
        return bytes % one == 0
                ? Long.toString(bytes / one) + name
                : String.format(Locale.ROOT, "%.1f%c", (double) bytes / one, name);
    }
}
