package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.varve.lsvd.LogInventory.Entry;
import io.varve.lsvd.LogInventory.State;
import io.varve.lsvd.format.Checksum;
import io.varve.lsvd.format.LogRecord;
import io.varve.lsvd.format.RescueHeader;
import io.varve.lsvd.format.Superblock;
import io.varve.lsvd.log.DirectoryLogStore;
import io.varve.lsvd.rescue.LocalLog.Unsent;
import io.varve.lsvd.store.DirectoryStore;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogInventoryTest {
    private static final int LOST = 3;
    private static final long NEVER_NS = Long.MAX_VALUE / 4;

    @TempDir
    Path directory;

    private FlakyStore store;
    private Path cache;
    private Path target;

    @BeforeEach
    void makeVolume() throws Exception {
        store = new FlakyStore(DirectoryStore.open(directory.resolve("store"), true));
        cache = directory.resolve("cache");
        target = directory.resolve("saved");
        new VolumeCatalog(store).create("disk", 24 << 20);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @Test
    void thereMayBeNoLogs() throws Exception {
        assertThat(logs()).isEmpty();
    }

    @Test
    void tellsWhatEachLogIs() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            assertThat(only().state()).isEqualTo(State.IN_USE);
            assertThat(only().unsentBytes()).isEqualTo(-1);
            rig.write(0, filled(4096, 1));
        }
        assertThat(only().state()).isEqualTo(State.CURRENT);
        assertThat(only().epoch()).isEqualTo(1);
        assertThat(only().unsentRecords()).isZero();
        assertThat(only().sizeBytes()).isEqualTo(Files.size(only().file()));
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("another-cache"))) {
            rig.write(0, filled(4096, 2));
        }
        assertThat(only().state()).isEqualTo(State.SUPERSEDED);
        assertThat(only().unsentRecords()).isZero();
        try (RandomAccessFile file = new RandomAccessFile(only().file().toFile(), "rw")) {
            file.write(new byte[8192]);
        }
        assertThat(only().state()).isEqualTo(State.DAMAGED);
    }

    @Test
    void aLogThatIsLeftHalfMadeIsListedAndTheNextStartTakesItsPlace() throws Exception {
        new VolumeRig(store, cache).close();
        final Path log = only().file();
        final Path draft = log.resolveSibling("log.new");
        Files.move(log, draft);
        Files.write(draft, new byte[100]);
        assertThat(only().state()).isEqualTo(State.UNFINISHED);
        new VolumeRig(store, cache).close();
        assertThat(only().state()).isEqualTo(State.CURRENT);
    }

    @Test
    void aLogThatDoesNotCountIsOpenUntilItHasLostItsName() throws Exception {
        writeUnsent();
        takeOver();
        final Path log = only().file();
        final List<Boolean> wasInUse = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            final UUID volume = only().volume();
            final long size = (i + 2) * VolumeRig.SMALL_LOG;
            new VolumeRig(ring -> VolumeRig.context(store, cache)
                            .logSizeBytes(size)
                            .logs(
                                    new FlakyLogs(new DirectoryLogStore(cache, volume, ring))
                                            .beforeRenaming(() -> wasInUse.add(DirectoryLogStore.isInUse(log))),
                                    null))
                    .close();
            for (final Entry entry : logs()) {
                if (entry.state() == State.SUPERSEDED) {
                    Files.delete(entry.file());
                }
            }
            // Elsewhere, and closed: the log here is not set aside but removed.
            new VolumeRig(store, directory.resolve("another-cache")).close();
        }
        assertThat(wasInUse).containsExactly(true, true);
    }

    @Test
    void aLogOfAVolumeThatTheStoreDoesNotKnowIsSavedWhole() throws Exception {
        writeUnsent();
        final LogInventory elsewhere =
                new LogInventory(cache, DirectoryStore.open(directory.resolve("another-store"), true));
        assertThat(elsewhere.list().getFirst().state()).isEqualTo(State.UNKNOWN);
        assertThat(elsewhere.rescue(only().file(), target).records()).isEqualTo(1 + LOST);
    }

    @Test
    void savesWhatTheStoreLacksOfASupersededLogAndKeepsTheLog() throws Exception {
        writeUnsent();
        assertThat(only().state()).isEqualTo(State.CURRENT);
        assertThat(only().unsentRecords()).isEqualTo(LOST);
        takeOver();
        assertThat(only().state()).isEqualTo(State.SUPERSEDED);
        assertThat(only().unsentRecords()).isEqualTo(LOST);

        final Unsent saved = inventory().rescue(only().file(), target);
        assertThat(saved).isEqualTo(new Unsent(LOST, LOST * 8192L, false));
        assertRescued(only().volume());
        assertThat(only().unsentRecords()).isEqualTo(LOST);

        assertThatThrownBy(() -> inventory().rescue(only().file(), target))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("exists already");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void damageToWhatTheStoreHoldsHidesNothingThatItLacks(final boolean isSuperseded) throws Exception {
        writeUnsent();
        damageFirstBlock(only().file());
        if (isSuperseded) {
            takeOver();
        }
        assertThat(only().unsentRecords()).isEqualTo(LOST);
        assertThat(inventory().rescue(only().file(), target)).isEqualTo(new Unsent(LOST, LOST * 8192L, false));
        assertRescued(only().volume());
    }

    @Test
    void aSetAsideLogOutlivesItsSuccessors() throws Exception {
        writeUnsent();
        takeOver();
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            rig.write(0, filled(4096, 9));
        }
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("another-cache"))) {
            rig.write(0, filled(4096, 9));
        }
        new VolumeRig(store, cache).close();
        final List<Entry> logs = logs();
        assertThat(logs).extracting(Entry::state).containsExactly(State.CURRENT, State.SUPERSEDED);
        inventory().rescue(logs.getLast().file(), target);
        assertRescued(logs.getLast().volume());
        Volume.deleteLog(cache, logs.getLast().volume());
        assertThat(logs()).isEmpty();
    }

    @Test
    void refusesWhatCannotBeRescued() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, cache)) {
            rig.write(0, filled(4096, 1));
            final Path log = only().file();
            assertThatThrownBy(() -> inventory().rescue(log, target)).hasMessageContaining("in use");
        }
        final Path log = only().file();
        assertThatThrownBy(() -> inventory().rescue(log, target)).hasMessageContaining("nothing to rescue");
        assertThatThrownBy(() -> inventory().rescue(log.resolveSibling("none"), target))
                .isInstanceOf(VolumeException.class);
        assertThat(target).doesNotExist();
    }

    @Test
    void aFileThatCannotBeWrittenLeavesNothingBehind() throws Exception {
        writeUnsent();
        assertThatThrownBy(() -> inventory().rescue(only().file(), directory.resolve("none/saved")))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("cannot save");
        assertThat(directory.resolve("none")).doesNotExist();
    }

    /** One record that is in the store, and some that are not. */
    private void writeUnsent() throws Exception {
        final VolumeRig rig = new VolumeRig(store, cache);
        rig.write(0, filled(4096, 100));
        rig.await(rig.volume::isStored);
        store.away(true);
        for (int i = 0; i < LOST; i++) {
            rig.write(i * 4096L, filled(4096, i + 1));
        }
        rig.crash();
        store.away(false);
    }

    /** Of the record that is in the store. */
    private static void damageFirstBlock(final Path log) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
            final byte[] block = new byte[4096];
            long at = Superblock.AREA_OFFSET;
            do {
                at += block.length;
                file.seek(at);
                file.readFully(block);
            } while (!Arrays.equals(block, filled(4096, 100)));
            file.seek(at);
            file.write(101);
        }
    }

    private void takeOver() throws Exception {
        try (VolumeRig rig = new VolumeRig(VolumeRig.context(store, directory.resolve("another-cache"))
                .destageDelayNs(NEVER_NS)
                .takeOver(true))) {
            assertThat(rig.read(0, 4096)).containsOnly(100);
        }
    }

    private void assertRescued(final UUID volume) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            final byte[] bytes = Files.readAllBytes(target);
            final MemorySegment file = arena.allocate(bytes.length, 4096).copyFrom(MemorySegment.ofArray(bytes));
            final RescueHeader header = RescueHeader.decode("rescued", file);
            assertThat(header.volume()).isEqualTo(volume);
            assertThat(header.epoch()).isEqualTo(1);
            assertThat(header.records()).isEqualTo(LOST);
            assertThat(header.bytes()).isEqualTo(bytes.length - RescueHeader.LENGTH);
            final LogRecord record = new LogRecord(file);
            int offset = RescueHeader.LENGTH;
            for (int i = 0; i < LOST; i++) {
                record.wrap(offset);
                assertThat(record.isValid(volume, record.position())).isTrue();
                assertThat(record.sequence()).isGreaterThan(header.storedThrough());
                assertThat(record.extentBlock(0)).isEqualTo(i);
                final MemorySegment block = file.asSlice(offset + LogRecord.HEADER_LENGTH, 4096);
                assertThat(Checksum.of(block)).isEqualTo(record.blockCrc(0));
                assertThat(block.mismatch(MemorySegment.ofArray(filled(4096, i + 1))))
                        .isEqualTo(-1);
                offset += record.length();
            }
        }
    }

    private LogInventory inventory() {
        return new LogInventory(cache, store);
    }

    private List<Entry> logs() throws VolumeException {
        return inventory().list();
    }

    private Entry only() throws VolumeException {
        assertThat(logs()).hasSize(1);
        return logs().getFirst();
    }

    private static byte[] filled(final int length, final int value) {
        final byte[] data = new byte[length];
        Arrays.fill(data, (byte) value);
        return data;
    }
}
