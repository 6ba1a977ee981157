/**
 * Copies whole volumes: out of the store as an image or as the difference of two states, and into one through an open volume.
 *
 * <p>{@link io.varve.lsvd.transfer.BlockSource} reads what an extent map names, {@link io.varve.lsvd.transfer.BlockPump} hands it on,
 * {@link io.varve.lsvd.transfer.RawImage}, {@link io.varve.lsvd.transfer.Qcow2Image} and {@link
 * io.varve.lsvd.transfer.DifferenceWriter} give it a form, and a {@link io.varve.lsvd.transfer.SparseOutput} takes it. The other
 * way, a {@link io.varve.lsvd.transfer.ChangeSource} tells what is to be written, and {@link io.varve.lsvd.transfer.VolumeLoad}
 * writes it.
 */
package io.varve.lsvd.transfer;
