package io.varve.control;

/** {@code detach}. */
@Method(
        name = "detach",
        doc = "Ends the sessions, ships what is unsent and closes the volume, and answers when nothing is left of"
                + " it. After `shutdown-timeout`, or at once with `abandon_store`, what the store has not taken"
                + " stays in the log for the next `attach` here.")
public record DetachCall(
        @Field(namesVolume = true, value = Texts.VOLUME, required = true)
        String volume,

        @Field("don't wait for the store") boolean abandonStore)
        implements DaemonCall<DetachCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("its name") String volume,
            @Field("false when it was not attached") boolean detached,
            @Flat Left left) {}

    /** What is left of one that was attached. */
    public record Left(
            @Field("what is in the log and not in the store; like `trouble`, of one that was attached")
            long unsentBytes,

            @Field("with which it had failed, or null") String trouble) {}
}
