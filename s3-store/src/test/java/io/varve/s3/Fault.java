package io.varve.s3;

import java.util.concurrent.CountDownLatch;

/** What {@link FaultyProxy} does to one request. */
public sealed interface Fault {
    /** Passes it on, and the answer back. */
    record None() implements Fault {}

    /**
     * Answers with an error instead of passing it on.
     *
     * @param status HTTP status.
     * @param code   S3 error code, or empty for an answer without a body.
     * @param header a further header line, or empty.
     */
    record Answer(int status, String code, String header) implements Fault {}

    /**
     * Answers with this text instead of passing it on.
     *
     * @param text head and body.
     */
    record Raw(String text) implements Fault {}

    /** Resets the connection instead of passing it on. */
    record Reset() implements Fault {}

    /** Takes the request and never answers; it is not passed on. */
    record Silence() implements Fault {}

    /** Passes it on, and resets the connection instead of passing the answer back. */
    record LostAnswer() implements Fault {}

    /** Passes it on, and ends the connection in the middle of the answer's body. */
    record HalfBody() implements Fault {}

    /**
     * Passes it on, and stops in the middle of the answer's body until the latch opens.
     *
     * @param open lets the rest go.
     */
    record StalledAnswer(CountDownLatch open) implements Fault {}

    /**
     * Does not read the request's body until the latch opens; it is never passed on.
     *
     * @param open lets the body be read.
     */
    record StalledRequest(CountDownLatch open) implements Fault {}

    /** An error that S3 servers answer with. */
    static Fault answer(final int status, final String code) {
        return new Answer(status, code, "");
    }
}
