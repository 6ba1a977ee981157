package io.varve.launcher.logging;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LineLayoutTest {
    private final Logger logger = new LoggerContext().getLogger("io.varve.some.Thing");

    @AfterEach
    void restoreLevel() {
        Logging.setLevel(System.Logger.Level.INFO);
    }

    @Test
    void aMessageIsOneLine() {
        assertThat(new LineLayout().doLayout(event(Level.WARN, null)))
                .isEqualTo("2026-01-02T03:04:05.678Z WARN  lost 3 of 4\n");
        Logging.setLevel(System.Logger.Level.DEBUG);
        assertThat(new LineLayout().doLayout(event(Level.WARN, null)))
                .isEqualTo("2026-01-02T03:04:05.678Z WARN  Thing: lost 3 of 4\n");
    }

    @Test
    void anExceptionStaysOnTheLineUnlessDebugging() {
        final LoggingEvent event = event(Level.ERROR, new IllegalStateException("why"));
        assertThat(new LineLayout().doLayout(event)).isEqualTo("2026-01-02T03:04:05.678Z ERROR lost 3 of 4: why\n");
        Logging.setLevel(System.Logger.Level.DEBUG);
        assertThat(new LineLayout().doLayout(event)).contains("\tat " + LineLayoutTest.class.getName());
    }

    @Test
    void theLibrariesLoggerIsBridged() {
        assertThat(System.getLogger("io.varve.test").getClass().getName()).startsWith("org.slf4j.jdk.platform.logging");
    }

    @Test
    void whatLibrariesWarnOfIsLeftOutUnlessDebugging() {
        assertThat(configured()
                        .getLogger("io.netty.channel.DefaultChannelPipeline")
                        .isWarnEnabled())
                .isFalse();
        assertThat(configured().getLogger("io.varve.s3.S3Connection").isWarnEnabled())
                .isTrue();
        Logging.setLevel(System.Logger.Level.DEBUG);
        assertThat(configured()
                        .getLogger("io.netty.channel.DefaultChannelPipeline")
                        .isWarnEnabled())
                .isTrue();
    }

    private static LoggerContext configured() {
        final LoggerContext context = new LoggerContext();
        new LogConfigurator().configure(context);
        return context;
    }

    private LoggingEvent event(final Level level, final Throwable thrown) {
        final LoggingEvent event = new LoggingEvent("", logger, level, "lost {} of {}", thrown, new Object[] {3, 4});
        event.setInstant(Instant.parse("2026-01-02T03:04:05.678Z"));
        return event;
    }
}
