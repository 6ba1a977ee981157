package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final StringWriter err = new StringWriter();
    private long nowNs = 5;

    private Progress progress(final boolean isTerminal, final Boolean isAsked) {
        return new Progress(new PrintWriter(err, true), isTerminal, isAsked, () -> nowNs);
    }

    private void show(final Progress progress, final long seconds) {
        nowNs += TimeUnit.SECONDS.toNanos(seconds);
        progress.show("imported", 1, 4, 1 << 20);
    }

    @Test
    void isToldNowAndThenWithoutATerminalAndWithoutBeingAskedFor() {
        final Progress progress = progress(false, null);
        show(progress, 29);
        assertThat(err).hasToString("");
        show(progress, 1);
        assertThat(err).hasToString("varve:  25% 1M imported, 34.1K/s\n");
        show(progress, 29);
        show(progress, 1);
        assertThat(err.toString()).hasLineCount(2);
    }

    @Test
    void isToldMoreOftenWhenAskedForAndNeverWhenAskedNotTo() {
        final Progress asked = progress(false, true);
        show(asked, 0);
        show(asked, 4);
        show(asked, 1);
        assertThat(err.toString()).hasLineCount(2);
        show(progress(false, false), 100);
        show(progress(true, false), 100);
        assertThat(err.toString()).hasLineCount(2);
    }
}
