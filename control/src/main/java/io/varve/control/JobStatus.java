package io.varve.control;

/** A job. */
public record JobStatus(
        @Field("what it is called by; no other job has had or will have it")
        String job,

        @Field("the method that it carries out") String method,
        @Field("`running`, `done`, `failed` or `cancelled`") State state,

        @Field("so much of `total` is done, in bytes or objects")
        long done,

        @Field("0 while it is not known") long total,
        @Field("when it began") String startedAt,

        @Field("what the method answers, once it is done, or null")
        Object result,

        @Field("why it was not done, or null") Failure error) {
    /** How far it has come. */
    public enum State {
        RUNNING,
        DONE,
        FAILED,
        CANCELLED
    }

    /** Why it was not done. */
    public record Failure(
            @Field("the kind of error") ErrorKind kind,
            @Field("one line for people") String message) {}
}
