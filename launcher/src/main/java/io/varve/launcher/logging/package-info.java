/**
 * Logging: the libraries log through {@link java.lang.System.Logger}, which a bridge hands to Logback; this package sets
 * Logback up in code, since reading a configuration file would take a good part of the daemon's time to start.
 */
package io.varve.launcher.logging;
