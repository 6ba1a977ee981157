package io.varve.testsupport.fuzz;

/** What Jazzer calls; the target's name is its argument. */
public final class JazzerTarget {
    private static FuzzTarget target;

    private JazzerTarget() {}

    /** Called once, before the first input. */
    public static void fuzzerInitialize(final String[] args) {
        target = FuzzTargets.of(args[0]);
    }

    /** Called with every input. */
    public static void fuzzerTestOneInput(final byte[] input) throws Exception {
        FuzzRun.run(target, input);
    }
}
