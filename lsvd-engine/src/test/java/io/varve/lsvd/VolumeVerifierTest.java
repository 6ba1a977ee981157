package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.lsvd.format.Blocks;
import io.varve.lsvd.runtime.SystemRuntime;
import io.varve.lsvd.scan.Cancellation;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.ForwardingStore;
import io.varve.lsvd.store.NoSuchObjectException;
import io.varve.lsvd.store.ObjectStore;
import io.varve.lsvd.store.StoreClient;
import io.varve.lsvd.verify.Finding;
import io.varve.lsvd.verify.Ranges.Range;
import io.varve.lsvd.verify.Verification;
import io.varve.lsvd.verify.VolumeVerifier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of damage to a volume's files is found, with what it affects. Each block says what it is, so that it can be looked for. */
class VolumeVerifierTest {
    private static final int BLOCKS = 4096;
    private static final int ROUNDS = 12;

    @TempDir
    private Path home;

    private final long[] versions = new long[BLOCKS];
    private long lastVersion;
    private final Random random = new Random(20261121);
    private final List<Finding> findings = new ArrayList<>();
    private ObjectStore store;
    private Path log;

    @BeforeEach
    void writeVolume() throws IOException, VolumeException {
        store = DirectoryStore.open(home.resolve("store"), true);
        final VolumeCatalog catalog = new VolumeCatalog(store);
        catalog.create("disk", (long) BLOCKS * Blocks.SIZE);
        log = home.resolve("store/volumes/" + catalog.find("disk") + "/log/0000000000000001");
        try (VolumeRig rig = new VolumeRig(context(store))) {
            for (int round = 0; round < ROUNDS; round++) {
                writeSome(rig);
            }
        }
    }

    private VolumeContext context(final ObjectStore of) {
        return VolumeRig.context(of, home.resolve("cache"))
                .checkpointInterval(5)
                .destageDelayNs(5_000_000);
    }

    private void writeSome(final VolumeRig rig) {
        for (int i = 0; i < 20; i++) {
            final int block = random.nextInt(BLOCKS);
            final int length = Math.min(BLOCKS - block, 1 + random.nextInt(16));
            if (random.nextInt(5) == 0) {
                rig.discard((long) block * Blocks.SIZE, (long) length * Blocks.SIZE);
                Arrays.fill(versions, block, block + length, 0);
            } else {
                write(rig, block, length);
            }
        }
        rig.await(rig.volume::isStored);
    }

    private void write(final VolumeRig rig, final int block, final int length) {
        final long version = ++lastVersion;
        final ByteBuffer data = ByteBuffer.allocate(length * Blocks.SIZE);
        for (int b = 0; b < length; b++) {
            data.putLong(b * Blocks.SIZE, block + b).putLong(b * Blocks.SIZE + 8, version);
            versions[block + b] = version;
        }
        rig.write((long) block * Blocks.SIZE, data.array());
    }

    /** A block as it stands in an object: which of the volume, in which version. */
    private record Stored(Path file, long offset, int block, long version) {}

