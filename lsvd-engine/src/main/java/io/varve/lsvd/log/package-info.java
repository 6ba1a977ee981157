/**
 * The local log: one file of fixed size, written in order, reused in a circle. {@link io.varve.lsvd.log.LogWriter} appends
 * records and acknowledges them in order, {@link io.varve.lsvd.log.LogReader} reads them back and trusts nothing that a
 * checksum does not prove, and {@link io.varve.lsvd.log.LogSuperblock} keeps what has to outlive a crash. Positions are in
 * bytes and only grow; a position's place in the file is its remainder by the length of the log area.
 */
package io.varve.lsvd.log;
