package io.varve.control;

import java.util.Map;

/** {@code volume.fence}. */
@Method(
        name = "volume.fence",
        doc = "Shuts out whoever writes a volume, on whatever host, without opening it: the writer can put nothing"
                + " more into the store, and fails every request once it notices. What it has acknowledged and not"
                + " put into the store stays in its log. A volume that nobody writes is left as it is.")
public record VolumeFenceCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<VolumeFenceCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("its name") String name,
            @Field("its identity") String uuid,
            @Field("`closed`: nobody wrote it; or `fenced`") String state,
            @Flat Writer writer,
            @Field("the last object in the store") long storedObject,

            @Field("the last record of the writer's log that is in the store")
            long storedRecord,

            @Field("what may be missing of what was acknowledged, for people, or null")
            String mayBeMissing) {}

    /** Who has written it. */
    public record Writer(
            @Field("its epoch") long epoch,

            @Field("host and process, or null when nobody has")
            String writer,

            @Field("since when, or null") String since) {}
}
