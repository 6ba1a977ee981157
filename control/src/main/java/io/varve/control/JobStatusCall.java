package io.varve.control;

/** {@code job.status}. */
@Method(name = "job.status", doc = "Tells how far a job has come.")
public record JobStatusCall(
        @Field(value = "the job", required = true) String job) implements ServiceCall<JobStatus> {}
