package io.varve.control;

import java.util.List;
import java.util.Map;

/** {@code volume.changes}. */
@Method(
        name = "volume.changes",
        doc = "Tells what has changed since a snapshot, in order, to the block of 4 KiB. Every page takes as long as"
                + " all of it would: ask for long ones.")
public record VolumeChangesCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(value = "the snapshot that it is a difference to", required = true)
        String from,

        @Field("up to this snapshot; to the volume as the store holds it now where it is not given")
        String to,

        @Field("where to begin: `next` of the answer before")
        long offset,

        @Field(value = "most ranges to answer", byDefault = 10_000, min = 1, max = 100_000)
        long limit,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements LongCall<VolumeChangesCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("size of the disk at the later time") long sizeBytes,
            @Field("what was written and is not as it was") List<BlockRange> written,
            @Field("what was discarded, and reads as zeros") List<BlockRange> discarded,

            @Field("where the next ones begin, or null when these are the last")
            Long next) {}
}
