package io.varve.lsvd.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.System.Logger.Level;
import java.text.MessageFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.ResourceBundle;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SeldomLinesTest {
    private final List<String> lines = new ArrayList<>();
    private long nowNs = Long.MAX_VALUE - 5;

    private final SeldomLines seldom = new SeldomLines(
            new System.Logger() {
                @Override
                public String getName() {
                    return "it";
                }

                @Override
                public boolean isLoggable(final Level level) {
                    return true;
                }

                @Override
                public void log(
                        final Level level, final ResourceBundle bundle, final String line, final Throwable thrown) {
                    lines.add(line);
                }

                @Override
                public void log(
                        final Level level, final ResourceBundle bundle, final String format, final Object... values) {
                    lines.add(MessageFormat.format(format, values));
                }
            },
            () -> nowNs);

    @Test
    void theFirstIsToldAndThenOneAMinute() {
        for (int i = 0; i < 100; i++) {
            seldom.log(Level.ERROR, "no object {0} " + i);
        }
        assertThat(lines).containsExactly("no object {0} 0");
        nowNs += TimeUnit.SECONDS.toNanos(59);
        seldom.log(Level.ERROR, "no object x");
        assertThat(lines).hasSize(1);
        nowNs += TimeUnit.SECONDS.toNanos(1);
        seldom.log(Level.ERROR, "no object y");
        assertThat(lines.getLast()).isEqualTo("no object y; 100 such lines were left out before");
        nowNs += TimeUnit.SECONDS.toNanos(60);
        seldom.log(Level.ERROR, "no object z");
        assertThat(lines.getLast()).isEqualTo("no object z");
    }
}
