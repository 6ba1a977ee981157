/**
 * From the log to the store: {@link io.varve.lsvd.destage.BatchCutter} cuts the log into batches on the reactor, {@link
 * io.varve.lsvd.destage.ObjectBuilder} merges the overwrites within a batch and lays out an object, and {@link
 * io.varve.lsvd.destage.Destager} uploads objects, several at a time but counted in sequence, with checkpoints between them
 * and the seal at the end.
 */
package io.varve.lsvd.destage;
