package io.varve.control;

import java.util.Map;

/** {@code store.info}. */
@Method(name = "store.info", doc = "Tells of the daemon's store, or of another one, how much room it has.")
public record StoreInfoCall(@Field(Texts.SETTINGS) Map<String, String> settings)
        implements DaemonCall<StoreInfoCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("its address") String url,

            @Field(value = "room of the disk that it is on, where it is a directory", omitted = true)
            Long totalBytes,

            @Field(value = "how much of that is free for it", omitted = true)
            Long availableBytes) {}
}
