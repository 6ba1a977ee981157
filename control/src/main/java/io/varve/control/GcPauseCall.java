package io.varve.control;

/** {@code gc.pause}. */
@Method(
        name = "gc.pause",
        doc = "Stops garbage collection after the current round, until `gc.resume` or until the volume is detached.")
public record GcPauseCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume) implements DaemonCall<CollectionStatus> {}
