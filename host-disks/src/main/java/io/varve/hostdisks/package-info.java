/**
 * Volumes as disks of this host ({@code /dev/nbdN}), by the kernel's own NBD client: the part of Varve that needs root, and all of it.
 *
 * <p>{@link io.varve.hostdisks.HostDisks} maps and unmaps: it agrees with an NBD server on what is spoken, hands the connection to the
 * kernel, and notes the disk in {@link io.varve.hostdisks.DiskTable}. {@link io.varve.hostdisks.Mapper} is the process that keeps mapped
 * disks alive: it connects them again when the server was restarted, and has them grow. It carries no data.
 */
package io.varve.hostdisks;
