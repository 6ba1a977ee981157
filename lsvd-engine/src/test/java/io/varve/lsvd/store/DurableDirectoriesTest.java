package io.varve.lsvd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DurableDirectoriesTest {
    @TempDir
    private Path root;

    private final List<Path> synced = new CopyOnWriteArrayList<>();
    private DurableDirectories directories;

    @BeforeEach
    void makeRoot() throws IOException {
        directories = new DurableDirectories(synced::add);
        directories.make(root);
        synced.clear();
    }

    @Test
    void syncsParentsFromTheTopDownAndOnce() throws IOException {
        directories.make(root.resolve("a/b"));
        assertThat(synced).containsExactly(root, root.resolve("a"));
        directories.make(root.resolve("a/b"));
        assertThat(synced).hasSize(2);
    }

    @Test
    void doesNotTrustWhatAnotherHasMadeAndNotSynced() throws Exception {
        final CountDownLatch isSyncing = new CountDownLatch(1);
        final CountDownLatch goOn = new CountDownLatch(1);
        final DurableDirectories slow = new DurableDirectories(directory -> {
            if (directory.equals(root)) {
                isSyncing.countDown();
                try {
                    goOn.await();
                } catch (final InterruptedException e) {
                    throw new IOException(e);
                }
            }
        });
        final CompletableFuture<Void> other = CompletableFuture.runAsync(() -> {
            try {
                slow.make(root.resolve("a"));
            } catch (final IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(isSyncing.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(root.resolve("a")).isDirectory();
        directories.make(root.resolve("a"));
        assertThat(synced).containsExactly(root);
        goOn.countDown();
        other.get(30, TimeUnit.SECONDS);
    }

    @Test
    void doesNotTrustWhatWasMadeAgain() throws IOException {
        final Path directory = root.resolve("a");
        directories.make(directory);
        synced.clear();
        Files.delete(directory);
        Files.createDirectory(directory);
        directories.make(directory);
        assertThat(synced).containsExactly(root);
    }

    @Test
    void doesNotCountWhatCouldNotBeSynced() throws IOException {
        final DurableDirectories failing = new DurableDirectories(directory -> {
            synced.add(directory);
            if (directory.equals(root) && synced.stream().filter(root::equals).count() == 1) {
                throw new IOException("EIO");
            }
        });
        assertThatThrownBy(() -> failing.make(root.resolve("a"))).hasMessage("EIO");
        failing.make(root.resolve("a"));
        assertThat(synced.stream().filter(root::equals)).hasSize(2);
    }

    @Test
    void saysWhenAFileIsInTheWay() throws IOException {
        Files.createFile(root.resolve("a"));
        assertThatThrownBy(() -> directories.make(root.resolve("a/b"))).isInstanceOf(FileAlreadyExistsException.class);
    }
}
