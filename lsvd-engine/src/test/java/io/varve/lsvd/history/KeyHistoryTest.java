package io.varve.lsvd.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.crypto.DataKey;
import io.varve.lsvd.crypto.KeyEncryptionKey;
import io.varve.lsvd.crypto.KeyException;
import io.varve.lsvd.crypto.VolumeKeys;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.KeyRecord;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.UnsyncedStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyHistoryTest {
    private static final UUID VOLUME = new UUID(1, 2);
    private static final UUID PARENT = new UUID(3, 4);

    private final KeyEncryptionKey first = key("first", 1);
    private final KeyEncryptionKey second = key("second", 2);
    private final KeyEncryptionKey third = key("third", 3);

    @TempDir
    private Path directory;

    private ObjectStore store;

    @BeforeEach
    void open() throws Exception {
        store = DirectoryStore.open(directory, true);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void aVolumeWithoutKeysIsNotEncrypted() throws Exception {
        assertThat(history(store).newest()).isNull();
        assertThatThrownBy(() -> history(store).open(first))
                .isInstanceOf(KeyException.class)
                .hasMessage("the volume has no key in the store: either it is not encrypted, and no key may be given,"
                        + " or its keys have been removed");
        assertThatThrownBy(() -> history(store).rotate(first, second, 5))
                .isInstanceOf(KeyException.class)
                .hasMessage("the volume is not encrypted: it has no key");
    }

    @Test
    void keysAreReadAsTheyWereMade() throws Exception {
        final byte[] made = make();
        try (VolumeKeys keys = history(store).open(first)) {
            assertThat(keys.own().bytes()).isEqualTo(made);
            assertThat(keys.of(VOLUME)).isSameAs(keys.own());
            assertThatThrownBy(() -> keys.of(PARENT))
                    .isInstanceOf(KeyException.class)
                    .hasMessageStartingWith("the volume has no key for the objects of its ancestor " + PARENT);
        }
        final KeyRecord record = history(store).newest();
        assertThat(record.kind()).isEqualTo("file");
        assertThat(record.keyName()).isEqualTo("first");
        assertThat(record.wrappedMs()).isEqualTo(1);
    }

    @Test
    void keysAreMadeOnce() throws Exception {
        make();
        assertThatThrownBy(() -> history(store).create(first, Map.of(), 2))
                .isInstanceOf(KeyException.class)
                .hasMessageContaining("by somebody else at the same time");
    }

    @Test
    void anotherKeyIsRefusedByName() throws Exception {
        make();
        assertThatThrownBy(() -> history(store).open(second))
                .isInstanceOf(KeyException.class)
                .hasMessage("the key of second is not the one that the volume's key was wrapped by;"
                        + " it is wrapped by file:first");
        assertThat(history(store).newest().keyName()).isEqualTo("first");
    }

    @Test
    void rotationChangesTheWrappingOnly() throws Exception {
        final byte[] made = make();
        history(store).rotate(first, second, 7);
        assertThatThrownBy(() -> history(store).open(first)).isInstanceOf(KeyException.class);
        try (VolumeKeys keys = history(store).open(second)) {
            assertThat(keys.own().bytes()).isEqualTo(made);
        }
        assertThat(history(store).newest().wrappedMs()).isEqualTo(7);
        assertThatThrownBy(() -> history(store).rotate(first, third, 8)).isInstanceOf(KeyException.class);
        assertThat(history(store).newest().keyName()).isEqualTo("second");
    }

    @Test
    void ofTwoRotationsAtTheSameTimeOneIsRefused() throws Exception {
        final byte[] made = make();
        final ObjectStore overtaken = new ForwardingStore(store) {
            @Override
            public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
                try {
                    history(store()).rotate(first, third, 9);
                } catch (final IOException e) {
                    throw new AssertionError(e);
                }
                return super.putIfAbsent(key, body);
            }
        };
        assertThatThrownBy(() -> history(overtaken).rotate(first, second, 8))
                .isInstanceOf(KeyException.class)
                .hasMessageContaining("were changed by somebody else at the same time");
        try (VolumeKeys keys = history(store).open(third)) {
            assertThat(keys.own().bytes()).isEqualTo(made);
        }
    }

    @Test
    void anAnswerThatIsLostIsNoDefeat() throws Exception {
        make();
        final UnsyncedStore losing = new UnsyncedStore(store);
        final ObjectStore retried = new ForwardingStore(losing) {
            @Override
            public CompletableFuture<Boolean> putIfAbsent(final String key, final MemorySegment body) {
                // Carried out, the answer lost, and sent again.
                losing.neverAnswer(any -> true);
                losing.putIfAbsent(key, body);
                losing.neverAnswer(any -> false);
                return super.putIfAbsent(key, body);
            }
        };
        history(retried).rotate(first, second, 8);
        assertThat(losing.isUnsynced()).isFalse();
        losing.losePower();
        history(store).open(second).close();
    }

    /** Else data would be written with a key that the next loss of power takes. */
    @Test
    void keysThatAreReadAreMadeDurable() throws Exception {
        make();
        final UnsyncedStore losing = new UnsyncedStore(store);
        losing.giveUp(any -> true);
        assertThatThrownBy(() -> history(losing).rotate(first, second, 8)).isInstanceOf(IOException.class);
        assertThat(losing.isUnsynced()).isTrue();
        history(losing).open(second).close();
        losing.losePower();
        history(store).open(second).close();
    }

    @Test
    void aCloneHasItsAncestorsKeys() throws Exception {
        final UUID grandchild = new UUID(5, 6);
        final byte[] made = make();
        try (VolumeKeys parents = history(store).open(first);
                VolumeKeys keys = new KeyHistory(client(store), grandchild).create(second, parents.all(), 3)) {
            assertThat(keys.all().keySet()).containsExactly(grandchild, VOLUME);
            assertThat(keys.own().bytes()).isNotEqualTo(made);
        }
        try (VolumeKeys keys = new KeyHistory(client(store), grandchild).open(second)) {
            assertThat(keys.of(VOLUME).bytes()).isEqualTo(made);
        }
    }

    @Test
    void keysOfAncestorsAreAdded() throws Exception {
        final byte[] made = make();
        try (DataKey parents = DataKey.random();
                DataKey wrong = DataKey.random()) {
            history(store).extend(first, Map.of(PARENT, parents, VOLUME, wrong), 4);
            try (VolumeKeys keys = history(store).open(first)) {
                assertThat(keys.own().bytes()).isEqualTo(made);
                assertThat(keys.of(PARENT).bytes()).isEqualTo(parents.bytes());
            }
        }
    }

    @Test
    void noRecordStandsInForAnother() throws Exception {
        make();
        final KeyRecord record = history(store).newest();
        final KeyRecord claimed = new KeyRecord(
                PARENT,
                "file",
                "first",
                1,
                List.of(new KeyRecord.WrappedKey(
                        PARENT, record.keys().getFirst().wrapped())));
        client(store).putIfAbsent(Keys.dataKeys(PARENT, 1), claimed.encode());
        assertThatThrownBy(() -> new KeyHistory(client(store), PARENT).open(first))
                .isInstanceOf(KeyException.class);
        client(store).putIfAbsent(Keys.dataKeys(PARENT, 2), record.encode());
        assertThatThrownBy(() -> new KeyHistory(client(store), PARENT).open(first))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("is the key record of another volume");
    }

    @Test
    void whatIsDamagedIsNamed() throws Exception {
        final MemorySegment garbage = Arena.ofAuto().allocate(100);
        client(store).putIfAbsent(Keys.dataKeys(VOLUME, 1), garbage);
        assertThatThrownBy(() -> history(store).open(first))
                .isInstanceOf(FormatException.class)
                .hasMessageStartingWith(Keys.dataKeys(VOLUME, 1));
    }

    private byte[] make() throws IOException {
        try (VolumeKeys keys = history(store).create(first, Map.of(), 1)) {
            return keys.own().bytes();
        }
    }

    private static KeyHistory history(final ObjectStore store) {
        return new KeyHistory(client(store), VOLUME);
    }

    private static StoreClient client(final ObjectStore store) {
        return new StoreClient(store, new SystemRuntime(), StoreClient.DEFAULT_TIMEOUT_MS);
    }

    private static KeyEncryptionKey key(final String name, final int value) {
        final byte[] bytes = new byte[KeyEncryptionKey.LENGTH];
        Arrays.fill(bytes, (byte) value);
        return new KeyEncryptionKey("file", name, bytes);
    }
}
