/** What users, their files and the clients of the control socket say, to be fuzzed. */
package io.varve.launcher.fuzz;
