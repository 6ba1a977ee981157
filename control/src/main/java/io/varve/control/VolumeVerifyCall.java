package io.varve.control;

import java.util.List;
import java.util.Map;

/** {@code volume.verify}. */
@Method(
        name = "volume.verify",
        doc = "Reads everything that a volume and its snapshots need of the store, and checks every checksum and"
                + " reference. The volume may be attached meanwhile.")
public record VolumeVerifyCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field("reads at most so much in a second; 0 for as much as there is")
        long rateBytes,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements LongCall<VolumeVerifyCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("its name") String volume,
            @Field("its identity") String uuid,
            @Field("whether nothing is damaged") boolean well,
            @Field("objects that were read") long objects,
            @Field("their size") long bytes,
            @Field("what is damaged, at most 1000 of it") List<Finding> findings) {}

    /** Something that is damaged. */
    public record Finding(
            @Field("the object") String object,
            @Field("what is wrong with it") String problem,
            @Field("the snapshot that needs it, or null") String snapshot,
            @Field("how much of the disk is affected") long affectedBytes,
            @Field("in how many ranges") long affectedRanges,
            @Field("the first 1000 of them") List<BlockRange> ranges) {}
}