    private List<Stored> stored() throws IOException {
        final List<Stored> all = new ArrayList<>();
        for (final Path file : files()) {
            final ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
            for (int at = Blocks.SIZE; at < bytes.limit(); at += Blocks.SIZE) {
                final long block = bytes.getLong(at);
                final long version = bytes.getLong(at + 8);
                if (block >= 0 && block < BLOCKS && version > 0 && version <= lastVersion) {
                    all.add(new Stored(file, at, (int) block, version));
                }
            }
        }
        return all;
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(log)) {
            return files.sorted().toList();
        }
    }

    private Stored some(final boolean isLive) throws IOException {
        final Set<Path> needed = needed();
        final List<Stored> wanted = stored().stream()
                .filter(one -> isLive(one) == isLive && needed.contains(one.file))
                .toList();
        return wanted.get(random.nextInt(wanted.size()));
    }

    private boolean isLive(final Stored one) {
        return versions[one.block] == one.version;
    }

    /** Objects that hold something that is in use; others need not be read. */
    private Set<Path> needed() throws IOException {
        return stored().stream().filter(this::isLive).map(Stored::file).collect(Collectors.toSet());
    }

    private List<Range> liveIn(final Path file) throws IOException {
        final List<Range> ranges = new ArrayList<>();
        for (int block = 0; block < BLOCKS; block++) {
            final int wanted = block;
            if (versions[block] == 0
                    || stored().stream()
                            .noneMatch(one ->
                                    one.block == wanted && one.file.equals(file) && one.version == versions[wanted])) {
                continue;
            }
            final Range last = ranges.isEmpty() ? null : ranges.getLast();
            if (last != null && last.offset() + last.length() == (long) block * Blocks.SIZE) {
                ranges.set(ranges.size() - 1, new Range(last.offset(), last.length() + Blocks.SIZE));
            } else {
                ranges.add(new Range((long) block * Blocks.SIZE, Blocks.SIZE));
            }
        }
        return ranges;
    }

    private static void flip(final Path file, final long offset) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            final ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, offset);
            one.flip();
            one.put(0, (byte) (one.get(0) ^ 0x10));
            channel.write(one, offset);
        }
    }

    private Verification verify(final ObjectStore of) throws IOException, VolumeException {
        return new VolumeVerifier(
                        new StoreClient(of, new SystemRuntime(), 10_000),
                        new SystemRuntime(),
                        new VolumeCatalog(of).find("disk"),
                        List.of(),
                        0,
                        Cancellation.NEVER,
                        findings::add)
                .verify();
    }

    private Finding onlyFinding() throws IOException, VolumeException {
        assertThat(verify(store).findings()).isEqualTo(1);
        assertThat(findings).hasSize(1);
        return findings.getFirst();
    }

    private String key(final Path file) {
        return home.resolve("store").relativize(file).toString();
    }

    @Test
    void aVolumeThatIsWellIsWell() throws IOException, VolumeException {
        final Verification result = verify(store);
        assertThat(result.isWell()).isTrue();
        assertThat(result.objects()).isGreaterThan(ROUNDS);
        assertThat(result.bytes()).isGreaterThan(ROUNDS * (long) Blocks.SIZE);
    }

    @Test
    void aNewVolumeIsWell() throws IOException, VolumeException {
        new VolumeCatalog(store).remove("disk");
        new VolumeCatalog(store).create("disk", Blocks.SIZE);
        assertThat(verify(store).isWell()).isTrue();
    }

    @Test
    void findsAFlippedBitInDataThatIsInUse() throws IOException, VolumeException {
        final Stored victim = some(true);
        flip(victim.file, victim.offset + 100);
        final Finding finding = onlyFinding();
        assertThat(finding.object()).isEqualTo(key(victim.file));
        assertThat(finding.problem()).startsWith("is damaged: data blocks ").endsWith("do not match their checksums");
        assertThat(finding.affected().kept()).containsExactly(new Range(victim.block * 4096L, 4096));
        assertThat(finding.affected().bytes()).isEqualTo(4096);
    }

    @Test
    void findsAFlippedBitInDataThatIsNotInUse() throws IOException, VolumeException {
        final Stored victim = some(false);
        flip(victim.file, victim.offset + 4095);
        final Finding finding = onlyFinding();
        assertThat(finding.object()).isEqualTo(key(victim.file));
        assertThat(finding.affected().bytes()).isZero();
    }

    @Test
    void findsDamagedHeaders() throws IOException, VolumeException {
        final Path file = some(true).file;
        flip(file, 50);
        assertThat(onlyFinding().problem()).isEqualTo("is damaged: its header's checksum does not match");
        assertThat(findings.getFirst().affected().kept()).isEqualTo(liveIn(file));
    }

    @Test
    void findsMissingObjects() throws IOException, VolumeException {
        final Path file = some(true).file;
        final List<Range> affected = liveIn(file);
        Files.delete(file);
        assertThat(onlyFinding().problem()).isEqualTo("is missing");
        assertThat(findings.getFirst().object()).isEqualTo(key(file));
        assertThat(findings.getFirst().affected().kept()).isEqualTo(affected);
    }

    @Test
    void findsObjectsThatAreTooShort() throws IOException, VolumeException {
        final Path file = some(true).file;
        final Stored last =
                stored().stream().filter(one -> one.file.equals(file)).toList().getLast();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(last.offset + 7);
        }
        assertThat(onlyFinding().problem()).startsWith("is damaged: it is too short");
        final long affected = versions[last.block] == last.version ? Blocks.SIZE : 0;
        assertThat(findings.getFirst().affected().bytes()).isEqualTo(affected);
    }

    @Test
    void findsObjectsInThePlaceOfOthers() throws IOException, VolumeException {
        final Path file = some(true).file;
        final Path other = stored().stream()
                .map(Stored::file)
                .filter(one -> !one.equals(file))
                .findFirst()
                .orElseThrow();
        final List<Range> affected = liveIn(file);
        Files.copy(other, file, StandardCopyOption.REPLACE_EXISTING);
        assertThat(onlyFinding().problem()).startsWith("holds another object");
        assertThat(findings.getFirst().affected().kept()).isEqualTo(affected);
    }

    @Test
    void findsDamagedCheckpoints() throws IOException, VolumeException {
        final Path file = files().get(files().size() - 2);
        flip(file, Files.size(file) - 3);
        verify(store);
        assertThat(findings.getFirst().problem())
                .isEqualTo("cannot be read as a volume: " + key(file) + " is damaged: its checksum does not match");
        assertThat(findings.getFirst().affected().kept()).containsExactly(new Range(0, BLOCKS * 4096L));
        assertThat(findings.get(1).object()).isEqualTo(key(file));
        assertThat(findings).hasSize(2);
    }

    @Test
    void findsMissingCheckpoints() throws IOException, VolumeException {
        final Path file = files().get(files().size() - 2);
        Files.delete(file);
        assertThat(onlyFinding().problem())
                .startsWith("cannot be read as a volume: checkpoint ")
                .endsWith("is missing from the store: no object " + key(file));
        assertThat(findings.getFirst().affected().bytes()).isEqualTo(BLOCKS * 4096L);
    }

    @Test
    void findsDamagedRecords() throws IOException, VolumeException {
        final Path epoch = log.resolve("../../epochs/0000000000000000").normalize();
        flip(epoch, 30);
        final Finding finding = onlyFinding();
        assertThat(finding.object()).isEqualTo(key(epoch));
        assertThat(finding.problem()).startsWith("is damaged");
    }

    @Test
    void findsEachOfManyDamages() throws IOException, VolumeException {
        final List<Stored> victims = new ArrayList<>();
        final Set<Path> needed = needed();
        for (final Stored one : stored()) {
            if (random.nextInt(7) == 0 && needed.contains(one.file)) {
                victims.add(one);
                flip(one.file, one.offset + random.nextInt(4096));
            }
        }
        verify(store);
        assertThat(findings)
                .hasSize((int) victims.stream().map(Stored::file).distinct().count());
        final long expected = victims.stream().filter(this::isLive).count();
        assertThat(findings.stream().mapToLong(one -> one.affected().bytes()).sum())
                .isEqualTo(expected * Blocks.SIZE);
    }

    @Test
    void findsDamageToWhatOnlyASnapshotNeeds() throws IOException, VolumeException {
        final long[] then = versions.clone();
        try (VolumeRig rig = new VolumeRig(context(store))) {
            rig.volume.snapshot("monday", 1, (token, status) -> {}, 0);
            for (int block = 0; block < BLOCKS; block += 64) {
                write(rig, block, 64);
                rig.await(rig.volume::isStored);
            }
        }
        assertThat(verify(store).isWell()).as("%s", findings).isTrue();
        final List<Stored> kept =
                stored().stream().filter(one -> then[one.block] == one.version).toList();
        final Stored victim = kept.get(random.nextInt(kept.size()));
        flip(victim.file, victim.offset + 7);
        final Finding finding = onlyFinding();
        assertThat(finding.object()).isEqualTo(key(victim.file));
        assertThat(finding.snapshot()).isEqualTo("monday");
        assertThat(finding.affected().kept()).containsExactly(new Range(victim.block * 4096L, 4096));
        findings.clear();
        Files.delete(victim.file);
        assertThat(onlyFinding().problem()).isEqualTo("is missing");
        assertThat(findings.getFirst().snapshot()).isEqualTo("monday");
    }

    @Test
    void anObjectThatIsGoneAndNotNeededAnyMoreIsNoDamage() throws IOException, VolumeException {
        final Path victim = some(true).file;
        try (VolumeRig rig = new VolumeRig(context(store))) {
            final ObjectStore collecting = new OnFirstRead(key(victim), () -> collect(rig, victim));
            assertThat(verify(collecting).isWell()).as("%s", findings).isTrue();
            assertThat(victim).doesNotExist();
        }
    }

    /** As garbage collection does: writes what the object holds anew, and deletes the object behind a checkpoint. */
    private void collect(final VolumeRig rig, final Path victim) {
        try {
            for (final Range range : liveIn(victim)) {
                write(rig, (int) (range.offset() / Blocks.SIZE), (int) (range.length() / Blocks.SIZE));
                rig.await(rig.volume::isStored);
            }
            for (int i = 0; i < 6; i++) {
                write(rig, 0, 1);
                rig.await(rig.volume::isStored);
            }
            Files.deleteIfExists(victim);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Does something before an object is read for the first time. */
    private final class OnFirstRead extends ForwardingStore {
        private final String key;
        private Runnable action;

        OnFirstRead(final String key, final Runnable action) {
            super(store);
            this.key = key;
            this.action = action;
        }

        @Override
        public CompletableFuture<Integer> get(final String wanted, final long offset, final MemorySegment target) {
            if (wanted.equals(key) && action != null) {
                final Runnable now = action;
                action = null;
                now.run();
                return CompletableFuture.failedFuture(new NoSuchObjectException(key));
            }
            return store.get(wanted, offset, target);
        }
    }
}
