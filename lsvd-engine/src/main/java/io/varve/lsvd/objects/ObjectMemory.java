package io.varve.lsvd.objects;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Gives memory for objects and what they are made of, and takes it back. */
public interface ObjectMemory {
    /** Memory that the garbage collector frees, for those who make few objects. */
    ObjectMemory COLLECTED = new ObjectMemory() {
        @Override
        public MemorySegment take(final long length) {
            return Arena.ofAuto().allocate(length, 64);
        }

        @Override
        public void give(final MemorySegment memory) {}
    };

    /** Memory of exactly this length in bytes, its contents undefined. */
    MemorySegment take(long length);

    /** Takes back what was given out, and what nobody reads or writes any more. */
    void give(MemorySegment memory);
}
