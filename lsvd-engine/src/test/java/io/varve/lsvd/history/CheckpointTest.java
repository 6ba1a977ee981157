package io.varve.lsvd.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.Covered;
import io.varve.lsvd.format.FormatException;
import io.varve.lsvd.format.SnapshotRecord;
import io.varve.lsvd.map.ExtentMap;
import io.varve.lsvd.map.Location;
import io.varve.lsvd.objects.ObjectMemory;
import io.varve.lsvd.objects.ObjectWriter;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
    private static final UUID VOLUME = new UUID(1, 2);
    private static final UUID NONCE = new UUID(3, 4);
    private static final SnapshotRecord SNAPSHOT = new SnapshotRecord("before", 1, 1 << 30, 1234, true);
    private static final int BLOCKS = 3000;
    private static final Covered COVERED = Covered.through(9, true);

    @TempDir
    Path directory;

    private final ExtentMap map = new ExtentMap();
    private final MapChanges changes = new MapChanges();
    private final ObjectTable objects = new ObjectTable();
    private final Checkpoint.Author author = new Checkpoint.Author(
            VOLUME,
            1,
            NONCE,
            Epochs.NONE.with(new Epochs.Entry(VOLUME, 0, 0, NONCE)).with(new Epochs.Entry(VOLUME, 1, 1, NONCE)));
    private ObjectStore store;
    private StoreClient client;

    @BeforeEach
    void openStore() throws Exception {
        store = DirectoryStore.open(directory, true);
        client = new StoreClient(store, new SystemRuntime(), 10_000);
    }

    @AfterEach
    void close() {
        store.close();
        map.close();
        changes.close();
    }

    /** However the map came about, and in however many steps, loading the chain gives the same map. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aChainOfDeltasLoadsAsTheMapThatItWasMadeOf(final long seed) throws Exception {
        final Random random = new Random(seed);
        change(random, 50);
        CheckpointChain chain = CheckpointChain.whole(5);
        put(
                5,
                Checkpoint.whole(
                        author,
                        new Checkpoint.Statement(5, COVERED, null),
                        objects,
                        map,
                        new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE)));
        changes.clear();
        objects.clearChanges();
        final int deltas = random.nextInt(9);
        for (int i = 0; i < deltas; i++) {
            change(random, 1 + random.nextInt(60));
            final long sequence = 10 + 7L * i;
            final MemorySegment delta = Checkpoint.delta(
                    author,
                    new Checkpoint.Statement(sequence, COVERED, SNAPSHOT),
                    chain,
                    objects,
                    changes,
                    new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE));
            put(sequence, delta);
            chain = chain.with(sequence, delta.byteSize());
            changes.clear();
            objects.clearChanges();
        }
        try (ExtentMap loaded = new ExtentMap()) {
            final CheckpointReader.Loaded found =
                    new CheckpointReader(client, new HeaderReader(client)).read(VOLUME, 1, chain.newest(), loaded);
            assertThat(found.chain()).isEqualTo(chain);
            assertThat(found.epochs().count()).isEqualTo(2);
            assertThat(found.epochs().get(1)).isEqualTo(author.epochs().get(1));
            assertThat(found.snapshot()).isEqualTo(deltas == 0 ? null : SNAPSHOT);
            assertThat(entries(found.objects())).isEqualTo(entries(objects));
            assertThat(locations(loaded)).isEqualTo(locations(map));
            assertThat(loaded.mappedBlocks()).isEqualTo(map.mappedBlocks());
        }
    }

    @Test
    void aChainThatLacksOneIsRefused() throws Exception {
        put(
                5,
                Checkpoint.whole(
                        author,
                        new Checkpoint.Statement(5, COVERED, null),
                        objects,
                        map,
                        new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE)));
        changes.onWritten(1, 1, Location.inObject(7, 0));
        final CheckpointChain chain = CheckpointChain.whole(5).with(6, 100);
        put(
                8,
                Checkpoint.delta(
                        author,
                        new Checkpoint.Statement(8, COVERED, null),
                        chain,
                        objects,
                        changes,
                        new ObjectWriter(ObjectMemory.COLLECTED, Compression.NONE)));
        try (ExtentMap loaded = new ExtentMap()) {
            assertThatThrownBy(() -> new CheckpointReader(client, new HeaderReader(client)).read(VOLUME, 1, 8, loaded))
                    .hasMessageContaining(Keys.object(VOLUME, 1, 6));
        }
    }

    @Test
    void runsThatAreNotInOrderAreRefused() {
        final MemorySegment memory = Arena.ofAuto().allocate(2L * Runs.LENGTH, 8);
        Runs.encode(memory, 0, 10, 5, 0);
        Runs.encode(memory, Runs.LENGTH, 14, 5, 0);
        assertThatThrownBy(() -> Runs.written("it", memory, 0, 10))
                .isInstanceOf(FormatException.class)
                .hasMessage("it is damaged: its extents are not in order");
        Runs.encode(memory, Runs.LENGTH, (1L << 40) - 1, 5, 0);
        assertThatThrownBy(() -> Runs.written("it", memory, 0, 10)).isInstanceOf(FormatException.class);
    }

    private static List<String> entries(final ObjectTable table) {
        final List<String> entries = new ArrayList<>();
        for (int i = 0; i < table.count(); i++) {
            entries.add(table.sequence(i) + " " + table.length(i) + " " + table.blocks(i) + " " + table.generation(i)
                    + " " + table.deadSince(i));
        }
        return entries;
    }

    private void changeObjects(final Random random) {
        for (int i = 0; i < 20; i++) {
            final long sequence = random.nextInt(100);
            final int index = objects.find(sequence);
            switch (index < 0 ? 0 : 1 + random.nextInt(3)) {
                case 0 -> objects.add(sequence, 4096 + random.nextInt(100), random.nextInt(2048), random.nextInt(3));
                case 1 -> objects.remove(sequence);
                case 2 -> objects.die(index, sequence + 5);
                default -> objects.revive(index);
            }
        }
    }

    private void change(final Random random, final int count) {
        changeObjects(random);
        for (int i = 0; i < count; i++) {
            final int length = 1 + random.nextInt(random.nextInt(5) == 0 ? 400 : 12);
            final int block = random.nextInt(BLOCKS - length);
            if (random.nextInt(4) == 0) {
                map.remove(block, length);
                changes.onRemoved(block, length);
            } else {
                final long location = Location.inObject(random.nextInt(5), random.nextInt(1000));
                map.put(block, length, location);
                changes.onWritten(block, length, location);
            }
        }
    }

    private void put(final long sequence, final MemorySegment object) throws Exception {
        assertThat(client.putIfAbsent(Keys.object(VOLUME, 1, sequence), object)).isTrue();
    }

    private static long[] locations(final ExtentMap map) {
        final long[] locations = new long[BLOCKS];
        for (int block = 0; block < BLOCKS; block++) {
            locations[block] =
                    map.find(block) && map.foundBlock() <= block ? map.foundLocation() + block - map.foundBlock() : -1;
        }
        return locations;
    }
}
