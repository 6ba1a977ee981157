package io.varve.launcher.torture;

import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A home directory with one volume named {@code data}, its store, and the daemons that serve it. */
final class Rig {
    /** Bytes of every log: what may be acknowledged and not yet be in the store. */
    static final long LOG_BYTES = 64L << 20;

    /** Sectors of the volume. */
    static final int SECTORS = 32 << 11;

    private static final int KEPT_PROCESSES = 8;

    private final Path home;
    private final StorePlace store;
    private final Deque<VarveProcess> processes = new ArrayDeque<>();
    private int processCount;

    private Rig(final Path home, final StorePlace store) {
        this.home = home;
        this.store = store;
    }

    /** Makes a home and a volume. */
    static Rig create(final Path home, final StorePlace place) throws IOException, InterruptedException {
        Files.createDirectories(home);
        final Rig rig = new Rig(home, place.under(home));
        rig.ok("volume", "create", "data", "--size", "32M");
        return rig;
    }

    /** Everything that the rig keeps on this machine. */
    Path home() {
        return home;
    }

    /** Where the objects are. */
    StorePlace store() {
        return store;
    }

    /** The socket of daemons that name no other. */
    Path socket() {
        return home.resolve("socket");
    }

    /** The cache directory of daemons that name no other. */
    Path cache() {
        return home.resolve("cache");
    }

    /** Starts a command on the store. */
    VarveProcess start(final String... args) throws IOException {
        final List<String> all = new ArrayList<>(Arrays.asList(args));
        all.addAll(List.of("--store", store.url()));
        final List<String> prefix = new ArrayList<>(List.of("env"));
        store.environment().forEach((name, value) -> prefix.add(name + "=" + value));
        final VarveProcess process = VarveProcess.start(home, prefix, all.toArray(String[]::new));
        processes.add(process);
        processCount++;
        if (processes.size() > KEPT_PROCESSES) {
            processes.remove();
        }
        return process;
    }

    /** Runs a command on the store, and gives its exit status. */
    int run(final String... args) throws IOException, InterruptedException {
        try (VarveProcess command = start(args)) {
            return command.awaitExit();
        }
    }

    /** Runs a command on the store that has to succeed, and gives what it prints. */
    String ok(final String... args) throws IOException, InterruptedException {
        try (VarveProcess command = start(args)) {
            if (command.awaitExit() != 0) {
                throw new AssertionError(String.join(" ", args) + ": " + command.err());
            }
            return command.out();
        }
    }

    /** Starts the daemon of many volumes and waits until it listens. */
    VarveProcess daemon() throws IOException, InterruptedException {
        final VarveProcess daemon = start("daemon");
        daemon.awaitOut(line -> line.contains(" is ready, "));
        return daemon;
    }

    /** Ends the daemon of many volumes, of which none is attached. */
    static void endEmpty(final VarveProcess daemon) throws IOException, InterruptedException {
        daemon.signal("TERM");
        if (daemon.awaitExit() != 0) {
            throw new AssertionError("the daemon did not end well: " + daemon.describe());
        }
    }

    /** Starts a daemon and does not wait for it. */
    VarveProcess startServe(final Path socket, final Path cache, final String... more) throws IOException {
        final List<String> args = new ArrayList<>(
                List.of("serve", "data", "--socket-path", socket.toString(), "--cache", cache.toString()));
        args.addAll(Arrays.asList(more));
        return start(args.toArray(String[]::new));
    }

    /** Starts a daemon and waits until it is ready. */
    VarveProcess serve(final String... more) throws IOException, InterruptedException {
        return ready(startServe(socket(), cache(), more));
    }

    /** Waits until a daemon is ready. */
    static VarveProcess ready(final VarveProcess serve) throws InterruptedException {
        serve.awaitOut(line -> line.contains(" is ready "));
        return serve;
    }

    /** Ends a daemon, which has to put everything into the store. */
    static void end(final VarveProcess serve) throws IOException, InterruptedException {
        serve.signal("TERM");
        if (serve.awaitExit() != 0 || !serve.out().endsWith("ended, everything is in the store\n")) {
            throw new AssertionError("the daemon did not end well: " + serve.out() + serve.err());
        }
    }

    /** Kills a process after a while, from a thread of its own. */
    static Thread killAfter(final VarveProcess process, final long us) {
        final Thread killer = new Thread(
                () -> {
                    try {
                        TimeUnit.MICROSECONDS.sleep(us);
                        process.kill();
                    } catch (final InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "killer");
        killer.start();
        return killer;
    }

    /** Says what the last processes have said. */
    void keepOutputs() throws IOException {
        int number = processCount - processes.size();
        for (final VarveProcess process : processes) {
            Files.writeString(
                    home.resolve("process-" + ++number + ".txt"),
                    "standard output:\n" + process.out() + "standard error:\n" + process.err());
        }
    }

    /** Bytes in a store that is a directory here; 0 of another. */
    long storedBytes() throws IOException {
        if (!store.isDirectory()) {
            return 0;
        }
        final long[] bytes = new long[1];
        Files.walkFileTree(home.resolve("objects"), new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(final Path file, final BasicFileAttributes attributes) {
                bytes[0] += attributes.size();
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(final Path file, final IOException e) {
                return FileVisitResult.CONTINUE;
            }
        });
        return bytes[0];
    }

    /** Copies a tree. */
    static void copyTree(final Path from, final Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(final Path directory, final BasicFileAttributes attributes)
                    throws IOException {
                Files.createDirectories(to.resolve(from.relativize(directory).toString()));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(final Path file, final BasicFileAttributes attributes) throws IOException {
                if (attributes.isRegularFile()) {
                    Files.copy(file, to.resolve(from.relativize(file).toString()));
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Deletes a tree, which may not be there. */
    static void deleteTree(final Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(final Path file, final BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(final Path file, final IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }

            @Override
            public FileVisitResult postVisitDirectory(final Path directory, final IOException e) throws IOException {
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Kills what still runs. */
    void killAll() {
        processes.forEach(VarveProcess::close);
    }

    /** Kills what still runs, and deletes everything. */
    void dispose() throws IOException, InterruptedException {
        for (final VarveProcess process : processes) {
            process.kill();
        }
        if (!store.isDirectory()) {
            try (VarveProcess remove = start("volume", "remove", "data")) {
                remove.awaitExit();
            }
        }
        deleteTree(home);
    }
}
