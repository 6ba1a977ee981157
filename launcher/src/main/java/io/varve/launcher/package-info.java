/**
 * The {@code varve} command: what its parts share. {@link io.varve.launcher.cli} reads the command line,
 * {@link io.varve.launcher.config} the settings, {@link io.varve.launcher.daemon} joins the engine, the protocols and a
 * ring into volumes that are served, {@link io.varve.launcher.control} puts them under a control socket, {@link
 * io.varve.launcher.volume} does what needs no daemon, {@link io.varve.launcher.systemd} speaks with the service manager, and
 * {@link io.varve.launcher.metrics} tells figures. The launcher is the only module that knows all the others.
 */
package io.varve.launcher;
