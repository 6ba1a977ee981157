package io.varve.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a descriptor is, as far as one can know without asking whoever stands behind it. */
public enum FdKind {
    /** An eventfd. Nothing that is done with it waits for anybody, unless it is made blocking. */
    EVENTFD,

    /** A file in memory: a memfd, or one on tmpfs or hugetlbfs. Nothing that is done with it waits for anybody. */
    MEMORY,

    /** A socket, of whatever family. */
    SOCKET,

    /** Anything else, such as a file. To look at it, and even to close it, may wait for a network, or for a program (FUSE), for ever. */
    OTHER;

    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    /** Tells the kind of a descriptor; {@link #OTHER} also when that can't be found out. Waits for nobody. Any thread. */
    public static FdKind of(final int fd) {
        if (MemFd.isMemory(fd)) {
            return MEMORY;
        }
        try {
            // The kernel's own name for it, which no file can have: those of files are absolute.
            final String name = Files.readSymbolicLink(DESCRIPTORS.resolve(Integer.toString(fd)))
                    .toString();
            if (name.equals("anon_inode:[eventfd]")) {
                return EVENTFD;
            }
            return name.startsWith("socket:[") ? SOCKET : OTHER;
        } catch (final IOException e) {
            return OTHER;
        }
    }
}
