package io.varve.control;

import java.util.List;

/** {@code status}. */
@Method(name = "status", doc = "Tells how the daemon and its volumes are.")
public record StatusCall(
        @Field(value = "of this volume only, by its name or uuid", namesVolume = true)
        String volume) implements DaemonCall<StatusCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("the daemon's process") long pid,

            @Field("the [read cache](read-cache.md), or null when there is none or no volume has been opened")
            ReadCache readCache,

            @Field("those that are attached, by name") List<AttachedVolume> volumes) {}

    /** The read cache. */
    public record ReadCache(
            @Field("its size") long sizeBytes,
            @Field("how much of it is in use") long usedBytes,
            @Field("lines that were put into it") long fills,
            @Field("lines that made room") long evictions,

            @Field("lines that were not put into it, since its disk did not keep up")
            long dropped,

            @Field("one line for people, or null: why it is out of use")
            String trouble) {}
}
