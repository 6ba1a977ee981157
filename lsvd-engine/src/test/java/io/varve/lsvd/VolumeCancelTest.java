package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.linux.IoVec;
import io.varve.linux.Memory;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests whose guest is gone: they touch no memory, and change nothing any more, whenever the store comes back. */
@Timeout(60)
class VolumeCancelTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE = 24 * MIB;

    @TempDir
    Path directory;

    private ObjectStore directoryStore;
    private CountingStore slow;
    private FlakyStore store;
    private int told;
    private final VolumeCompletion guest = (token, status) -> told++;

    @BeforeEach
    void makeVolume() throws Exception {
        directoryStore = DirectoryStore.open(directory.resolve("store"), true);
        slow = new CountingStore(directoryStore);
        store = new FlakyStore(slow);
        new VolumeCatalog(store).create("disk", SIZE);
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    private static byte[] pattern(final int length, final int value) {
        final byte[] data = new byte[length];
        Arrays.fill(data, (byte) value);
        return data;
    }

    /** A volume whose contents have to come from the store. */
    private VolumeRig stored() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("elsewhere"))) {
            for (int at = 0; at < SIZE; at += MIB) {
                rig.write(at, pattern(MIB, 1));
            }
        }
        return new VolumeRig(store, directory.resolve("cache"));
    }

    private IoVec vector(final long address, final int length) {
        final IoVec vector = new IoVec();
        vector.add(address, length);
        return vector;
    }

    private void cancel(final VolumeRig rig) {
        rig.volume.cancel(completion -> completion == guest);
    }

    @Test
    void readsTouchNoMemoryAnyMore() throws Exception {
        try (VolumeRig rig = stored()) {
            final CompletableFuture<Void> gate = slow.holdData();
            Memory.fill(rig.buffer(1), 10 * MIB, (byte) 0xee);
            for (int i = 1; i < 11; i++) {
                rig.volume.read((long) i * MIB, vector(rig.buffer(i), MIB), guest, i);
            }
            rig.await(() -> slow.gets() > 0);
            assertThat(rig.volume.waitsFor()).startsWith("reads wait for the store");

            cancel(rig);
            // Another one waits behind them, and is served when the store answers.
            rig.submitRead(12, 12L * MIB, MIB);
            gate.complete(null);
            rig.awaitAll();
            rig.await(() -> rig.volume.waitsFor() == null);

            assertThat(rig.taken(12, MIB)).isEqualTo(pattern(MIB, 1));
            for (int i = 1; i < 11; i++) {
                assertThat(rig.taken(i, MIB)).isEqualTo(pattern(MIB, 0xee));
            }
            assertThat(told).isZero();
        }
    }

    /** A discard whose edges come late must not undo what another guest has written meanwhile. */
    @Test
    void discardsThatWaitForTheStoreUndoNothing() throws Exception {
        try (VolumeRig rig = stored()) {
            final CompletableFuture<Void> gate = slow.holdData();
            rig.volume.discard(512, 2 * MIB, false, guest, 1);
            rig.volume.write(3 * MIB + 512, vector(rig.buffer(1), 64 << 10), false, guest, 2);
            rig.await(() -> slow.gets() > 0);

            cancel(rig);
            rig.write(0, pattern(MIB, 2));
            gate.complete(null);

            assertThat(rig.read(MIB, MIB)).isEqualTo(pattern(MIB, 1));
            assertThat(rig.read(3 * MIB, MIB)).isEqualTo(pattern(MIB, 1));
            assertThat(rig.read(0, MIB)).isEqualTo(pattern(MIB, 2));
            assertThat(told).isZero();
        }
    }

    @Test
    void writesThatWaitForRoomInTheLogAreNotWritten() throws Exception {
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("cache"))) {
            fillLog(rig);
            Memory.fill(rig.buffer(3), MIB, (byte) 7);
            for (int i = 0; i < 5; i++) {
                rig.volume.write((long) (16 + i) * MIB, vector(rig.buffer(3), MIB), false, guest, i);
                rig.volume.discard(0, MIB, false, guest, i);
            }
            assertThat(rig.volume.waitsFor()).startsWith("writes wait for room in the log");

            cancel(rig);
            store.away(false);
            rig.awaitAll();

            assertThat(rig.read(0, MIB)).isEqualTo(pattern(MIB, 5));
            assertThat(rig.read(20L * MIB, MIB)).isEqualTo(pattern(MIB, 0));
            assertThat(told).isZero();
        }
    }

    /** With the store away, until writes wait; what they write is all the same. */
    private void fillLog(final VolumeRig rig) {
        store.away(true);
        do {
            for (int i = 0; i < 2; i++) {
                rig.submitWrite(i, (long) i * MIB, pattern(MIB, 5));
            }
            rig.await(() -> rig.outstanding() == 0 || isLogFull(rig));
        } while (!isLogFull(rig));
    }

    private static boolean isLogFull(final VolumeRig rig) {
        final String reason = rig.volume.waitsFor();
        return reason != null && reason.startsWith("writes wait for room in the log");
    }

    /** Memory for blocks that are covered in part is bounded, however many wait. */
    @Test
    void unalignedDiscardsBehindAFullLogTakeLittleMemory() throws Exception {
        final int requests = 20_000;
        try (VolumeRig rig = new VolumeRig(store, directory.resolve("cache"))) {
            fillLog(rig);
            final long before = residentBytes();
            assertThat(rig.volume.hasRoom(128)).isTrue();
            for (int i = 0; i < requests; i++) {
                rig.submitDiscard(512 + 4096L * (i % 64), 8192);
            }
            rig.turnFor(50);
            assertThat(rig.volume.hasRoom(1)).isFalse();
            assertThat(residentBytes() - before).isLessThan(64L * MIB);

            store.away(false);
            rig.awaitAll();
            assertThat(rig.volume.hasRoom(Volume.MAX_REQUESTS)).isTrue();
        }
    }

    private static long residentBytes() throws IOException {
        final List<String> lines = new ArrayList<>(Files.readAllLines(Path.of("/proc/self/status")));
        lines.removeIf(line -> !line.startsWith("RssAnon:"));
        return Long.parseLong(lines.getFirst().replaceAll("[^0-9]", "")) << 10;
    }
}
