package io.varve.lsvd.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.Background;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The contract, kept by a directory. */
final class DirectoryStoreTest extends ObjectStoreContract {
    @TempDir
    private Path directory;

    @Override
    protected ObjectStore open(final String place) throws StoreException {
        return DirectoryStore.open(directory.resolve(place), true);
    }

    /** Whatever the umask of whoever runs this, which is 022 as a rule. */
    @ParameterizedTest
    @CsvSource({
        "             , rwx------, rwx------, rw-------",
        "rwxr-xr-x, rwxr-xr-x, rwxr-x---, rw-r-----",
        "rwxrwx---, rwxrwx---, rwxrwx---, rw-rw----",
        "rwxrwxrwx, rwxrwxrwx, rwxrwxrwx, rw-rw-rw-"
    })
    void whatIsMadeIsForThoseWhomTheDirectoryIsFor(
            final String made, final String root, final String inner, final String file) throws Exception {
        final Path store = directory.resolve("modes/store");
        if (made != null) {
            Files.createDirectories(store);
            Files.setPosixFilePermissions(store, PosixFilePermissions.fromString(made));
        }
        try (ObjectStore opened = DirectoryStore.open(store, true)) {
            opened.putIfAbsent("a/small", MemorySegment.ofArray(new byte[1])).get();
            try (Arena arena = Arena.ofShared()) {
                opened.putIfAbsent("a/large", arena.allocate(2 << 20, 4096)).get();
            }
        }
        assertThat(permissions(store)).isEqualTo(root);
        assertThat(permissions(store.resolve("a"))).isEqualTo(inner);
        assertThat(permissions(store.resolve("a/small"))).isEqualTo(file);
        assertThat(permissions(store.resolve("a/large"))).isEqualTo(file);
    }

    @Test
    void whatIsMadeInASharedDirectoryBelongsToItsGroup() throws Exception {
        final Path store = Files.createDirectories(directory.resolve("store"));
        Files.setAttribute(store, "unix:mode", 02770);
        try (ObjectStore opened = DirectoryStore.open(store, false)) {
            opened.putIfAbsent("a/b/c", MemorySegment.ofArray(new byte[1])).get();
        }
        assertThat((Integer) Files.getAttribute(store.resolve("a/b"), "unix:mode") & 07777)
                .isEqualTo(02770);
    }

    private static String permissions(final Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void leavesNoEmptyDirectories() throws Exception {
        final Path root = directory.resolve("store");
        try (ObjectStore store = DirectoryStore.open(root, true)) {
            store.putIfAbsent("a/b/c/d", MemorySegment.ofArray(new byte[1])).get();
            store.putIfAbsent("a/e", MemorySegment.ofArray(new byte[1])).get();
            store.delete("a/b/c/d").get();
            assertThat(root.resolve("a/b")).doesNotExist();
            assertThat(root.resolve("a/e")).exists();
            store.delete("a/e").get();
            assertThat(root.resolve("a")).doesNotExist();
            assertThat(root).exists();
        }
    }

    @Test
    void createsInDirectoriesThatOthersTakeAway() throws Exception {
        try (ObjectStore store = DirectoryStore.open(directory.resolve("store"), true);
                ObjectStore other = DirectoryStore.open(directory.resolve("store"), false)) {
            for (int round = 0; round < 50; round++) {
                final List<CompletableFuture<?>> futures = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    final String key = "a/b/" + i;
                    futures.add(store.putIfAbsent(key, MemorySegment.ofArray(new byte[1]))
                            .thenCompose(created -> {
                                assertThat(created).isTrue();
                                return other.delete(key);
                            }));
                }
                for (final CompletableFuture<?> future : futures) {
                    future.get();
                }
            }
            assertThat(store.list("").get()).isEmpty();
        }
    }

    @Test
    void readsInTheBackgroundForWhoIsThere() throws Exception {
        try (ObjectStore store = DirectoryStore.open(directory.resolve("store"), true)) {
            store.putIfAbsent("a", MemorySegment.ofArray(new byte[1])).get();
            final CompletableFuture<Boolean> there = new CompletableFuture<>();
            new Thread(Background.task(() -> isReadInBackground(store).thenAccept(there::complete))).start();
            assertThat(there.get()).isTrue();
            assertThat(isReadInBackground(store).get()).isFalse();
        }
    }

    private static CompletableFuture<Boolean> isReadInBackground(final ObjectStore store) {
        return store.get("a", 0, MemorySegment.ofArray(new byte[1])).thenApply(length -> Background.isHere());
    }
}
