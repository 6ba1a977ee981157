package io.varve.control;

import java.util.Map;

/** {@code volume.du}. */
@Method(
        name = "volume.du",
        doc = "Counts what a volume takes of its store, by reading its newest checkpoint and what follows.")
public record VolumeDuCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements LongCall<VolumeDuCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("its name") String name,
            @Field("its identity") String uuid,
            @Field("size of the disk") long sizeBytes,
            @Field("how much of it is mapped") long mappedBytes,
            @Flat Stored stored,
            @Field("objects in the store") long objects,
            @Field("what would be free without it") long freedBytes,
            @Field("clones that need its data") long clones) {}

    /** Its objects, by what they are good for. */
    public record Stored(
            @Field("what is live") long liveBytes,
            @Field("what is not") long garbageBytes,
            @Field("what only snapshots need") long snapshotBytes,
            @Field("checkpoints, headers and the like") long otherBytes,
            @Field("all of it") long storedBytes) {}
}
