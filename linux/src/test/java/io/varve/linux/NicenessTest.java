package io.varve.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class NicenessTest {
    @Test
    void isThatOfOneThread() throws InterruptedException {
        final int own = Libc.getpriority(0, 0);
        final AtomicInteger seen = new AtomicInteger();
        final Thread thread = new Thread(Background.task(() -> seen.set(Libc.getpriority(0, 0))));
        thread.start();
        thread.join();
        assertThat(seen.get()).isEqualTo(Math.max(own, Niceness.BACKGROUND));
        assertThat(Libc.getpriority(0, 0)).isEqualTo(own);
    }
}
