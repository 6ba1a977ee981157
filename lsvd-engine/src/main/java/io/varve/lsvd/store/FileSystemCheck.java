package io.varve.lsvd.store;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Finds out whether the file system of a directory shows at once what another host has created there, or a listing may be an old one:
 * from its type and mount options, as {@code /proc/self/mountinfo} has them (proc_pid_mountinfo(5)).
 */
final class FileSystemCheck {
    private static final System.Logger LOG = System.getLogger(FileSystemCheck.class.getName());
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final Set<String> NFS = Set.of("nfs", "nfs4");
    private static final Set<String> SMB = Set.of("cifs", "smb3");

    /** What is in the way. */
    enum Verdict {
        /** Nothing is known to be. */
        FIT,
        /** Hosts see each other's objects late. */
        CACHES,
        /** It is a network file system of which this can't be told. */
        UNKNOWN
    }

    /** A mount: where, of what type, and with which options. */
    private record Mount(Path point, String type, List<String> options) {}

    private FileSystemCheck() {}

    /**
     * Checks the file system of a directory.
     *
     * @throws StoreException one line that says what is wrong with it and how to mount it.
     */
    static void require(final Path directory) throws IOException {
        final Mount mount = mountOf(directory.toRealPath(), read());
        switch (judge(mount)) {
            case CACHES ->
                throw new StoreException("store directory " + directory + " is on " + mount.point + ", a file system ("
                        + mount.type + ") that shows late what other hosts have put there: mount it "
                        + (mount.type.equals("9p") ? "with cache=none" : "with actimeo=0 (or noac)"));
            case UNKNOWN ->
                LOG.log(
                        Level.WARNING,
                        "store directory {0} is on a network file system ({1}) of which it is not known whether it"
                                + " shows at once what other hosts have put there: if not, only one host may use this"
                                + " store",
                        directory,
                        mount.type);
            case FIT -> {}
        }
    }

    /** What there is to say of the file system of a path, with the mounts of a {@code mountinfo} file. */
    static Verdict judge(final Path path, final List<String> mountinfo) {
        return judge(mountOf(path, mountinfo));
    }

    private static Verdict judge(final Mount mount) {
        if (mount == null) {
            return Verdict.FIT;
        }
        if (NFS.contains(mount.type)) {
            // With attributes of directories not cached, both listings and names are asked for anew.
            final boolean isFresh = mount.options.contains("noac")
                    || mount.options.contains("acdirmax=0")
                    || mount.options.contains("actimeo=0");
            return isFresh ? Verdict.FIT : Verdict.CACHES;
        }
        if (SMB.contains(mount.type)) {
            return mount.options.contains("actimeo=0") || mount.options.contains("acdirmax=0")
                    ? Verdict.FIT
                    : Verdict.CACHES;
        }
        if (mount.type.equals("9p")) {
            final boolean isCached = mount.options.stream()
                    .anyMatch(option ->
                            option.startsWith("cache=") && !option.equals("cache=none") && !option.equals("cache=0"));
            return isCached ? Verdict.CACHES : Verdict.FIT;
        }
        return mount.type.startsWith("fuse.") || mount.type.equals("virtiofs") ? Verdict.UNKNOWN : Verdict.FIT;
    }

    private static List<String> read() {
        try {
            return Files.readAllLines(MOUNTS, StandardCharsets.UTF_8);
        } catch (final IOException e) {
            return List.of();
        }
    }

    /** The mount that a path is on: the deepest, and of several at one place the last. Null when it is not known. */
    private static Mount mountOf(final Path path, final List<String> mountinfo) {
        Mount found = null;
        for (final String line : mountinfo) {
            final Mount mount = parse(line);
            if (mount != null
                    && path.startsWith(mount.point)
                    && (found == null || mount.point.getNameCount() >= found.point.getNameCount())) {
                found = mount;
            }
        }
        return found;
    }

    private static Mount parse(final String line) {
        final String[] halves = line.split(" - ", 2);
        final String[] before = halves[0].split(" ");
        final String[] behind = halves.length < 2 ? new String[0] : halves[1].split(" ");
        if (before.length < 6 || behind.length < 3) {
            return null;
        }
        final List<String> options = new ArrayList<>(Arrays.asList(before[5].split(",")));
        options.addAll(Arrays.asList(behind[2].split(",")));
        return new Mount(Path.of(unescape(before[4])), behind[0], options);
    }

    /** Blanks and the like are octal there. */
    private static String unescape(final String text) {
        return text.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }
}
