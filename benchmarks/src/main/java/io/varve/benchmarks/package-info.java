/**
 * Comparisons of whole systems: {@link io.varve.benchmarks.Bench} drives Varve and QEMU's own back-end through the same front-end, in
 * turns, and reports medians and their ratios. Its subcommands measure one thing each: a volume whose data is in the store, a move, a
 * takeover, a guest, the space that a volume takes.
 */
package io.varve.benchmarks;
