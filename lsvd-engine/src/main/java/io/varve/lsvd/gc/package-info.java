/**
 * Giving space back: {@link io.varve.lsvd.gc.GarbageCollector} copies what is live out of objects that hold much garbage, as the
 * next object of the sequence, and {@link io.varve.lsvd.gc.ObjectRemover} deletes what a checkpoint in the store has recorded
 * as dead and no snapshot or clone needs. Both are advanced by the thread that uploads, so that what they know is the volume as the
 * sequence has it.
 */
package io.varve.lsvd.gc;
