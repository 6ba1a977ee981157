package io.varve.control;

import java.util.Map;

/** {@code snapshot.create}. */
@Method(
        name = "snapshot.create",
        doc = "Takes a snapshot, and answers when it is in the store. Of a volume that is attached it is taken under"
                + " the guest, between two of its requests.")
public record SnapshotCreateCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(value = Texts.SNAPSHOT, required = true) String snapshot,
        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<SnapshotDescription> {}
