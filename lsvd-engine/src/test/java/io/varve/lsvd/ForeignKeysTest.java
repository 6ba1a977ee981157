package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.verify.Finding;
import io.varve.lsvd.verify.VolumeVerifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What others have put into the store, in whatever place, is left alone and in nobody's way. */
final class ForeignKeysTest {
    private static final long SIZE = 1 << 20;
    private static final int BLOCK = 4096;

    @TempDir
    private Path directory;

    private Path root;
    private ObjectStore store;
    private VolumeCatalog catalog;
    private UUID volume;

    @BeforeEach
    void openStore() throws Exception {
        root = directory.resolve("store");
        store = DirectoryStore.open(root, true);
        catalog = new VolumeCatalog(store);
        volume = catalog.create("disk", SIZE).uuid();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void doNotStopShippingOpeningOrSnapshots() throws Exception {
        litter();
        try (VolumeRig rig = new VolumeRig(
                VolumeRig.context(store, directory.resolve("cache")).checkpointInterval(1))) {
            for (int i = 0; i < 8; i++) {
                rig.write(0, block(i));
                rig.flush();
                rig.await(rig.volume::isStored);
                litter();
            }
            rig.snapshot("then");
            rig.await(rig.volume::isStored);
            rig.write(0, block(9));
            rig.await(() -> rig.volume.space().objectsDeleted() > 0);
            assertThat(rig.volume.failure()).isNull();
        }
        assertThat(catalog.snapshots("disk").list()).hasSize(1);
        litter();
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("cache"))) {
            assertThat(rig.read(0, BLOCK)).isEqualTo(block(9));
        }
    }

    @Test
    void doNotStopCommands() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("cache"))) {
            rig.write(0, block(1));
        }
        litter();
        assertThat(catalog.list()).extracting(VolumeInfo::name).containsExactly("disk");
        assertThat(catalog.info("disk").state()).isEqualTo(VolumeInfo.State.CLOSED);
        assertThat(catalog.usage("disk").clones()).isZero();
        assertThat(catalog.usage("disk").liveBytes()).isEqualTo(BLOCK);
        final List<Finding> findings = new ArrayList<>();
        new VolumeVerifier(
                        new StoreClient(store, new SystemRuntime(), 60_000),
                        new SystemRuntime(),
                        volume,
                        List.of(),
                        0,
                        Cancellation.NEVER,
                        findings::add)
                .verify();
        assertThat(findings).isEmpty();
        final List<Path> litter = litter();
        assertThat(catalog.remove("disk")).isTrue();
        assertThat(catalog.list()).isEmpty();
        assertThat(litter).allMatch(Files::exists);
        catalog.create("disk", SIZE);
        assertThat(catalog.list()).hasSize(1);
    }

    /** Puts strange files into all directories of the store, and beside them. */
    private List<Path> litter() throws Exception {
        final List<Path> places = new ArrayList<>();
        for (final String place : List.of("pins", "children", "epochs", "log", "settings", "hot", "tombstone.old")) {
            places.add(root.resolve(Keys.volume(volume) + place));
        }
        places.add(root.resolve(Keys.pins(volume) + "0000000000000007"));
        places.add(root.resolve(Keys.log(volume, 1) + "deep"));
        places.add(root.resolve("names"));
        places.add(root.resolve("names/disk"));
        places.add(root.resolve("names/Other"));
        places.add(root.resolve("volumes"));
        try (Stream<Path> all = Files.walk(root)) {
            all.filter(Files::isDirectory)
                    .filter(path -> !path.startsWith(root.resolve(".tmp")))
                    .forEach(places::add);
        }
        final List<Path> made = new ArrayList<>();
        for (final Path place : places) {
            Files.createDirectories(place);
            for (final String name : List.of(
                    ".DS_Store",
                    "Thumbs.db",
                    "zz",
                    "0000000000000001~",
                    "000000000000000G",
                    "ffffffffffffffff",
                    "x.tmp")) {
                final Path file = place.resolve(name);
                if (!Files.exists(file)) {
                    Files.writeString(file, "foreign");
                    made.add(file);
                }
            }
        }
        return made;
    }

    private static byte[] block(final int value) {
        final byte[] block = new byte[BLOCK];
        java.util.Arrays.fill(block, (byte) value);
        return block;
    }
}
