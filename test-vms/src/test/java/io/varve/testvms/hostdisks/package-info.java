/** What runs in guests that have volumes as disks of their own: {@link io.varve.testvms.hostdisks.GuestHost}. */
package io.varve.testvms.hostdisks;
