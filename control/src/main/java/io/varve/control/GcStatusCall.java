package io.varve.control;

/** {@code gc.status}. */
@Method(name = "gc.status", doc = "Tells what the volume takes of the store, and how it is collected.")
public record GcStatusCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume) implements DaemonCall<CollectionStatus> {}
