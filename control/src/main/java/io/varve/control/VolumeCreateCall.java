package io.varve.control;

import java.util.Map;

/** {@code volume.create}. */
@Method(name = "volume.create", doc = "Makes a volume. It takes no space until it is written to.")
public record VolumeCreateCall(
        @Field(value = "its name", required = true) String volume,
        @Field(value = "size of the disk", required = true) long sizeBytes,
        @Flat VolumeSettingsFields options,
        @Field("whether the store is not tried before") boolean allowUnfitStore,

        @Field(
                value = "whoever asks again with the same token and the same parameters gets the same answer,"
                        + " also of another daemon; without one, or with another, a name that is taken is"
                        + " refused",
                maxLength = 128)
        String token,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<VolumeDescription> {}
