package io.varve.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FrontEndLogTest {
    private static final Logger LOGGER = Logger.getLogger("vhost-user");

    private final List<String> lines = new ArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(final LogRecord line) {
            lines.add(line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    private long nowNs = Long.MAX_VALUE - 5;
    private final FrontEndLog log = new FrontEndLog("disk", () -> nowNs);

    @BeforeEach
    void listen() {
        LOGGER.addHandler(handler);
    }

    @AfterEach
    void stopListening() {
        LOGGER.removeHandler(handler);
    }

    @Test
    void doesNotRepeatALineForAWhile() {
        for (int i = 0; i < 1000; i++) {
            log.warn("front-end dropped", " at " + i);
        }
        assertThat(lines).containsExactly("disk: front-end dropped at 0");
        nowNs += FrontEndLog.REPEAT_NS - 1;
        log.warn("front-end dropped");
        assertThat(lines).hasSize(1);
        nowNs++;
        log.warn("front-end dropped");
        assertThat(lines.getLast()).isEqualTo("disk: front-end dropped (lines left out before: 1000)");
        log.info("something else");
        assertThat(lines.getLast()).isEqualTo("disk: something else");
    }

    @Test
    void tellsSoManyDifferentLinesAndNoMore() {
        for (int i = 0; i < 1000; i++) {
            log.warn("line " + i);
        }
        assertThat(lines).hasSize(FrontEndLog.BURST);
        nowNs += FrontEndLog.REFILL_NS;
        for (int i = 0; i < 1000; i++) {
            log.warn("another " + i);
        }
        assertThat(lines).hasSize(FrontEndLog.BURST + 1);
        assertThat(lines.getLast()).isEqualTo("disk: another 0 (lines left out before: 990)");
        nowNs += 1000 * FrontEndLog.REFILL_NS;
        for (int i = 0; i < 1000; i++) {
            log.warn("line " + i);
        }
        assertThat(lines).hasSize(2 * FrontEndLog.BURST + 1);
    }
}
