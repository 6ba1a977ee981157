/**
 * The daemon under its control socket: what each call of {@link io.varve.control} does ({@link
 * io.varve.launcher.control.Calls} tells who carries it out), and the socket itself, {@link io.varve.launcher.control.ControlServer}.
 */
package io.varve.launcher.control;
