/**
 * Changing a volume: {@link io.varve.lsvd.write.WritePath} takes writes, discards and write-zeroes in order, makes whole
 * blocks of them, and appends them to the log; {@link io.varve.lsvd.write.LogReclaimer} frees the log's oldest part once it
 * is in the store.
 */
package io.varve.lsvd.write;
