package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.VolumeException.Kind;
import io.varve.lsvd.format.MetadataRecord;
import io.varve.lsvd.format.NameRecord;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names, identities and metadata of volumes. */
final class VolumeNamesTest {
    private static final long SIZE = 1 << 20;

    @TempDir
    private Path directory;

    private ObjectStore store;
    private VolumeCatalog catalog;

    @BeforeEach
    void openStore() throws Exception {
        store = DirectoryStore.open(directory.resolve("store"), true);
        catalog = new VolumeCatalog(store);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    private static void refused(final Kind kind, final String message, final ThrowingCallable what) {
        assertThatThrownBy(what)
                .isInstanceOfSatisfying(
                        VolumeException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(message);
    }

    /** Ends a command at its nth request, for all n until it comes through; says how many there were. */
    private int cutShort(final Command command, final Runnable check) throws VolumeException {
        for (int requests = 0; ; requests++) {
            final int most = requests;
            try {
                command.run(new VolumeCatalog(new CutShortStore(store, count -> count > most)));
                return requests;
            } catch (final VolumeException e) {
                assertThat(e).hasMessageContaining("cut short");
                check.run();
            }
        }
    }

    @FunctionalInterface
    private interface Command {
        void run(VolumeCatalog catalog) throws VolumeException;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "volume-3f2504e0-4f89-11d3-9a0c-0305e82c3301",
                "VM disk 1 (Büro).img",
                ".hidden",
                "pvc:a,b;c|d'e\"f`g$h",
                "\u78c1\u76d8",
                "\ud83d\ude00"
            })
    void takesWhatOthersCallTheirs(final String name) throws Exception {
        final UUID volume = catalog.create(name, SIZE).uuid();
        assertThat(catalog.find(name)).isEqualTo(volume);
        assertThat(catalog.list()).extracting(VolumeInfo::name).containsExactly(name);
        assertThat(catalog.names("", 10)).containsExactly(name);
        assertThat(catalog.remove(name)).isTrue();
        assertThat(catalog.names("", 10)).isEmpty();
        refused(Kind.NOT_FOUND, "no volume '" + name + "'", () -> catalog.find(name));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a/b",
                "a@b",
                "-a",
                " a",
                "a ",
                "a\nb",
                "a\u0000",
                "..",
                ".",
                "\ud83d",
                "a\u0085b",
                "a\u2028b"
            })
    void refusesWhatIsNoName(final String name) {
        refused(Kind.INVALID, "is no name for a volume", () -> catalog.create(name, SIZE));
        refused(Kind.INVALID, "is no name for a volume", () -> catalog.find(name));
        refused(Kind.INVALID, "is no name for a volume", () -> catalog.remove(name));
    }

    @Test
    void aNameHas128CharactersAtMostHoweverManyBytesTheyTake() throws Exception {
        catalog.create("\u78c1".repeat(128), SIZE);
        refused(Kind.INVALID, "is no name", () -> catalog.create("a".repeat(129), SIZE));
        refused(Kind.INVALID, "is no name", () -> catalog.create("\ud83d\ude00".repeat(128), SIZE));
    }

    @Test
    void listsNamesByPagesWithoutReadingThem() throws Exception {
        final TreeSet<String> names = new TreeSet<>();
        for (final String name : List.of("a", "a-b", "a.b", "ab", "B", "\u00fc", "c", "c0", "d")) {
            catalog.create(name, SIZE);
            names.add(name);
        }
        for (int i = 0; i < 5; i++) {
            catalog.create("gone" + i, SIZE);
            catalog.remove("gone" + i);
            catalog.remove("c");
            catalog.create("c", SIZE);
        }
        final CountingStore counting = new CountingStore(store);
        final VolumeCatalog counted = new VolumeCatalog(counting);
        for (int limit = 1; limit < 11; limit++) {
            final List<String> found = new ArrayList<>();
            List<String> page = counted.names("", limit);
            while (!page.isEmpty()) {
                assertThat(page).hasSizeLessThanOrEqualTo(limit);
                found.addAll(page);
                page = counted.names(page.getLast(), limit);
            }
            assertThat(found).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(names);
        }
        assertThat(counting.gets()).isZero();
    }

    @Test
    void listsMoreNamesThanAStoreListsAtATime() throws Exception {
        final UUID volume = UUID.randomUUID();
        for (int i = 0; i < 1200; i++) {
            put(Keys.nameVersion("x", i + 1), NameRecord.release(volume));
            put(Keys.nameVersion("y%04d".formatted(i), 1), NameRecord.claim(volume));
        }
        put(Keys.nameVersion("x", 1201), NameRecord.claim(volume));
        assertThat(catalog.names("", 10_000))
                .hasSize(1201)
                .startsWith("x", "y0000")
                .endsWith("y1199");
        assertThat(catalog.names("y0999", 3)).containsExactly("y1000", "y1001", "y1002");
    }

