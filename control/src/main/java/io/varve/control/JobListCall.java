package io.varve.control;

import java.util.List;

/** {@code job.list}. */
@Method(
        name = "job.list",
        doc = "Lists the jobs that run, and those that ended last, in the order in which they began.")
public record JobListCall() implements ServiceCall<JobListCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("as `job.status` answers each") List<JobStatus> jobs) {}
}
