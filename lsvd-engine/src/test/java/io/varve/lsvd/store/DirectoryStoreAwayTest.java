package io.varve.lsvd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryStoreAwayTest {
    private static final MemorySegment BODY = Arena.ofAuto().allocate(100);

    @TempDir
    private Path home;

    private Path root;
    private DirectoryStore store;

    @BeforeEach
    void openStore() throws Exception {
        root = home.resolve("store");
        store = DirectoryStore.open(root, true);
        assertThat(store.putIfAbsent("a/b", BODY).get()).isTrue();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void noObjectIsMissingWhileTheDirectoryIsGone() throws Exception {
        Files.move(root, home.resolve("away"));
        everythingFails("is not there any more");
        bringBack();
    }

    @Test
    void nothingIsDoneInAnotherDirectoryInItsPlace() throws Exception {
        Files.move(root, home.resolve("away"));
        Files.createDirectory(root);
        everythingFails("is not the one that was opened");
        assertThat(root).isEmptyDirectory();
        Files.delete(root);
        bringBack();
    }

    @Test
    void aFileInThePlaceOfAllHidesWhatIsThere() throws Exception {
        Files.move(root.resolve("a"), home.resolve("away"));
        Files.createFile(root.resolve("a"));
        fails(store.putIfAbsent("a/c", BODY), "a file is in the way");
        fails(store.get("a/b", 0, Arena.ofAuto().allocate(100)), "a file is in the way");
        fails(store.list("a/"), "a file is in the way");
        Files.delete(root.resolve("a"));
        Files.move(home.resolve("away"), root.resolve("a"));
        assertThat(store.list("a/").get()).hasSize(1);
    }

    @Test
    void aDirectoryThatCannotBeLookedAtIsNoEmptyOne() throws Exception {
        assertThat(store.putIfAbsent("b/c/d", BODY).get()).isTrue();
        final Path loop = root.resolve("b/c");
        Files.move(loop, home.resolve("away"));
        Files.createSymbolicLink(loop, loop);
        fails(store.list("b/c/"), "cannot list");
        Files.delete(loop);
        Files.move(home.resolve("away"), loop);
        assertThat(store.list("b/c/").get()).hasSize(1);
    }

    private void everythingFails(final String reason) {
        fails(store.putIfAbsent("a/c", BODY), reason);
        fails(store.get("a/b", 0, Arena.ofAuto().allocate(100)), reason);
        fails(store.list("a/"), reason);
        fails(store.delete("a/b"), reason);
    }

    private void bringBack() throws IOException, InterruptedException, ExecutionException {
        Files.move(home.resolve("away"), root);
        assertThat(store.get("a/b", 0, Arena.ofAuto().allocate(100)).get()).isEqualTo(100);
        assertThat(store.list("a/").get()).hasSize(1);
        assertThat(store.putIfAbsent("a/c", BODY).get()).isTrue();
        assertThatThrownBy(store.get("a/d", 0, Arena.ofAuto().allocate(100))::get)
                .hasCauseInstanceOf(NoSuchObjectException.class);
    }

    private static void fails(final CompletableFuture<?> future, final String reason) {
        assertThatThrownBy(future::get)
                .cause()
                .isInstanceOf(StoreException.class)
                .isNotInstanceOf(NoSuchObjectException.class)
                .hasMessageContaining(reason);
    }
}
