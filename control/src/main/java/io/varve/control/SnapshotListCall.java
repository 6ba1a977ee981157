package io.varve.control;

import java.util.List;
import java.util.Map;

/** {@code snapshot.list}. */
@Method(name = "snapshot.list", doc = "Lists the snapshots of a volume, oldest first.")
public record SnapshotListCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field("where to begin: `next` of the answer before")
        String after,

        @Field(value = "most snapshots to answer; 0 for all", max = 10_000)
        long limit,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<SnapshotListCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("as `snapshot.create` answers each") List<SnapshotDescription> snapshots,

            @Field(value = "what to give as `after` for the next page, where there is one", omitted = true)
            String next) {}
}
