/**
 * What local logs hold that never came into the store: {@link io.varve.lsvd.rescue.LocalLogs} finds the logs of a host, {@link
 * io.varve.lsvd.rescue.LogStanding} says how each stands to the store, and {@link io.varve.lsvd.rescue.LocalLog} saves the records
 * of one to a file.
 */
package io.varve.lsvd.rescue;
