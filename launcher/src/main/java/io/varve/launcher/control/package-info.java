/**
 * The control socket of the daemon: JSON-RPC 2.0, one object a line, as {@code docs/control.md} tells.
 * {@link io.varve.launcher.control.ControlServer} serves it, and {@link io.varve.launcher.control.ControlClient} is what the
 * commands speak to it with.
 */
package io.varve.launcher.control;
