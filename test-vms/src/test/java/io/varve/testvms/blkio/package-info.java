/**
 * A client of its own for vhost-user-blk, on libblkio: random reads, writes, discards, write-zeroes and flushes, many
 * of them in flight, judged by a model of the disk's contents that outlives the process in a file.
 *
 * <p>libblkio has its own implementation of the vhost-user front-end and of the virtio-blk driver, so that it does not
 * share a misunderstanding with this project. It runs in a process of its own, {@link
 * io.varve.testvms.blkio.BlkioClient}, because native code may take its process down.
 */
package io.varve.testvms.blkio;
