package io.varve.virtqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.IoVec;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a chain may cost, however its memory is cut. */
class DescriptorChainTest {
    private static final int REGION_SIZE = 4096;

    /** Regions side by side, whose memory here is not. */
    private static GuestMemory manyRegions() {
        final List<GuestMemory.Region> regions = new ArrayList<>();
        for (long i = 0; i < GuestMemory.MAX_REGIONS; i++) {
            regions.add(new GuestMemory.Region(i * REGION_SIZE, REGION_SIZE, (1L << 40) + 2 * i * REGION_SIZE));
        }
        return new GuestMemory(regions);
    }

    @Test
    void hasNoMorePiecesThanItMay() {
        final GuestMemory memory = manyRegions();
        final DescriptorChain chain = new DescriptorChain();
        int added = 0;
        while (!chain.isRefused()) {
            chain.add(memory, 0, GuestMemory.MAX_REGIONS * REGION_SIZE, added > 1);
            added++;
        }
        assertThat(added).isEqualTo(DescriptorChain.MAX_PIECES / GuestMemory.MAX_REGIONS + 1);
        for (int i = 0; i < DescriptorChain.MAX_DESCRIPTORS; i++) {
            chain.add(memory, 0, GuestMemory.MAX_REGIONS * REGION_SIZE, true);
        }
        assertThat(chain.readable().count() + chain.writable().count())
                .isLessThanOrEqualTo(DescriptorChain.MAX_PIECES + GuestMemory.MAX_REGIONS);
        assertThat(chain.end(memory)).isTrue();
    }

    @Test
    void mayCrossFromOneRegionIntoTheNextWithEveryDescriptor() {
        final GuestMemory memory = manyRegions();
        final DescriptorChain chain = new DescriptorChain();
        for (int i = 0; i < DescriptorChain.MAX_DESCRIPTORS; i++) {
            chain.add(memory, REGION_SIZE - 512, 1024, true);
        }
        assertThat(chain.isRefused()).isFalse();
        chain.add(memory, 0, 1, true);
        assertThat(chain.isRefused()).isTrue();
    }

    @Test
    void leavesNoMoreMemoryBehindThanItMay() {
        final BufferLists lists = new BufferLists();
        final List<IoVec> inFlight = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            final IoVec list = lists.take();
            for (int piece = 0; piece < DescriptorChain.MAX_PIECES; piece++) {
                list.add(2L * piece * REGION_SIZE, REGION_SIZE);
            }
            inFlight.add(list);
        }
        inFlight.forEach(lists::give);
        assertThat(lists.entries()).isBetween(DescriptorChain.MAX_PIECES, BufferLists.MAX_KEPT_ENTRIES);
        assertThat(lists.take().count()).isZero();
        for (int i = 0; i < 2 * BufferLists.MAX_KEPT_ENTRIES / IoVec.INITIAL_CAPACITY; i++) {
            lists.give(new IoVec());
        }
        assertThat(lists.entries()).isLessThanOrEqualTo(BufferLists.MAX_KEPT_ENTRIES);
    }
}
