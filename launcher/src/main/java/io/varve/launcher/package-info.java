/**
 * The {@code varve} command: what its parts share. {@link io.varve.launcher.cli} reads the command line,
 * {@link io.varve.launcher.config} the settings, and {@link io.varve.launcher.daemon} joins the engine, the vhost-user
 * door and a ring into a running daemon. The launcher is the only module that knows all the others.
 */
package io.varve.launcher;
