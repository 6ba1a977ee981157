/**
 * Images of disks in files: what they are, whether they are whole, and what they hold. Everything but a raw image is read by
 * QEMU's own tools, which this process starts, and from which it takes the contents over a socket.
 */
package io.varve.launcher.image;