    private void put(final String key, final NameRecord record) {
        store.putIfAbsent(key, record.encode()).join();
    }

    @Test
    void aVolumeIsFoundByItsIdentity() throws Exception {
        final UUID volume = catalog.create("data", SIZE).uuid();
        assertThat(catalog.nameOf(volume.toString())).isEqualTo("data");
        assertThat(catalog.nameOf("data")).isEqualTo("data");
        catalog.rename("data", "other");
        assertThat(catalog.nameOf(volume.toString())).isEqualTo("other");
        // Where nothing was noted of its name.
        store.list(Keys.metadata(volume))
                .join()
                .forEach(object -> store.delete(object.key()).join());
        assertThat(catalog.nameOf(volume.toString())).isEqualTo("other");
        // A name comes first.
        final UUID another = catalog.create(volume.toString(), SIZE).uuid();
        assertThat(catalog.nameOf(volume.toString())).isEqualTo(volume.toString());
        assertThat(catalog.nameOf(another.toString())).isEqualTo(volume.toString());
        refused(Kind.NOT_FOUND, "no volume", () -> catalog.nameOf(new UUID(1, 2).toString()));
    }

    @Test
    void aVolumeGetsAnotherName() throws Exception {
        final UUID volume = catalog.create("data", SIZE).uuid();
        catalog.create("taken", SIZE);
        refused(Kind.EXISTS, "'taken' exists already", () -> catalog.rename("data", "taken"));
        refused(Kind.INVALID, "is no name", () -> catalog.rename("data", "a/b"));
        refused(Kind.NOT_FOUND, "no volume 'none'", () -> catalog.rename("none", "new"));
        assertThat(catalog.rename("data", "new").uuid()).isEqualTo(volume);
        assertThat(catalog.find("new")).isEqualTo(volume);
        refused(Kind.NOT_FOUND, "it was renamed to 'new'", () -> catalog.find("data"));
        assertThat(catalog.names("", 9)).containsExactly("new", "taken");
        // The old name is free, and has nothing to do with the volume any more.
        assertThat(catalog.remove("data")).isFalse();
        final UUID next = catalog.create("data", SIZE).uuid();
        assertThat(catalog.remove("data")).isTrue();
        assertThat(store.list(Keys.epochs(next)).join()).isEmpty();
        assertThat(catalog.info("new").uuid()).isEqualTo(volume);
        assertThat(catalog.rename("new", "data").uuid()).isEqualTo(volume);
        assertThat(catalog.names("", 9)).containsExactly("data", "taken");
    }

