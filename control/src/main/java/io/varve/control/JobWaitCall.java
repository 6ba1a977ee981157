package io.varve.control;

/** {@code job.wait}. */
@Method(name = "job.wait", doc = "Answers as `job.status`, when the job has ended or the time is over.")
public record JobWaitCall(
        @Field(value = "the job", required = true) String job,

        @Field(value = "how long to wait at most", byDefault = 30_000, max = 3_600_000)
        long timeoutMs)
        implements ServiceCall<JobStatus> {}
