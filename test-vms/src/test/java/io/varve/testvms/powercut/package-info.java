/**
 * Power cuts that are real: a guest runs the daemon on a disk whose writes and flushes QEMU records, and every state
 * that a cut of the power could have left of that disk is made, mounted, opened by the engine and judged.
 * docs/testing.md, "Power cuts".
 *
 * <p>{@link io.varve.testvms.powercut.GuestLoad} runs in the guest and leaves a {@link
 * io.varve.testvms.powercut.Recording}; {@link io.varve.testvms.powercut.CutJudge} judges the {@link
 * io.varve.testvms.powercut.Cut}s of it.
 */
package io.varve.testvms.powercut;
