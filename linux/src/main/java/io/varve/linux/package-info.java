/**
 * The only native calls in Varve: bindings through the Foreign Function and Memory API for exactly what the daemon
 * uses. {@link io.varve.linux.IoRing} is the asynchronous I/O interface of a reactor, served by io_uring or, where that
 * is not permitted, by a small thread pool. Everything that can fail carries its {@code errno}: exceptions name it, and
 * completions carry it negated.
 */
package io.varve.linux;
