/**
 * The command line: {@link io.varve.launcher.cli.Main} runs it, one class stands for each command, and
 * {@link io.varve.launcher.cli.Errors} is the one place that turns an exception into a line and an exit status.
 */
package io.varve.launcher.cli;
