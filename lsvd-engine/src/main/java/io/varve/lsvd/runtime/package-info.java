/**
 * What the engine takes from the world besides disk and store: time, chance, threads, and waiting. {@link
 * io.varve.lsvd.runtime.SystemRuntime} is the real thing; a simulator brings its own and runs everything on one thread, from
 * one seed.
 */
package io.varve.lsvd.runtime;
