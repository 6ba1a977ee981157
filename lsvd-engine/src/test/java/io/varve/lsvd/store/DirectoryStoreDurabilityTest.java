package io.varve.lsvd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.VolumeCatalog;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a directory as a store does when directories can't be synced, and when its file system is full. */
final class DirectoryStoreDurabilityTest {
    private static final String KEY = "volumes/a/log/1/1";

    @TempDir
    private Path directory;

    private final Set<Path> unwell = ConcurrentHashMap.newKeySet();
    private final Set<Path> synced = ConcurrentHashMap.newKeySet();

    @Test
    void believesThatAnObjectIsTakenOnlyWhenItsNameIsDurable() throws Exception {
        final Path root = directory.resolve("store");
        final Path parent = root.resolve(KEY).getParent();
        try (DirectoryStore store = DirectoryStore.open(root, true, new DurableDirectories(this::sync))) {
            unwell.add(parent);
            // The name is given, and may be lost with the power.
            assertThatThrownBy(() -> put(store)).hasMessageContaining("unwell");
            assertThat(root.resolve(KEY)).exists();
            assertThatThrownBy(() -> put(store)).hasMessageContaining("unwell");
            unwell.clear();
            synced.clear();
            assertThat(put(store)).isFalse();
            assertThat(synced).contains(parent);
        }
        // To another process no directory on the way is known to be durable.
        synced.clear();
        try (DirectoryStore store = DirectoryStore.open(root, false, new DurableDirectories(this::sync))) {
            assertThat(put(store)).isFalse();
            assertThat(synced).contains(parent, parent.getParent(), root.resolve("volumes"), root);
        }
    }

    @Test
    void confirmsWhatAnotherHasLeft() throws Exception {
        final Path root = directory.resolve("store");
        final Path parent = root.resolve(KEY).getParent();
        try (DirectoryStore store = DirectoryStore.open(root, true, new DurableDirectories(this::sync))) {
            unwell.add(parent);
            assertThatThrownBy(() -> put(store)).hasMessageContaining("unwell");
        }
        synced.clear();
        try (DirectoryStore store = DirectoryStore.open(root, false, new DurableDirectories(this::sync))) {
            assertThatThrownBy(() -> store.confirm("volumes/a/log/1/").get()).hasMessageContaining("unwell");
            unwell.clear();
            store.confirm("volumes/a/log/1/").get();
            assertThat(synced).contains(parent, parent.getParent(), root.resolve("volumes"), root);
            // Of what has gone nothing has to be kept.
            store.confirm("volumes/a/log/2/").get();
            store.confirm(KEY + "/").get();
            assertThatThrownBy(() -> store.confirm("volumes/a").get()).hasMessageContaining("up to a slash");
        }
    }

    @Test
    void emptiesAFileSystemThatIsFull() throws Exception {
        final Path mount = Files.createDirectories(directory.resolve("mount"));
        Assumptions.assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount.toString()), "needs root");
        try (DirectoryStore store = DirectoryStore.open(mount, false)) {
            final VolumeCatalog catalog = new VolumeCatalog(store);
            for (int i = 0; i < 6; i++) {
                catalog.create("disk" + i, 1 << 20);
            }
            fill(mount.resolve("filler"));
            assertThatThrownBy(() -> catalog.create("another", 1 << 20)).hasMessageContaining("No space left");
            for (int i = 0; i < 6; i++) {
                assertThat(catalog.remove("disk" + i)).isTrue();
            }
            assertThat(catalog.list()).isEmpty();
        } finally {
            run("umount", mount.toString());
        }
    }

    private void sync(final Path path) throws IOException {
        synced.add(path);
        if (unwell.contains(path)) {
            throw new IOException("unwell");
        }
    }

    private static boolean put(final DirectoryStore store) throws Exception {
        try {
            return store.putIfAbsent(KEY, MemorySegment.ofArray(new byte[10])).get();
        } catch (final ExecutionException e) {
            throw (Exception) e.getCause();
        }
    }

    private static void fill(final Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            final byte[] piece = new byte[4096];
            while (true) {
                out.write(piece);
            }
        } catch (final IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    private static boolean run(final String... command) throws Exception {
        return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
    }
}
