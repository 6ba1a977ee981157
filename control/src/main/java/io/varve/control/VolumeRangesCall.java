package io.varve.control;

import java.util.List;
import java.util.Map;

/** {@code volume.ranges}. */
@Method(
        name = "volume.ranges",
        doc = "Tells which parts of a disk hold data, in order, as the store has it: all others read as zeros. Of a"
                + " volume that is attached, what is not in the store yet is missing.")
public record VolumeRangesCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field("of this snapshot; of the volume as the store holds it now where it is not given")
        String snapshot,

        @Field("where to begin: `next` of the answer before")
        long offset,

        @Field(value = "most ranges to answer", byDefault = 1000, min = 1, max = 100_000)
        long limit,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements LongCall<VolumeRangesCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("size of the disk") long sizeBytes,

            @Field("what holds data, each as long as can be")
            List<BlockRange> ranges,

            @Field("where the next ones begin, or null when these are the last")
            Long next) {}
}
