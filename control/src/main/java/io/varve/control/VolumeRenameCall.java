package io.varve.control;

import java.util.Map;

/** {@code volume.rename}. */
@Method(
        name = "volume.rename",
        doc = "Gives a volume that is not attached another name. It stays the same volume, with its uuid, snapshots"
                + " and clones.")
public record VolumeRenameCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(value = "the new name", required = true) String to,
        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<VolumeDescription> {}
