/**
 * Snapshots and clones as the store knows them: {@link io.varve.lsvd.snapshot.Snapshots} lists, renames, protects and removes the pins
 * that keep what a checkpoint needs, and lists and makes the marks of clones. Taking a snapshot is the open volume's part.
 */
package io.varve.lsvd.snapshot;
