package io.varve.launcher.torture;

import java.io.IOException;
import java.util.Random;

/** A store that misbehaves. What it does to a volume must never reach another one. */
interface MeanStore extends AutoCloseable {
    /** Its URL. */
    String url();

    /** Does one thing wrong, for a moment or for good, and waits until the moment is over. At most a few seconds. */
    void misbehave(Random random) throws IOException, InterruptedException;

    /** Behaves from now on; what is broken for good stays broken. */
    void behave() throws IOException;

    /** Whether confirmed objects have been lost, so that the volume in it may well be refused. */
    boolean hasLost();

    @Override
    void close() throws IOException;
}
