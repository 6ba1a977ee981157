package io.varve.control;

import java.util.List;
import java.util.Map;

/** {@code snapshot.list}. */
@Method(name = "snapshot.list", doc = "Lists the snapshots of a volume, oldest first.")
public record SnapshotListCall(
        @Field(value = Texts.VOLUME, required = true) String volume,
        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<SnapshotListCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("as `snapshot.create` answers each") List<SnapshotDescription> snapshots) {}
}
