/**
 * What reads bytes from outside, as targets for a fuzzer: Jazzer, which looks for inputs that reach new code, for as long as one
 * likes ({@code dev/fuzz}), or a few thousand mutations from a fixed seed, in every build. Targets stand in each module's
 * tests, in a package {@code fuzz}, and are found as services.
 */
package io.varve.testsupport.fuzz;
