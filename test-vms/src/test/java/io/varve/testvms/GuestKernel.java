package io.varve.testvms;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A kernel of Debian for guests.
 *
 * @param name  for reports.
 * @param image what QEMU starts.
 * @param tree  its package, unpacked: with the modules.
 */
record GuestKernel(String name, Path image, Path tree) {
    /** The one of this machine's Debian: 6.1 on Debian 12. */
    static GuestKernel ofMachine() {
        return new GuestKernel(
                "kernel of this Debian", Checkout.cached("guest/vmlinuz"), Checkout.cached("guest/kernel"));
    }

    /** The one of Debian 13, 6.12; {@code dev/setup --with-kernel-6.12} fetches it. */
    static GuestKernel ofTrixie() {
        return new GuestKernel(
                "kernel 6.12", Checkout.cached("kernel-6.12/vmlinuz"), Checkout.cached("kernel-6.12/tree"));
    }

    /** All of them. */
    static List<GuestKernel> all() {
        return List.of(ofMachine(), ofTrixie());
    }

    /** Whether it is here. */
    boolean isThere() {
        return Files.isReadable(image) && Files.isDirectory(tree);
    }

    @Override
    public String toString() {
        return name;
    }
}
