package io.varve.control;

import java.util.List;

/** {@code control.version}. */
@Method(
        name = "control.version",
        doc =
                "Tells what this daemon understands. The protocol's version grows by one whenever something is added; nothing that"
                        + " is there is taken away or means something else.")
public record ControlVersionCall(
        @Field("least version that the caller can do with: an older daemon answers with an error of kind `invalid`")
        long needs)
        implements ServiceCall<ControlVersionCall.Answer> {
    /** Version of the protocol: 1 has all that this build's documentation says. */
    public static final int CURRENT = 1;

    /** What it answers. */
    public record Answer(
            @Field("version of the protocol") int protocol,
            @Field("version of the daemon") String build,
            @Field("names of all methods, in order") List<String> methods) {}
}
