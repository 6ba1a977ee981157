package io.varve.lsvd.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FillPoolTest {
    private int refusals;

    /** As queues for many threads do, it refuses beside a taker that is slow, whatever room it has. */
    private final ArrayDeque<Fill> free = new ArrayDeque<>() {
        @Override
        public boolean offer(final Fill fill) {
            return refusals-- <= 0 && super.offer(fill);
        }
    };

    private final FillPool pool = new FillPool(free);

    @Test
    void makesNoMoreThanItMay() {
        assertThat(takeAll()).hasSize(FillPool.SIZE).doesNotHaveDuplicates();
        assertThat(pool.take()).isNull();
    }

    @Test
    void whatTheQueueRefusesComesBackOnceAllTheSame() {
        final List<Fill> all = takeAll();
        refusals = 1;
        pool.giveBack(all.subList(0, 16));
        assertThat(free).isEmpty();
        refusals = 0;
        pool.giveBack(all.subList(16, 32));
        pool.offerAgain();
        pool.giveBack(all.subList(32, FillPool.SIZE));
        assertThat(takeAll()).hasSize(FillPool.SIZE).doesNotHaveDuplicates();
    }

    private List<Fill> takeAll() {
        final List<Fill> taken = new ArrayList<>();
        for (Fill fill = pool.take(); fill != null; fill = pool.take()) {
            taken.add(fill);
        }
        return taken;
    }
}
