package io.varve.launcher.torture;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A directory store that misbehaves: foreign files and directories anywhere in it, a file system that is full, objects that
 * disappear, and all of it away for a while. Where this process is root it has a file system of its own, in memory, which alone
 * can be full.
 */
final class MeanDirectory implements MeanStore {
    private static final long SIZE = 192L << 20;
    private static final int MOST_STRAYS = 200;
    private static final int LOSSES_ONE_IN = 40;
    private static final List<String> STRAYS = List.of(
            ".DS_Store",
            "._0",
            "Thumbs.db",
            "lost+found",
            "core",
            "0",
            "ffffffffffffffff",
            "x.tmp",
            " ",
            "Ω",
            "1-2-3",
            ".new");

    private final Path root;
    private final boolean isMounted;
    private int strays;
    private boolean hasLost;

    private MeanDirectory(final Path root, final boolean isMounted) {
        this.root = root;
        this.isMounted = isMounted;
    }

    /** Makes an empty one. */
    static MeanDirectory create(final Path root) throws IOException, InterruptedException {
        Files.createDirectories(root);
        final boolean isMounted = run("mount", "-t", "tmpfs", "-o", "size=" + SIZE, "varve-chaos", root.toString());
        if (!isMounted) {
            System.out.println("chaos: a file system that is full is left out: that takes root");
        }
        return new MeanDirectory(root, isMounted);
    }

    @Override
    public String url() {
        return "file://" + root;
    }

    @Override
    public void misbehave(final Random random) throws IOException, InterruptedException {
        final long ms = Torment.spread(random, 20, 3_000);
        switch (random.nextInt(isMounted ? 6 : 5)) {
            case 0 -> goAway(ms);
            case 5 -> beFull(ms);
            default -> {
                if (random.nextInt(LOSSES_ONE_IN) == 0) {
                    lose(random);
                } else {
                    stray(random);
                }
            }
        }
    }

    private void goAway(final long ms) throws IOException, InterruptedException {
        final Path volumes = root.resolve("volumes");
        if (Files.isDirectory(volumes)) {
            Files.move(volumes, root.resolve("away"));
            Files.createFile(volumes);
            TimeUnit.MILLISECONDS.sleep(ms);
            behave();
        }
    }

    private void beFull(final long ms) throws IOException, InterruptedException {
        final Path filler = root.resolve("filler");
        try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
            final byte[] piece = new byte[1 << 20];
            for (long done = 0; done < SIZE; done += piece.length) {
                file.write(piece);
            }
        } catch (final IOException e) {
            // Full, as it should be.
            TimeUnit.MILLISECONDS.sleep(ms);
        }
        Files.deleteIfExists(filler);
    }

    private void stray(final Random random) throws IOException {
        final Path directory = any(random, true);
        if (directory == null || strays == MOST_STRAYS) {
            return;
        }
        final Path stray = directory.resolve(STRAYS.get(random.nextInt(STRAYS.size())));
        // One of the kinds is a link to nowhere.
        if (Files.exists(stray, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        strays++;
        switch (random.nextInt(3)) {
            case 0 -> Files.createDirectory(stray);
            case 1 -> Files.createSymbolicLink(stray, Path.of("nowhere"));
            default -> Files.write(stray, new byte[random.nextInt(5000)]);
        }
    }

    private void lose(final Random random) throws IOException {
        final Path object = any(random, false);
        if (object != null && object.toString().contains("/log/")) {
            hasLost = true;
            Files.deleteIfExists(object);
        }
    }

    /** Some directory, or file, of the store; null for none. */
    private Path any(final Random random, final boolean isDirectory) throws IOException {
        try (Stream<Path> tree = Files.walk(root)) {
            final List<Path> paths =
                    tree.filter(path -> isDirectory == Files.isDirectory(path)).toList();
            return paths.isEmpty() ? null : paths.get(random.nextInt(paths.size()));
        } catch (final UncheckedIOException e) {
            if (e.getCause() instanceof NoSuchFileException) {
                return null;
            }
            throw e;
        }
    }

    @Override
    public void behave() throws IOException {
        final Path away = root.resolve("away");
        if (Files.isDirectory(away)) {
            Files.delete(root.resolve("volumes"));
            Files.move(away, root.resolve("volumes"));
        }
        Files.deleteIfExists(root.resolve("filler"));
    }

    @Override
    public boolean hasLost() {
        return hasLost;
    }

    @Override
    public void close() throws IOException {
        try {
            if (isMounted) {
                run("umount", "--lazy", root.toString());
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Rig.deleteTree(root);
    }

    private static boolean run(final String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }
}
