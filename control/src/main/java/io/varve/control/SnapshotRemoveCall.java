package io.varve.control;

import java.util.Map;

/** {@code snapshot.remove}. */
@Method(
        name = "snapshot.remove",
        doc = "Removes a snapshot; one that is not there counts as removed. Whoever has the volume open, now or"
                + " next, gives the space back.")
public record SnapshotRemoveCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(value = Texts.SNAPSHOT, required = true) String snapshot,
        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<RemovalAnswer> {}
