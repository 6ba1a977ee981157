package io.varve.lsvd.stored;

import java.lang.foreign.MemorySegment;

/** A data object that is ready for upload, and what is in it. */
public record BuiltObject(ObjectLayout layout, MemorySegment bytes) {}
