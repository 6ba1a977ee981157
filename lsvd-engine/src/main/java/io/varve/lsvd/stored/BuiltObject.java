package io.varve.lsvd.stored;

import java.lang.foreign.MemorySegment;

/** A data object that is ready for upload, and what is in it. */
public record BuiltObject(ObjectLayout layout, MemorySegment bytes) {
    /** What has become of a layout, which says now how long the object is. */
    public static BuiltObject of(final ObjectLayout layout, final MemorySegment bytes) {
        return new BuiltObject(layout.withObjectLength(bytes.byteSize()), bytes);
    }
}
