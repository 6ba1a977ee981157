package io.varve.launcher.torture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Where a rig keeps its objects: in a directory of its own, or under a URL, such as that of an S3 server, whose bucket is there and
 * whose options stand in the environment. It can go away and come back.
 */
final class StorePlace {
    private final String base;
    private final String stopCommand;
    private final String startCommand;
    private final Path home;

    private StorePlace(final String base, final String stopCommand, final String startCommand, final Path home) {
        this.base = base;
        this.stopCommand = stopCommand;
        this.startCommand = startCommand;
        this.home = home;
    }

    /** In a directory of each rig. */
    static StorePlace directory() {
        return new StorePlace(null, null, null, null);
    }

    /**
     * Under a URL.
     *
     * @param base         each rig adds a name of its own.
     * @param stopCommand  a shell command that makes the store's server go away, or null.
     * @param startCommand a shell command that makes it come back, or null.
     */
    static StorePlace url(final String base, final String stopCommand, final String startCommand) {
        return new StorePlace(base, stopCommand, startCommand, null);
    }

    /** This place for one rig. */
    StorePlace under(final Path newHome) throws IOException {
        if (base == null) {
            Files.createDirectories(newHome.resolve("objects"));
            Files.createSymbolicLink(newHome.resolve("store"), Path.of("objects"));
        }
        return new StorePlace(base, stopCommand, startCommand, newHome);
    }

    /** The URL of the rig's store. */
    String url() {
        return base == null
                ? "file://" + home.resolve("store")
                : base + "/" + home.getFileName() + "-"
                        + ProcessHandle.current().pid();
    }

    /** Whether objects are files. */
    boolean isDirectory() {
        return base == null;
    }

    /** The directory of the objects. */
    Path objects() {
        return home.resolve("objects");
    }

    /** Whether it can go away. */
    boolean canGo() {
        return base == null || stopCommand != null && startCommand != null;
    }

    /** Makes the store unreachable. */
    void takeAway() throws IOException, InterruptedException {
        if (base == null) {
            link("nowhere");
        } else {
            run(stopCommand);
        }
    }

    /** Makes the store reachable again. */
    void bringBack() throws IOException, InterruptedException {
        if (base == null) {
            link("objects");
        } else {
            run(startCommand);
        }
    }

    private void link(final String target) throws IOException {
        final Path draft = home.resolve("store.new");
        Files.createSymbolicLink(draft, Path.of(target));
        Files.move(draft, home.resolve("store"), StandardCopyOption.ATOMIC_MOVE);
    }

    private static void run(final String command) throws IOException, InterruptedException {
        final Process process =
                new ProcessBuilder("bash", "-c", command).inheritIO().start();
        if (process.waitFor() != 0) {
            throw new IOException("failed: " + command);
        }
    }
}
