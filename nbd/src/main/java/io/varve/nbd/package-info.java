/**
 * The protocol NBD: a volume for hosts and tools, over Unix sockets and TCP. {@code docs/nbd.md} says what is offered and refused.
 *
 * <p>{@link io.varve.nbd.NbdServer} listens and owns the connections. A {@code Connection} has one client's bytes: {@code Inbound} receives them,
 * {@code Handshake} answers its options, {@code Transmission} makes requests of the device out of its commands, and {@code
 * Outbound} sends the replies. {@code BufferPool} owns all memory for data.
 *
 * <p>All of it is the reactor's. Once a client has been let in, nothing is allocated for it but memory of the pool, as its working set grows.
 */
package io.varve.nbd;
