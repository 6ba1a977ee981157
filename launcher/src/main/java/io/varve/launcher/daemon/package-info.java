/**
 * The daemon: volumes of the engine, each with its exports, a ring and a thread that is their reactor.
 * {@link io.varve.launcher.daemon.ServedVolume} opens one, serves it and ends it so that nothing is lost;
 * {@link io.varve.launcher.daemon.Daemon} keeps several by name, and {@link io.varve.launcher.daemon.Foreground} runs them
 * until a signal comes.
 */
package io.varve.launcher.daemon;
