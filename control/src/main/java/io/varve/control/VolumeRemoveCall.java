package io.varve.control;

import java.util.Map;

/** {@code volume.remove}. */
@Method(name = "volume.remove", doc = "Removes a volume, with its snapshots. One that is not there counts as removed.")
public record VolumeRemoveCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements LongCall<RemovalAnswer> {}
