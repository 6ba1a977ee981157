package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.Keys;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.store.StoredObject;
import io.varve.lsvd.verify.Finding;
import io.varve.lsvd.verify.VolumeVerifier;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stores that do not hold any more what they held, and hosts that know. */
final class StoreLossTest {
    private static final int MIB = 1 << 20;
    private static final long NEVER_NS = Long.MAX_VALUE / 2;

    @TempDir
    private Path directory;

    private FlakyStore store;
    private Path cache;
    private UUID volume;

    @BeforeEach
    void makeVolume() throws Exception {
        store = new FlakyStore(DirectoryStore.open(directory.resolve("store"), true));
        cache = directory.resolve("cache");
        volume = new VolumeCatalog(store).create("disk", 64 << 20).uuid();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void newestObjectsThatAreGoneAfterACleanCloseStopTheOpening() throws Exception {
        writeObjects(1, 4);
        final List<Long> sequences = sequences(1);
        remove(1, sequences.subList(sequences.size() - 3, sequences.size()));
        assertRefused("lost what it held")
                .hasMessageContaining("objects " + sequences.get(sequences.size() - 3) + " to " + sequences.getLast()
                        + " of epoch 1, from "
                        + Keys.object(volume, 1, sequences.get(sequences.size() - 3)) + " on are missing")
                .hasMessageContaining("log records")
                .hasMessageContaining(directory.resolve("store").toString());
        assertThat(verify().getFirst().problem()).contains("lost what it held", "of epoch 1");

        try (VolumeRig rig = new VolumeRig(accepting())) {
            assertThat(rig.read(0, 4096)).containsOnly(1);
            assertThat(rig.read(3 * 4096L, 4096)).containsOnly(0);
            assertThat(rig.volume.isContinued()).isFalse();
            rig.write(3 * 4096L, filled(4096, 9));
        }
        assertThat(superseded()).hasSize(1);
        // What was accepted is not known any more, and not asked for again.
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThat(rig.read(3 * 4096L, 4096)).containsOnly(9);
        }
        assertThat(verify()).isEmpty();
    }

    @Test
    void aSealThatIsGoneStopsTheOpening() throws Exception {
        writeObjects(1, 2);
        final long seal = sequences(1).getLast();
        remove(1, List.of(seal));
        assertRefused("object " + seal + " of epoch 1").hasMessageNotContaining("log records");
        assertThat(verify()).hasSize(1);
        try (VolumeRig rig = new VolumeRig(accepting())) {
            assertThat(rig.read(4096L, 4096)).containsOnly(2);
        }
    }

    @Test
    void objectsThatAreGoneWhileThereAreUnsentRecordsStopTheOpening() throws Exception {
        final List<Long> before = new ArrayList<>();
        final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(1_000_000));
        rig.write(0, filled(4096, 1));
        rig.await(rig.volume::isStored);
        before.addAll(sequences(1));
        for (int i = 0; known().tail().position() == 0; i++) {
            rig.write((1 + i % 20) * (long) MIB, filled(MIB, 2));
            rig.await(rig.volume::isStored);
        }
        final Superblock known = known();
        store.away(true);
        rig.write(4096, filled(4096, 3));
        rig.flush();
        rig.crash();
        store.away(false);
        final List<Long> lost = new ArrayList<>(sequences(1));
        lost.removeAll(before);
        remove(1, lost);