    @Test
    void aRenamingThatIsCutShortLeavesOneNameAndIsFinishedByTheNext() throws Exception {
        final UUID volume = catalog.create("data", SIZE).uuid();
        final int requests = cutShort(shortened -> shortened.rename("data", "new"), () -> {
            final Map<String, UUID> found = new HashMap<>();
            for (final String name : List.of("data", "new")) {
                try {
                    found.put(name, catalog.find(name));
                } catch (final VolumeException e) {
                    assertThat(e.kind()).isEqualTo(Kind.NOT_FOUND);
                }
            }
            assertThat(found).hasSize(1).containsValue(volume);
            try {
                if (found.containsKey("new")) {
                    catalog.rename("new", "data");
                } else {
                    assertThatThrownBy(() -> catalog.rename("none", "new")).isInstanceOf(VolumeException.class);
                }
            } catch (final VolumeException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(requests).isGreaterThan(6);
        assertThat(catalog.find("new")).isEqualTo(volume);
    }

    @Test
    void aNameThatIsAboutToBeGivenIsTaken() throws Exception {
        final UUID volume = catalog.create("data", SIZE).uuid();
        put(Keys.nameVersion("new", 1), NameRecord.claim(volume, "data", 1));
        refused(Kind.EXISTS, "exists already", () -> catalog.create("new", SIZE));
        refused(Kind.NOT_FOUND, "'data' was about to be renamed to 'new'", () -> catalog.find("new"));
        assertThat(catalog.remove("new")).isFalse();
        catalog.create("other", SIZE);
        refused(Kind.EXISTS, "exists already", () -> catalog.rename("other", "new"));
        assertThat(catalog.find("data")).isEqualTo(volume);
        assertThat(catalog.rename("data", "new").uuid()).isEqualTo(volume);
    }

    /** Whichever comes first: the volume is removed, or has its new name; never neither and never both. */
    @Test
    void aRemovalAndARenamingAtTheSameTimeDontMeet() throws Exception {
        final UUID first = catalog.create("data", SIZE).uuid();
        final VolumeCatalog renaming = new VolumeCatalog(new Before(
                Keys.nameVersion("data", 2),
                () -> assertThat(catalog.remove("data")).isTrue()));
        refused(Kind.NOT_FOUND, "was removed", () -> renaming.rename("data", "new"));
        assertThat(catalog.names("", 9)).containsExactly("new");
        assertThat(catalog.list()).isEmpty();
        assertThat(store.list(Keys.epochs(first)).join()).isEmpty();
        final UUID second = catalog.create("new", SIZE).uuid();
        final VolumeCatalog removing =
                new VolumeCatalog(new Before(Keys.nameVersion("new", 3), () -> catalog.rename("new", "data")));
        refused(Kind.BUSY, "was renamed", () -> removing.remove("new"));
        assertThat(catalog.find("data")).isEqualTo(second);
        assertThat(catalog.info("data").state()).isEqualTo(VolumeInfo.State.CLOSED);
    }

    /** Does something before the first creation of a key. */
    private final class Before extends ForwardingStore {
        private final String key;
        private Action action;

        Before(final String key, final Action action) {
            super(store);
            this.key = key;
            this.action = action;
        }

        @Override
        public CompletableFuture<Boolean> putIfAbsent(final String wanted, final MemorySegment body) {
            if (wanted.equals(key) && action != null) {
                final Action now = action;
                action = null;
                try {
                    now.run();
                } catch (final VolumeException e) {
                    throw new AssertionError(e);
                }
            }
            return super.putIfAbsent(wanted, body);
        }
    }

    @FunctionalInterface
    private interface Action {
        void run() throws VolumeException;
    }

    @Test
    void whatIsMadeWithATokenIsMadeOnce() throws Exception {
        final VolumeSettings settings = VolumeSettings.ofSize(SIZE);
        final UUID volume = catalog.create("data", settings, "token").uuid();
        assertThat(catalog.create("data", settings, "token").uuid()).isEqualTo(volume);
        refused(Kind.EXISTS, "exists already", () -> catalog.create("data", settings, "another"));
        refused(Kind.EXISTS, "exists already", () -> catalog.create("data", settings));
        refused(Kind.EXISTS, "exists already", () -> catalog.create("data", VolumeSettings.ofSize(2 * SIZE), "token"));
        refused(Kind.INVALID, "at most 128", () -> catalog.create("x", settings, "t".repeat(129)));
        catalog.grow("data", 4 * SIZE);
        catalog.changeMetadata("data", entries -> Map.of("a", "b"));
        assertThat(catalog.create("data", settings, "token").uuid()).isEqualTo(volume);
        catalog.remove("data");
        assertThat(catalog.create("data", settings, "token").uuid()).isNotEqualTo(volume);
    }

    @Test
    void aCreationWithATokenIsFinishedByTheNextWhereverItIsCutShort() throws Exception {
        final VolumeSettings settings = VolumeSettings.ofSize(SIZE);
        cutShort(shortened -> shortened.create("data", settings, "token"), () -> {});
        assertThat(catalog.names("", 9)).containsExactly("data");
        assertThat(catalog.list()).extracting(VolumeInfo::isReadable).containsExactly(true);
    }

    @Test
    void keepsWhatProgramsNoteOfAVolume() throws Exception {
        final UUID volume = catalog.create("data", SIZE).uuid();
        assertThat(catalog.metadata("data")).isEmpty();
        catalog.changeMetadata("data", entries -> Map.of("owner", "k8s", "empty", ""));
        catalog.changeMetadata("data", entries -> {
            final Map<String, String> more = new HashMap<>(entries);
            more.put("\u00fc", "x".repeat(60 << 10));
            more.remove("empty");
            return more;
        });
        assertThat(catalog.metadata("data")).containsOnlyKeys("owner", "\u00fc");
        catalog.rename("data", "new");
        assertThat(catalog.metadata("new")).containsEntry("owner", "k8s");
        refused(
                Kind.INVALID,
                "at most 65536",
                () -> catalog.changeMetadata("new", entries -> Map.of("k", "x".repeat(64 << 10))));
        refused(Kind.INVALID, "1 to 255", () -> catalog.changeMetadata("new", entries -> Map.of("", "x")));
        refused(Kind.INVALID, "1 to 255", () -> catalog.changeMetadata("new", entries -> Map.of("k".repeat(256), "x")));
        final Map<String, String> many = new HashMap<>();
        for (int i = 0; i < MetadataRecord.MAX_ENTRIES; i++) {
            many.put("key" + i, "");
        }
        catalog.changeMetadata("new", entries -> many);
        assertThat(catalog.metadata("new")).isEqualTo(many);
        many.put("another", "");
        refused(Kind.INVALID, "at most 1024", () -> catalog.changeMetadata("new", entries -> many));
        catalog.remove("new");
        assertThat(store.list(Keys.metadata(volume)).join()).isEmpty();
    }
}
