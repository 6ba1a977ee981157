package io.varve.linux;

/**
 * What differs between the machines that Varve runs on: numbers and structure layouts of the kernel's and the C library's
 * interfaces. Everything that is the same on all of them stands with its user.
 */
sealed interface Abi permits X86_64, Aarch64 {
    /** The one that this Java runs on. */
    Abi CURRENT = of(System.getProperty("os.name"), System.getProperty("os.arch"));

    /** {@code O_DIRECT} (fcntl.h). */
    int oDirect();

    /** {@code O_DIRECTORY} (fcntl.h). */
    int oDirectory();

    /** {@code O_NOFOLLOW} (fcntl.h). */
    int oNoFollow();

    /** Size of {@code struct stat} (sys/stat.h), in bytes. */
    int statSize();

    /** Offset of {@code st_mode} (4 bytes) in {@code struct stat}. */
    int statModeOffset();

    /** Offset of {@code st_blksize} in {@code struct stat}: the low 4 bytes are read. */
    int statBlockSizeOffset();

    /** Size of {@code struct epoll_event} (sys/epoll.h), in bytes; packed on x86-64 only. */
    int epollEventSize();

    /** Offset of {@code data} (8 bytes) in {@code struct epoll_event}. */
    int epollDataOffset();

    /** Number of {@code sched_setattr} (asm/unistd.h). */
    int sysSchedSetattr();

    /** Number of {@code sched_getattr} (asm/unistd.h). */
    int sysSchedGetattr();

    /**
     * The interface of a machine.
     *
     * @param osName value of the system property {@code os.name}.
     * @param osArch value of the system property {@code os.arch}.
     * @throws UnsupportedOperationException when Varve does not run there.
     */
    static Abi of(final String osName, final String osArch) {
        if (!"Linux".equals(osName)) {
            throw new UnsupportedOperationException("Varve runs on Linux only, not on " + osName);
        }
        return switch (osArch) {
            case "amd64", "x86_64" -> new X86_64();
            case "aarch64", "arm64" -> new Aarch64();
            default ->
                throw new UnsupportedOperationException("Varve runs on x86-64 and aarch64 only, not on " + osArch);
        };
    }
}
