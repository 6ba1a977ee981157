package io.varve.control;

/** What is answered when something was removed. */
public record RemovalAnswer(
        @Field("what was to be removed") String name,
        @Field("false when there was nothing of that name") boolean removed) {}
