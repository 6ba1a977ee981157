package io.varve.control;

/**
 * A call about calls, connections or jobs, which is the same for every daemon.
 *
 * @param <R> what is answered.
 */
public sealed interface ServiceCall<R extends Record> extends Call<R>
        permits ControlVersionCall, EventsFollowCall, JobCancelCall, JobListCall, JobStatusCall, JobWaitCall {}
