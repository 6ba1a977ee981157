package io.varve.launcher.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PollWindowTest {
    private static final long MOST_NS = 100_000;

    private final PollWindow window = new PollWindow(MOST_NS);

    @Test
    void isOpenAtFirst() {
        assertThat(window.isOpen(MOST_NS - 1)).isTrue();
        assertThat(window.isOpen(MOST_NS)).isFalse();
    }

    @Test
    void closesStepByStepWhenNothingComesInTime() {
        window.onWoken(MOST_NS + 1);
        assertThat(window.isOpen(MOST_NS / 2 - 1)).isTrue();
        assertThat(window.isOpen(MOST_NS / 2)).isFalse();
        for (int i = 0; i < 5; i++) {
            window.onWoken(1_000_000_000);
        }
        assertThat(window.isOpen(0)).isFalse();
    }

    @Test
    void opensAgainWhenPollingWouldHaveMetWhatCame() {
        for (int i = 0; i < 10; i++) {
            window.onWoken(MOST_NS + 1);
        }
        window.onWoken(MOST_NS);
        assertThat(window.isOpen(PollWindow.FIRST_NS - 1)).isTrue();
        assertThat(window.isOpen(PollWindow.FIRST_NS)).isFalse();
        for (int i = 0; i < 10; i++) {
            window.onWoken(MOST_NS);
        }
        assertThat(window.isOpen(MOST_NS - 1)).isTrue();
        assertThat(window.isOpen(MOST_NS)).isFalse();
    }

    @Test
    void staysClosedWhereThereIsNoPolling() {
        final PollWindow none = new PollWindow(0);
        none.onWoken(0);
        assertThat(none.isOpen(0)).isFalse();
    }
}
