/**
 * Comparisons of whole systems: {@link io.varve.benchmarks.Bench} drives Varve and QEMU's own back-end through the same front-end, in
 * turns, and reports medians and their ratios.
 */
package io.varve.benchmarks;
