package io.varve.control;

import java.util.List;

/** A snapshot. */
public record SnapshotDescription(
        @Field("its name, without the volume's") String name,
        @Field("size of the disk then") long sizeBytes,
        @Field("when it was taken") String created,
        @Field("whether it is not to be removed") boolean isProtected,
        @Field("of the checkpoint that holds its map") long sequence,

        @Field("names of its clones; the identity of one that has no name yet")
        List<String> clones,

        @Field(value = "of one that was taken under a guest: after how long it was durable", omitted = true)
        Long takenUs) {}
