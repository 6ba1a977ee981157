package io.varve.launcher.daemon;

import java.nio.file.Path;

/** The arguments that make QEMU use a socket of this daemon as a disk. */
final class QemuArguments {
    private QemuArguments() {}

    /**
     * Arguments for a shell: shared guest memory, the socket (reconnecting, since the daemon may be restarted under a
     * running guest), and the disk.
     */
    static String of(final Path socket) {
        final String chardev = "socket,id=varve,path=" + socket.toString().replace(",", ",,") + ",reconnect=1";
        return "-machine q35,memory-backend=mem -m 1G -object memory-backend-memfd,id=mem,size=1G,share=on"
                + " -chardev " + quote(chardev) + " -device vhost-user-blk-pci,chardev=varve";
    }

    private static String quote(final String word) {
        return word.matches("[A-Za-z0-9_./,=:+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
