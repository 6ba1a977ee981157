/**
 * Tests that boot real QEMU guests on Varve disks, and what they are made of.
 *
 * <p>A {@link io.varve.testvms.Lab} is what one test has at hand: a directory, a {@link io.varve.testvms.Backend} that
 * serves a disk on a vhost-user socket, and {@link io.varve.testvms.GuestVm}s that run a task on that disk. What the
 * guest has to tell comes as lines on its console that begin with {@code @@}; they are described in
 * {@code test-vms/guest/guest-lib.sh}. When a test fails, the output of every process of its laboratory is attached to
 * the failure.
 *
 * <p>{@code dev/setup} fetches and builds what the guests consist of.
 */
package io.varve.testvms;
