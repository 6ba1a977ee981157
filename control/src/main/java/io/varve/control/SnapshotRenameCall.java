package io.varve.control;

import java.util.Map;

/** {@code snapshot.rename}. */
@Method(name = "snapshot.rename", doc = "Gives a snapshot another name.")
public record SnapshotRenameCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(value = Texts.SNAPSHOT, required = true) String snapshot,
        @Field(value = "the new name", required = true) String to,
        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<SnapshotDescription> {}
