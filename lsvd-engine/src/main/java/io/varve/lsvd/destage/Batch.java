package io.varve.lsvd.destage;

import io.varve.lsvd.format.Superblock;

/**
 * A run of whole, written records that becomes one object: from the record at {@code from} up to, and not including, the
 * one at {@code to}.
 *
 * @param from first record.
 * @param to   first record of the next batch.
 * @param isNote whether it says of a snapshot, and nothing else: then it becomes a checkpoint.
 */
public record Batch(Superblock.Tail from, Superblock.Tail to, boolean isNote) {}
