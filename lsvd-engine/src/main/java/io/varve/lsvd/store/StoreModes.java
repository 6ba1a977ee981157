package io.varve.lsvd.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * Permissions of what a directory store makes, whatever the umask: what is in a store is what is in the volumes. Its owner may do
 * everything, its group what it may do to the store's directory itself, and others the same only where they may write there, which is
 * no accident.
 *
 * @param directory of a directory, such as 0700.
 * @param file      of an object, such as 0600.
 */
record StoreModes(int directory, int file) {
    /** The owner, and nobody else. */
    static final StoreModes OWNER_ONLY = new StoreModes(0700, 0600);

    private static final String MODE = "unix:mode";
    private static final int GROUP = 070;
    private static final int OTHERS = 07;
    private static final int OTHERS_WRITE = 02;
    private static final int READ_WRITE = 0666;
    private static final int SET_GID = 02000;

    /** Those of a store in a directory that is there. */
    static StoreModes of(final Path root) throws IOException {
        final int mode = (Integer) Files.getAttribute(root, MODE);
        final int others = (mode & OTHERS_WRITE) == 0 ? 0 : mode & OTHERS;
        final int directory = OWNER_ONLY.directory | mode & GROUP | others;
        return new StoreModes(directory, directory & READ_WRITE);
    }

    /** Gives a directory that was made just now what the umask has kept from it; it keeps the group that it has from its parent. */
    void applyTo(final Path made) throws IOException {
        set(made, directory);
    }

    /** Gives a file that was made just now what the umask has kept from it. */
    void applyToFile(final Path made) throws IOException {
        set(made, file);
    }

    private static void set(final Path made, final int mode) throws IOException {
        final int now = (Integer) Files.getAttribute(made, MODE, LinkOption.NOFOLLOW_LINKS);
        if ((now & 0777) != mode) {
            Files.setAttribute(made, MODE, now & SET_GID | mode);
        }
    }
}
