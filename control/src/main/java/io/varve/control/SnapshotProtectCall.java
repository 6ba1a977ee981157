package io.varve.control;

import java.util.Map;

/** {@code snapshot.protect}. */
@Method(name = "snapshot.protect", doc = "Lets a snapshot not be removed, or be removed again.")
public record SnapshotProtectCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(value = Texts.SNAPSHOT, required = true) String snapshot,
        @Field("whether it is not to be removed") boolean isProtected,
        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<SnapshotDescription> {}
