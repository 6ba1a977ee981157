package io.varve.launcher.daemon;

/**
 * How a session is.
 *
 * @param protocol  of its export.
 * @param peer      who it is, for people; null when nothing is known.
 * @param isWriter  whether it may write.
 * @param isRunning whether it uses the disk.
 */
public record SessionStatus(String protocol, String peer, boolean isWriter, boolean isRunning) {}
