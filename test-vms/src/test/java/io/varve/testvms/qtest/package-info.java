/**
 * QEMU without a guest: the test is the guest. It reads and writes I/O ports and memory through QEMU's test protocol
 * (docs/devel/testing/qtest.rst), drives the virtio device over PCI, and gives orders through the monitor
 * (docs/interop/qmp-spec.rst). The processor stands still, so QEMU is there within a fraction of a second.
 */
package io.varve.testvms.qtest;
