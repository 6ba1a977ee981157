/** Tests of {@code varve serve} as a process, driven by a front-end over its socket and by signals. */
package io.varve.launcher.serve;
