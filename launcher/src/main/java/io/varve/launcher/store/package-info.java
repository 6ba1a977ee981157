/** Opens the stores that settings name, of whatever kind they are. */
package io.varve.launcher.store;
