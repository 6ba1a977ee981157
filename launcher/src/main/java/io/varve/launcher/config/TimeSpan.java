package io.varve.launcher.config;

import io.varve.launcher.UserException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spans of time as users write them: a whole number with us, ms, s or m. */
public final class TimeSpan {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})(us|ms|s|m)");

    private TimeSpan() {}

    /**
     * Reads a span such as {@code 50us} or {@code 20s}.
     *
     * @throws UserException when the text is none.
     */
    public static Duration parse(final String text) {
        final Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches()) {
            throw new UserException(
                    "'" + text + "' is not a span of time: give a whole number with us, ms, s or m (20s)");
        }
        final ChronoUnit unit = switch (matcher.group(2)) {
            case "us" -> ChronoUnit.MICROS;
            case "ms" -> ChronoUnit.MILLIS;
            case "s" -> ChronoUnit.SECONDS;
            default -> ChronoUnit.MINUTES;
        };
        return Duration.of(Long.parseLong(matcher.group(1)), unit);
    }

    /** Writes a span in the largest unit that it is a whole number of: {@code 1500ms}, {@code 90s}, {@code 2m}. */
    public static String formatMillis(final long ms) {
        if (ms % 60_000 == 0 && ms != 0) {
            return ms / 60_000 + "m";
        }
        return ms % 1000 == 0 ? ms / 1000 + "s" : ms + "ms";
    }
}
