package io.varve.control;

/** {@code job.cancel}. */
@Method(
        name = "job.cancel",
        doc =
                "Asks a job to break off, and answers as `job.status` at once. What it had begun is undone where that is possible; a job"
                        + " that can't be broken off any more comes to its end.")
public record JobCancelCall(
        @Field(value = "the job", required = true) String job) implements ServiceCall<JobStatus> {}
