package io.varve.control;

import java.util.Map;

/** {@code volume.info}. */
@Method(name = "volume.info", doc = "Tells what the store knows of a volume.")
public record VolumeInfoCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<VolumeDescription> {}
