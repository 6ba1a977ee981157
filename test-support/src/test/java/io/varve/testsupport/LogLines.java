package io.varve.testsupport;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What is logged under a name. */
final class LogLines extends Handler {
    private final Logger logger;
    private final List<String> lines = new CopyOnWriteArrayList<>();

    /** Begins to listen. */
    LogLines(final String name) {
        logger = Logger.getLogger(name);
        logger.addHandler(this);
    }

    /** All lines so far. */
    List<String> lines() {
        return lines;
    }

    @Override
    public void publish(final LogRecord line) {
        lines.add(line.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
    }
}
