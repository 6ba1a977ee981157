package io.varve.lsvd.write;

import io.varve.linux.IoVec;
import io.varve.lsvd.format.Blocks;
import java.lang.foreign.Arena;

/** Private memory for the blocks that a {@link Mutation} covers in part: its first and its last. Made once and used again. */
final class Edges {
    final IoVec headVector = new IoVec();
    final IoVec tailVector = new IoVec();

    /** Makes some whose memory the arena frees. */
    Edges(final Arena arena) {
        final long address = arena.allocate(2L * Blocks.SIZE, Blocks.SIZE).address();
        headVector.add(address, Blocks.SIZE);
        tailVector.add(address + Blocks.SIZE, Blocks.SIZE);
    }

    long headAddress() {
        return headVector.address(0);
    }

    long tailAddress() {
        return tailVector.address(0);
    }
}
