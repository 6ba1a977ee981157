/**
 * Torture: real {@code serve} processes that are killed, paused, robbed of their cache or store and fed flipped bits, under a
 * client that knows what every sector may hold. {@code dev/torture} runs many rounds of it, {@link
 * io.varve.launcher.torture.TortureTest} a few.
 */
package io.varve.launcher.torture;
