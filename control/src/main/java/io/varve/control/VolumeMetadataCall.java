package io.varve.control;

import java.util.List;
import java.util.Map;

/** {@code volume.metadata}. */
@Method(
        name = "volume.metadata",
        doc = "Changes what programs have noted of a volume, and tells all of it: keys and texts of at most 64 KiB"
                + " together, which mean nothing to Varve. They are kept in the store, with the volume. What is"
                + " longer than a line may be is noted by several calls.")
public record VolumeMetadataCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field("texts to note, by their keys, of at most 255 bytes each")
        Map<String, String> set,

        @Field("keys to forget") List<String> remove,
        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<VolumeMetadataCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("its name") String volume,
            @Field("all that is noted now") Map<String, String> metadata) {}
}
