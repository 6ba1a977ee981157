/**
 * Volumes as a store knows them: made, listed, shown, changed, resized and removed, by a command that has the store itself or
 * by a daemon that is asked on its control socket.
 */
package io.varve.launcher.volume;
