package io.varve.control;

import java.util.Map;

/** {@code volume.clone}. */
@Method(name = "volume.clone", doc = "Makes a volume that begins as a snapshot and shares its data.")
public record VolumeCloneCall(
        @Field(value = "name of the clone", required = true) String volume,

        @Field(namesVolume = true, value = "the snapshot, as `VOLUME@SNAPSHOT`", required = true)
        String from,

        @Field("size of the disk; 0 for the snapshot's, else no smaller")
        long sizeBytes,

        @Field("of its settings, as those of `volume.set`; the others are as the snapshot's volume has them")
        Map<String, String> changes,

        @Field(
                value = "whoever asks again with the same token and the same parameters gets the same answer,"
                        + " also of another daemon; without one, or with another, a name that is taken is"
                        + " refused",
                maxLength = 128)
        String token,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements LongCall<VolumeDescription> {}