        assertRefused("from " + Keys.object(volume, 1, lost.getFirst()) + " on are missing")
                .hasMessageContaining("log records 2 to " + (known.tail().sequence() - 1));
        try (VolumeRig next = new VolumeRig(accepting())) {
            // The volume as the store has it: what the log still has does not follow.
            assertThat(next.read(0, 4096)).containsOnly(1);
            assertThat(next.read(4096, 4096)).containsOnly(0);
        }
        assertThat(superseded()).hasSize(1);
        assertThat(superseded().getFirst().unsentRecords()).isPositive();
        assertThat(new LogInventory(cache, store)
                        .rescue(superseded().getFirst().file(), directory.resolve("saved"))
                        .isDamaged())
                .isTrue();
    }

    @Test
    void whatTheLogStillHasIsPutAgain() throws Exception {
        final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(1_000_000));
        for (int i = 0; i < 3; i++) {
            rig.write(i * 4096L, filled(4096, i + 1));
            rig.await(rig.volume::isStored);
        }
        rig.crash();
        remove(1, sequences(1).subList(1, 3));
        try (VolumeRig next = new VolumeRig(store, cache)) {
            for (int i = 0; i < 3; i++) {
                assertThat(next.read(i * 4096L, 4096)).containsOnly(i + 1);
            }
        }
    }

    @Test
    void aHoleIsFoundByAHostThatKnowsNothing() throws Exception {
        writeObjects(1, 8);
        final List<Long> sequences = sequences(1);
        // Behind the newest checkpoint there are no objects after a clean close: without it, and its seal, there are.
        remove(1, sequences.subList(sequences.size() - 2, sequences.size()));
        remove(1, List.of(sequences.get(2)));
        final Path elsewhere = directory.resolve("another-cache");
        final String hole = "object " + sequences.get(2) + " of epoch 1";
        assertThatThrownBy(
                        () -> new VolumeRig(VolumeRig.context(store, elsewhere).takeOver(true)))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining(hole);
        assertThatThrownBy(
                        () -> new VolumeRig(VolumeRig.context(store, elsewhere).readOnly(true)))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining(hole);
        assertThat(verify().getFirst().problem()).contains(hole);
        try (VolumeRig rig =
                new VolumeRig(VolumeRig.context(store, elsewhere).takeOver(true).acceptDataLoss(true))) {
            assertThat(rig.read(4096L, 4096)).containsOnly(2);
            assertThat(rig.read(2 * 4096L, 4096)).containsOnly(0);
        }
        assertThat(verify()).isNotEmpty();
    }

    @Test
    void aHoleInAnOlderEpochIsNamedAndCanBePassed() throws Exception {
        writeAndCrash(1, 4);
        writeAndCrash(5, 6);
        final long lost = sequences(1).get(1);
        remove(1, List.of(lost));
        final String hole = "object " + lost + " of epoch 1, from " + Keys.object(volume, 1, lost) + " on";
        assertRefused(hole);
        assertThat(verify().getFirst().problem()).contains(hole);
        try (VolumeRig rig = new VolumeRig(accepting())) {
            assertThat(rig.read(4096L, 4096)).containsOnly(0);
            for (final int other : new int[] {1, 3, 4, 5, 6}) {
                assertThat(rig.read((other - 1) * 4096L, 4096)).containsOnly(other);
            }
        }
        assertIsWell();
    }

    @Test
    void theLastSealOfAnOlderEpochIsNamedAndCanBePassed() throws Exception {
        writeAndCrash(1, 2);
        writeAndCrash(3, 4);
        final long lost = sequences(1).getLast();
        remove(1, List.of(lost));
        assertRefused("object " + lost + " of epoch 1");
        try (VolumeRig rig = new VolumeRig(accepting())) {
            for (int i = 1; i <= 4; i++) {
                assertThat(rig.read((i - 1) * 4096L, 4096)).containsOnly(i);
            }
        }
        assertIsWell();
    }

    @Test
    void withoutItsNewestCheckpointAHistoryIsReadFromTheOneBefore() throws Exception {
        writeObjects(1, 2);
        writeObjects(3, 4);
        writeAndCrash(5, 6);
        final List<Long> sequences = sequences(2);
        final long checkpoint = sequences.get(sequences.size() - 2);
        remove(2, List.of(checkpoint));
        assertRefused(Keys.object(volume, 2, checkpoint));
        try (VolumeRig rig = new VolumeRig(accepting())) {
            for (int i = 1; i <= 6; i++) {
                assertThat(rig.read((i - 1) * 4096L, 4096)).containsOnly(i);
            }
        }
        assertIsWell();
    }

    /** What was accepted once need not be again. */
    private void assertIsWell() throws Exception {
        assertThat(verify()).isEmpty();
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThat(rig.read(0, 4096)).containsOnly(1);
        }
    }

    private void writeAndCrash(final int first, final int last) throws Exception {
        final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(1_000_000));
        for (int i = first; i <= last; i++) {
            rig.write((i - 1) * 4096L, filled(4096, i));
            rig.await(rig.volume::isStored);
        }
        rig.crash();
    }

    /** A seal within the hole would be in the way of nobody. */
    @Test
    void removalStopsAWriterBehindAHole() throws Exception {
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(1_000_000))) {
            for (int i = 0; i < 8; i++) {
                rig.write(i * 4096L, filled(4096, i + 1));
                rig.await(rig.volume::isStored);
            }
            final List<Long> sequences = sequences(1);
            remove(1, List.of(sequences.get(1)));
            assertThat(new VolumeCatalog(store).remove("disk")).isTrue();
            rig.submitWrite(0, 0, filled(4096, 9));
            rig.await(() -> rig.volume.failure() != null);
            assertThat(rig.volume.failure()).startsWith("fenced");
        }
        assertThat(contents().keySet())
                .allMatch(key -> !key.startsWith(Keys.volume(volume)) || key.matches(".*/(tombstone|log/.*)"));
    }

    @Test
    void aCheckpointThatIsGoneStopsTheOpening() throws Exception {
        writeObjects(1, 3);
        final List<Long> sequences = sequences(1);
        remove(1, List.of(sequences.get(sequences.size() - 2)));
        assertRefused(Keys.object(volume, 1, sequences.get(sequences.size() - 2)));
    }

    @Test
    void anEpochThatIsGoneStopsTheOpening() throws Exception {
        writeObjects(1, 2);
        writeObjects(3, 4);
        store.delete(Keys.epoch(volume, 2)).get();
        assertRefused("epoch 2, whose record is " + Keys.epoch(volume, 2) + ", is missing");
        assertThat(verify()).isNotEmpty();
        assertThatThrownBy(() -> new VolumeRig(accepting()))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("bring back " + Keys.epoch(volume, 2));
        remove(2, sequences(2));
        try (VolumeRig rig = new VolumeRig(accepting())) {
            assertThat(rig.read(4096L, 4096)).containsOnly(2);
            assertThat(rig.read(3 * 4096L, 4096)).containsOnly(0);
        }
    }

    @Test
    void anEpochThatIsGoneIsKnownByItsRecordsInTheLog() throws Exception {
        writeObjects(1, 1);
        final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(NEVER_NS));
        rig.write(4096, filled(4096, 2));
        rig.flush();
        rig.crash();
        store.delete(Keys.epoch(volume, 2)).get();
        assertRefused("epoch 2, whose record is " + Keys.epoch(volume, 2) + ", is missing");
        try (VolumeRig next = new VolumeRig(accepting())) {
            // Its records are all here.
            assertThat(next.read(4096L, 4096)).containsOnly(2);
        }
    }

    @Test
    void theLogOfEpochsThatAreGoneIsNotReplayedBehindAnotherHosts() throws Exception {
        writeObjects(1, 4);
        TreeMap<String, byte[]> then = null;
        for (int i = 5; i <= 8; i++) {
            final VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(NEVER_NS));
            rig.write((i - 1) * 4096L, filled(4096, i));
            rig.flush();
            rig.crash();
            then = then == null ? contents() : then;
        }
        putBack(then);
        try (VolumeRig other = new VolumeRig(
                VolumeRig.context(store, directory.resolve("another-cache")).takeOver(true))) {
            other.write(0, filled(4096, 9));
        }
        assertRefused("epoch 4, whose record is " + Keys.epoch(volume, 4) + ", is missing");
        try (VolumeRig rig = new VolumeRig(accepting())) {
            assertThat(rig.read(0, 4096)).containsOnly(9);
            assertThat(rig.read(4 * 4096L, 4 * 4096)).containsOnly(0);
        }
        assertThat(superseded())
                .singleElement()
                .satisfies(one -> assertThat(one.unsentRecords()).isEqualTo(4));
    }

    @Test
    void aStoreThatWasPutBackStopsTheOpening() throws Exception {
        writeObjects(1, 2);
        final TreeMap<String, byte[]> then = contents();
        writeObjects(3, 4);
        writeObjects(5, 6);
        putBack(then);
        assertRefused("epoch 2 and all up to 3");
        try (VolumeRig rig = new VolumeRig(accepting())) {
            assertThat(rig.read(4096L, 4096)).containsOnly(2);
            assertThat(rig.read(3 * 4096L, 4096)).containsOnly(0);
        }
    }

    @Test
    void whatAnotherHostDidWithAStoreThatWasPutBackDoesNotHideIt() throws Exception {
        final VolumeRig first = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(1_000_000));
        first.write(0, filled(4096, 1));
        first.await(first.volume::isStored);
        final TreeMap<String, byte[]> then = contents();
        first.write(4096, filled(4096, 2));
        first.close();
        putBack(then);
        try (VolumeRig other = new VolumeRig(
                VolumeRig.context(store, directory.resolve("another-cache")).takeOver(true))) {
            assertThat(other.read(4096, 4096)).containsOnly(0);
        }
        assertRefused("of epoch 1, from ");
        try (VolumeRig rig = new VolumeRig(accepting())) {
            assertThat(rig.read(0, 4096)).containsOnly(1);
            assertThat(rig.read(4096, 4096)).containsOnly(0);
        }
        assertThat(superseded()).hasSize(1);
    }

    @Test
    void anotherEpochInPlaceOfTheOwnStopsTheOpening() throws Exception {
        writeObjects(1, 2);
        final TreeMap<String, byte[]> then = contents();
        writeObjects(3, 4);
        putBack(then);
        new VolumeRig(store, directory.resolve("another-cache")).close();
        assertRefused("epoch 2, in place of which ");
    }

    @Test
    void acceptingTheLossDoesNotTakeAVolumeThatAnotherHostHas() throws Exception {
        writeObjects(1, 2);
        final TreeMap<String, byte[]> then = contents();
        writeObjects(3, 4);
        putBack(then);
        final VolumeRig other = new VolumeRig(store, directory.resolve("another-cache"));
        assertThatThrownBy(() -> new VolumeRig(accepting()))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("--take-over");
        other.write(0, filled(4096, 7));
        other.close();
    }

    @Test
    void aHandoverByAnotherHostAfterOursIsNoLoss() throws Exception {
        for (int round = 0; round < 3; round++) {
            writeObjects(1 + round, 2 + round);
            try (VolumeRig other = new VolumeRig(store, directory.resolve("another-cache"))) {
                assertThat(other.read(round * 4096L, 4096)).containsOnly(1 + round);
                other.write(MIB, filled(4096, round + 1));
            }
            assertThat(verify()).isEmpty();
        }
    }

    /** Opens the volume, writes blocks into objects of their own, each filled with its number, and closes it. */
    private void writeObjects(final int first, final int last) throws Exception {
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, cache).destageDelayNs(1_000_000))) {
            for (int i = first; i <= last; i++) {
                rig.write((i - 1) * 4096L, filled(4096, i));
                rig.await(rig.volume::isStored);
            }
        }
    }

    private VolumeContext accepting() {
        return VolumeRig.context(store, cache).acceptDataLoss(true);
    }

    private org.assertj.core.api.AbstractThrowableAssert<?, ? extends Throwable> assertRefused(final String part) {
        return assertThatThrownBy(() -> new VolumeRig(store, cache).close())
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining(part)
                .hasMessageContaining(part)
                .hasMessageNotContaining("\n");
    }

    private List<Finding> verify() throws IOException, VolumeException {
        final List<Finding> findings = new ArrayList<>();
        new VolumeVerifier(
                        new StoreClient(store, new SystemRuntime(), 10_000),
                        new SystemRuntime(),
                        volume,
                        List.of(known()),
                        0,
                        Cancellation.NEVER,
                        findings::add)
                .verify();
        return findings;
    }

    private Superblock known() {
        return LogInventory.superblock(cache, volume);
    }

    private List<LogInventory.Entry> superseded() throws VolumeException {
        return new LogInventory(cache, store)
                .list().stream()
                        .filter(one -> one.state() == LogInventory.State.SUPERSEDED)
                        .toList();
    }

    private List<Long> sequences(final long epoch) throws Exception {
        return store.list(Keys.log(volume, epoch)).get().stream()
                .map(object -> Keys.lastNumber(object.key()))
                .toList();
    }

    private void remove(final long epoch, final List<Long> sequences) throws Exception {
        for (final long sequence : sequences) {
            store.delete(Keys.object(volume, epoch, sequence)).get();
        }
    }

    private TreeMap<String, byte[]> contents() throws Exception {
        final TreeMap<String, byte[]> contents = new TreeMap<>();
        for (final StoredObject object : store.list("").get()) {
            final byte[] bytes = new byte[(int) object.length()];
            store.get(object.key(), 0, MemorySegment.ofArray(bytes)).get();
            contents.put(object.key(), bytes);
        }
        return contents;
    }

    private void putBack(final TreeMap<String, byte[]> then) throws Exception {
        for (final StoredObject object : store.list("").get()) {
            if (!then.containsKey(object.key())) {
                store.delete(object.key()).get();
            }
        }
        then.forEach((key, bytes) ->
                store.putIfAbsent(key, MemorySegment.ofArray(bytes)).join());
    }

    private static byte[] filled(final int length, final int value) {
        final byte[] data = new byte[length];
        Arrays.fill(data, (byte) value);
        return data;
    }
}
