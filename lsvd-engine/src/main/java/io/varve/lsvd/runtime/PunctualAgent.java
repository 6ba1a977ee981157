package io.varve.lsvd.runtime;

import org.agrona.concurrent.Agent;

/** An agent that may have to do something at a time, though nothing wakes it. */
public interface PunctualAgent extends Agent {
    /** Whether it has to look at the clock as often as when it is busy. On its thread. */
    boolean isPunctual();
}
