package io.varve.control;

import java.util.List;
import java.util.Map;

/** {@code volume.list}. */
@Method(name = "volume.list", doc = "Lists the volumes of a store, by name.")
public record VolumeListCall(@Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<VolumeListCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("as `volume.info` answers each, but for `parent`")
            List<VolumeDescription> volumes) {}
}
