/**
 * What can be asked of a daemon. A {@link io.varve.control.Call} is a method: a record of its parameters that names the record which it
 * answers. Server, client and the tables of docs/control.md follow from these records, so a method is added by one file here, named
 * after it, and by what carries it out in the daemon.
 *
 * <p>This module knows nothing else of Varve: neither commands nor the engine. Programs that manage volumes are written against it.
 */
package io.varve.control;
