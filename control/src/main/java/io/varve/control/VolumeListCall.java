package io.varve.control;

import java.util.List;
import java.util.Map;

/** {@code volume.list}. */
@Method(
        name = "volume.list",
        doc = "Lists the volumes of a store. With `limit` it does so by pages, each of which reads its own volumes"
                + " only. With `names_only` it reads none of them: that takes one listing of names, however many"
                + " there are.")
public record VolumeListCall(
        @Field("where to begin: `next` of the answer before")
        String after,

        @Field(value = "most volumes to answer; 0 for all", max = 10_000)
        long limit,

        @Field("whether names are all that is wanted") boolean namesOnly,
        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<VolumeListCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("as `volume.info` answers each, but for `parent`; empty with `names_only`")
            List<VolumeDescription> volumes,

            @Field(value = "their names, with `names_only`", omitted = true)
            List<String> names,

            @Field(value = "what to give as `after` for the next page, where there may be one", omitted = true)
            String next) {}
}
