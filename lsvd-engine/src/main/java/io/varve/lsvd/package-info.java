/**
 * The log-structured engine: a {@link io.varve.lsvd.Volume} is a disk that lives in a local log and in immutable objects
 * in a store. It knows nothing of virtio, and does its I/O through interfaces, so that a simulator can stand in for disk,
 * store and clock. Volumes are made, listed and removed through the {@link io.varve.lsvd.VolumeCatalog}.
 */
package io.varve.lsvd;
