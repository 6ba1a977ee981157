/** How the engine's agents outside the reactor run: a thread each, asleep until there is something to do. */
package io.varve.lsvd.agent;
