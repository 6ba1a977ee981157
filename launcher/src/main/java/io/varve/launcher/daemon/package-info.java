/**
 * The daemon: one reactor thread that drives a volume of the engine, the vhost-user door to it, and their one ring.
 * {@link io.varve.launcher.daemon.Daemon} sets it up, runs it until a signal comes, and ends it so that nothing is lost.
 */
package io.varve.launcher.daemon;
