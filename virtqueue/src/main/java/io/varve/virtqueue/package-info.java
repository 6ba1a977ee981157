/**
 * Virtqueues in guest memory, and virtio-blk requests taken out of their descriptor chains (virtio 1.3, sections 2.7 and
 * 5.2). The guest is hostile: everything it writes is copied once, then checked, then used. What a request asks for is
 * handed to a {@link io.varve.block.BlockDevice}, the one interface between protocols and volumes.
 */
package io.varve.virtqueue;
