package io.varve.control;

/** {@code gc.resume}. */
@Method(name = "gc.resume", doc = "Lets garbage collection go on.")
public record GcResumeCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume) implements DaemonCall<CollectionStatus> {}
