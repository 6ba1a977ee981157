/**
 * What tests and benchmarks need around Varve: a vhost-user front-end that behaves as QEMU does, the driver's side of split
 * rings in memory of several memfds, load whose data tells where and when it was written, and a block device in memory
 * that completes as slowly and disorderly as it is told to. The front-end shares no code with the back-end that it
 * tests: it has its own idea of every message and layout, so that no mistake is made twice.
 */
package io.varve.testsupport;
