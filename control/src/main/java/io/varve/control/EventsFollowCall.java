package io.varve.control;

/** {@code events.follow}. */
@Method(
        name = "events.follow",
        doc =
                "Has the connection carry events from now on, as notifications of a method `event`, and nothing else: further calls on it"
                        + " are not read. What other daemons or commands do with a store is not told of.")
public record EventsFollowCall(
        @Field("of this volume only, by its name; of all where it is not given")
        String volume) implements ServiceCall<EventsFollowCall.Answer> {
    /** What it answers. */
    public record Answer(
            @Field("of the last event before those that will be told")
            long sequence) {}
}
