/**
 * The back-end's side of the vhost-user protocol for block devices (QEMU's docs/interop/vhost-user.rst): messages and
 * the descriptors that come with them, the front-end's memory, and rings that start and stop.
 * {@link io.varve.vhostuser.VhostUserBlkServer} listens, {@link io.varve.vhostuser.VhostUserBlkSession} is one
 * connection; both are driven by the reactor that owns the volume, which may lend rings to {@link io.varve.vhostuser.Lane}s. The front-end is hostile: whatever breaks the protocol
 * ends its session and nothing else.
 */
package io.varve.vhostuser;
