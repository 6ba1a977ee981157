package io.varve.control;

import java.util.Map;

/** {@code snapshot.rollback}. */
@Method(
        name = "snapshot.rollback",
        doc = "Has a volume that nobody has open go back to a snapshot, its size as well. What was written since is"
                + " lost, but for what later snapshots hold.")
public record SnapshotRollbackCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(value = Texts.SNAPSHOT, required = true) String snapshot,
        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements LongCall<VolumeDescription> {}
