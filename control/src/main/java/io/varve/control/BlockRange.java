package io.varve.control;

/** A part of a disk. */
public record BlockRange(
        @Field("where it begins, in bytes") long offset,
        @Field("how long it is, in bytes") long length) {}
