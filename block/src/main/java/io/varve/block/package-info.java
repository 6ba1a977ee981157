/**
 * Where protocols, volumes and the daemon meet. A protocol is a module that imports this one and {@code linux}, and
 * nothing else of
 * Varve; to add one, implement {@link io.varve.block.Export} and have {@code launcher} make it.
 *
 * <ul>
 *   <li>{@link io.varve.block.Export} is what the daemon needs of a protocol: one volume served at one address. The
 *   volume's reactor
 *       drives it, beside the volume's other exports.
 *   <li>{@link io.varve.block.BlockDevice} is what a protocol asks of a volume: all requests of its sessions.
 *   <li>{@link io.varve.block.Sessions} is what a protocol tells the daemon: who connects, may write, uses the disk,
 *   and goes.
 * </ul>
 *
 * <p>All of it happens on the reactor's thread, except where a method says otherwise. In steady state nothing there
 * allocates, takes a lock or waits.
 */
package io.varve.block;
