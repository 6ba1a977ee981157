/**
 * The engine under a deterministic scheduler. {@link io.varve.lsvd.simulator.Simulation} runs real {@link
 * io.varve.lsvd.Volume}s on simulated disks, stores and clocks, all on one thread and from one seed, crashes them between
 * any two steps, and lets a {@link io.varve.lsvd.simulator.DiskModel} judge what is read back. A seed replays exactly.
 */
package io.varve.lsvd.simulator;
