package io.varve.control;

import java.util.Map;

/** {@code volume.resize}. */
@Method(
        name = "volume.resize",
        doc = "Changes the size of a volume. One that is attached **grows under its guest**, which is told at once,"
                + " or when its rings start next; it can't become smaller then.")
public record VolumeResizeCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(value = "the new size", required = true) long sizeBytes,

        @Field("whether it may become smaller: what lies beyond is lost for good")
        boolean allowShrink,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<VolumeDescription> {}
