package io.varve.launcher.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.launcher.UserException;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimeSpanTest {
    @ParameterizedTest
    @CsvSource({"0s, PT0S", "50us, PT0.00005S", "250ms, PT0.25S", "20s, PT20S", "2m, PT2M"})
    void readsSpans(final String text, final Duration span) {
        assertThat(TimeSpan.parse(text)).isEqualTo(span);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "20", "s", "-1s", "1.5s", "20 s", "1h", "12345678901s"})
    void refusesTheRest(final String text) {
        assertThatThrownBy(() -> TimeSpan.parse(text))
                .isInstanceOf(UserException.class)
                .hasMessage("'" + text + "' is not a span of time: give a whole number with us, ms, s or m (20s)");
    }
}
