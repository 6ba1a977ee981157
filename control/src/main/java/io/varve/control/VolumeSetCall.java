package io.varve.control;

import java.util.Map;

/** {@code volume.set}. */
@Method(
        name = "volume.set",
        doc = "Changes settings of a volume, open or not, from the next time on that it is opened.")
public record VolumeSetCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field("as an object of texts: `{\"durability\": \"store\"}`; there are `durability`,"
                + " `max-unsent-bytes`, `max-unsent-age`, `fence-timeout` and `compression`")
        Map<String, String> changes,

        @Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<VolumeDescription> {}
