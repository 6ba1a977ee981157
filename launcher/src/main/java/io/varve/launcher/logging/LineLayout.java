package io.varve.launcher.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * {@code TIME LEVEL MESSAGE}; where debugging is asked for, who logs comes before the message, and the trace of an exception follows.
 */
final class LineLayout extends LayoutBase<ILoggingEvent> {
    private static final int LEVEL_WIDTH = 5;

    @Override
    public String doLayout(final ILoggingEvent event) {
        final StringBuilder line = new StringBuilder(160);
        final Instant time = Instant.ofEpochMilli(event.getTimeStamp()).truncatedTo(ChronoUnit.MILLIS);
        line.append(time).append(' ').append(event.getLevel());
        line.repeat(' ', LEVEL_WIDTH + 1 - event.getLevel().levelStr.length());
        final boolean isDebugging = Logging.level().getSeverity() <= System.Logger.Level.DEBUG.getSeverity();
        if (isDebugging) {
            line.append(event.getLoggerName().substring(event.getLoggerName().lastIndexOf('.') + 1))
                    .append(": ");
        }
        line.append(event.getFormattedMessage());
        final IThrowableProxy thrown = event.getThrowableProxy();
        if (thrown != null) {
            line.append(": ").append(thrown.getMessage() == null ? thrown.getClassName() : thrown.getMessage());
        }
        line.append('\n');
        if (thrown != null && isDebugging) {
            line.append(ThrowableProxyUtil.asString(thrown)).append('\n');
        }
        return line.toString();
    }
}
