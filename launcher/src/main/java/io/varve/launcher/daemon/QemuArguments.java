package io.varve.launcher.daemon;

import java.nio.file.Path;

/** How QEMU and libvirt are told to use a socket of this daemon as a disk. */
public final class QemuArguments {
    private QemuArguments() {}

    /**
     * Arguments for a shell: shared guest memory, the socket (reconnecting, since the daemon may be restarted under a
     * running guest), and the disk.
     *
     * @param volume names the disk in QEMU, where '_' stands for what an identity there can't have.
     */
    public static String of(final String volume, final Path socket) {
        final String id = "varve-" + volume.replaceAll("[^A-Za-z0-9._-]", "_");
        final String chardev = "socket,id=" + id + ",path=" + socket.toString().replace(",", ",,") + ",reconnect=1";
        return "-machine q35,memory-backend=mem -m 1G -object memory-backend-memfd,id=mem,size=1G,share=on"
                + " -chardev " + quote(chardev) + " -device vhost-user-blk-pci,chardev=" + id;
    }

    /**
     * The element of a libvirt domain; the domain also needs shared memory. Whether writes are refused the guest hears from the
     * disk itself: libvirt takes no {@code <readonly/>} for it.
     */
    public static String libvirtXml(final Path socket) {
        return """
                <disk type='vhostuser' device='disk' snapshot='no'>
                  <driver name='qemu' type='raw'/>
                  <source type='unix' path='%s'>
                    <reconnect enabled='yes' timeout='1'/>
                  </source>
                  <target dev='vda' bus='virtio'/>
                </disk>""".formatted(escape(socket.toString()));
    }

    private static String quote(final String word) {
        return word.matches("[A-Za-z0-9_./,=:+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    private static String escape(final String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;");
    }
}
