package io.varve.lsvd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.varve.lsvd.crypto.KeyEncryptionKey;
import io.varve.lsvd.format.Codec;
import io.varve.lsvd.format.Compression;
import io.varve.lsvd.format.VolumeSettings;
import io.varve.lsvd.gc.GcPolicy;
import io.varve.lsvd.store.DirectoryStore;
import io.varve.lsvd.store.KeyedStore;
import io.varve.lsvd.store.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code dev/read-volume.py}, which knows the documents and not this code, reads of volumes. */
@Timeout(180)
final class ReadVolumeTest {
    private static final Path SCRIPT = Path.of("../dev/read-volume.py").toAbsolutePath();
    private static final int BLOCK = 4096;
    private static final int SIZE = (4 << 20) + 512;

    private final byte[] keyBytes = new byte[KeyEncryptionKey.LENGTH];

    @TempDir
    private Path directory;

    private KeyEncryptionKey key;
    private ObjectStore plain;
    private ObjectStore store;
    private byte[] expected = new byte[SIZE];
    private String printed;

    @BeforeEach
    void openStore() throws Exception {
        assumeThat(run("python3", "--version")).as("python3 is here").isZero();
        new Random(1).nextBytes(keyBytes);
        Files.writeString(directory.resolve("key"), Base64.getEncoder().encodeToString(keyBytes) + "\n");
        key = new KeyEncryptionKey("file", "key", keyBytes.clone());
        plain = DirectoryStore.open(directory.resolve("store"), true);
        store = plain;
    }

    @AfterEach
    void closeStore() {
        if (plain != null) {
            plain.close();
            key.close();
        }
    }

    static Stream<Compression> compressions() {
        return Stream.of(Compression.NONE, Compression.LZ4, Compression.zstd(1));
    }

    @ParameterizedTest
    @MethodSource("compressions")
    void aVolumeWithGarbageCollected(final Compression compression) throws Exception {
        make("disk", compression);
        try (VolumeRig rig = new VolumeRig(context("disk"))) {
            // Collection has work from the second round on.
            for (int i = 0; i < 6; i++) {
                write(rig, 40, i);
                rig.await(rig.volume::isStored);
            }
        }
        // What is compressed stays below the limit.
        try (Stream<Path> files = Files.walk(directory.resolve("store"))) {
            assertThat(files.anyMatch(file -> file.endsWith("0000000000000001/0000000000000001")))
                    .as("the first object has not been collected and deleted")
                    .isEqualTo(compression.codec() != Codec.NONE);
        }
        assertThat(read("disk")).isZero();
        expectImage();
    }

    @Test
    void aCloneOfACloneAndASnapshot() throws Exception {
        make("disk", Compression.LZ4);
        final VolumeCatalog catalog = new VolumeCatalog(store);
        final byte[] then;
        try (VolumeRig rig = new VolumeRig(context("disk"))) {
            write(rig, 40, 1);
            rig.snapshot("Then");
            then = expected.clone();
            write(rig, 40, 2);
        }
        expected = then.clone();
        catalog.createClone("clone", VolumeSettings.ofSize(SIZE), catalog.snapshot("disk", "Then"));
        try (VolumeRig rig = new VolumeRig(context("clone"))) {
            write(rig, 20, 3);
            rig.snapshot("again");
        }
        catalog.createClone("Clone of a clone", VolumeSettings.ofSize(SIZE), catalog.snapshot("clone", "again"));
        assertThat(read("Clone of a clone")).isZero();
        expectImage();
        try (VolumeRig rig = new VolumeRig(context("Clone of a clone"))) {
            write(rig, 20, 4);
        }
        catalog.rename("Clone of a clone", "renamed");
        assertThat(read("renamed")).isZero();
        expectImage();
        expected = then;
        assertThat(read("disk@Then")).isZero();
        expectImage();
        assertThat(read("disk@none")).isEqualTo(2);
        assertThat(read("Clone of a clone")).isEqualTo(2);
    }

    @Test
    void whatWasNeverShipped() throws Exception {
        make("disk", Compression.LZ4);
        unshipped();
        final byte[] now = expected.clone();
        assertThat(read("disk")).isZero();
        assertThat(printed).contains("was not closed by").contains("--log");
        assertThat(read("disk", "--log", log().toString())).isZero();
        assertThat(printed).contains("records of").contains("are not in the store");
        expected = now;
        expectImage();
    }

    @Test
    void anEncryptedVolume() throws Exception {
        assumeThat(run("python3", "-c", "import cryptography"))
                .as("Python's cryptography is here")
                .isZero();
        store = new KeyedStore(plain, key);
        make("disk", Compression.LZ4);
        try (VolumeRig rig = new VolumeRig(context("disk"))) {
            for (int i = 0; i < 3; i++) {
                write(rig, 40, i);
                rig.await(rig.volume::isStored);
            }
        }
        assertThat(read("disk")).isEqualTo(2);
        assertThat(printed).contains("is encrypted");
        final String file = directory.resolve("key").toString();
        assertThat(read("disk", "--key", file)).isZero();
        expectImage();
        unshipped();
        assertThat(read("disk", "--key", file, "--log", log().toString())).isZero();
        expectImage();
    }

    @Test
    void whatIsDamagedOrMissingIsNamed() throws Exception {
        make("disk", Compression.NONE);
        try (VolumeRig rig = new VolumeRig(context("disk"))) {
            final byte[] data = new byte[1 << 20];
            new Random(3).nextBytes(data);
            rig.write(0, data);
        }
        final Path object;
        try (Stream<Path> files = Files.walk(directory.resolve("store"))) {
            object = files.filter(file -> file.toString().contains("/log/0000000000000001/"))
                    .max(Comparator.comparingLong(file -> file.toFile().length()))
                    .orElseThrow();
        }
        final byte[] bytes = Files.readAllBytes(object);
        bytes[bytes.length - 5000] ^= 4;
        Files.write(object, bytes);
        assertThat(read("disk")).isEqualTo(1);
        assertThat(printed).contains("/log/0000000000000001/").contains("is damaged");
        Files.delete(object);
        assertThat(read("disk")).isEqualTo(1);
        assertThat(printed).contains("/log/0000000000000001/").contains("is missing");
    }

    private void make(final String name, final Compression compression) throws VolumeException {
        new VolumeCatalog(store).create(name, VolumeSettings.ofSize(SIZE).withCompression(compression));
    }

    private VolumeContext context(final String name) {
        return VolumeRig.context(store, directory.resolve("cache"))
                .name(name)
                .checkpointInterval(3)
                .gcPolicy(new GcPolicy(1.05, 0.05, 0));
    }

    /** Leaves a log behind that holds what the store does not. */
    private void unshipped() throws Exception {
        final VolumeRig rig = new VolumeRig(context("disk").destageDelayNs(TimeUnit.SECONDS.toNanos(100)));
        write(rig, 25, 9);
        rig.crash();
    }

    private Path log() throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("cache"))) {
            return files.filter(file -> file.endsWith("log") && Files.isRegularFile(file))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Writes what compresses well, what does not, and zeros; and discards. */
    private void write(final VolumeRig rig, final int count, final long seed) {
        final Random random = new Random(seed);
        for (int i = 0; i < count; i++) {
            final int length = BLOCK * (1 + random.nextInt(40));
            final int at = BLOCK * random.nextInt((SIZE - length) / BLOCK);
            final byte[] data = new byte[length];
            switch (i % 4) {
                case 0 -> random.nextBytes(data);
                case 1, 2 -> {
                    final byte[] stamp = ("block " + seed + " " + i + " ").getBytes(StandardCharsets.US_ASCII);
                    for (int j = 0; j < length; j++) {
                        data[j] = stamp[j % stamp.length];
                    }
                }
                default -> {}
            }
            if (i % 10 == 9) {
                rig.submitDiscard(at, length);
                rig.await(() -> rig.outstanding() == 0);
                Arrays.fill(data, (byte) 0);
            } else {
                rig.write(at, data);
            }
            System.arraycopy(data, 0, expected, at, length);
        }
        rig.flush();
    }

    private int read(final String volume, final String... more) throws Exception {
        final List<String> command = new ArrayList<>(List.of(
                "python3",
                SCRIPT.toString(),
                "--store",
                directory.resolve("store").toString(),
                "--output",
                directory.resolve("image").toString()));
        command.addAll(List.of(more));
        command.add(volume);
        return run(command.toArray(String[]::new));
    }

    private int run(final String... command) throws Exception {
        final Process process =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor();
    }

    private void expectImage() throws IOException {
        assertThat(printed).doesNotContain("Traceback");
        final byte[] image = Files.readAllBytes(directory.resolve("image"));
        assertThat(image.length).isEqualTo(expected.length);
        assertThat(Arrays.mismatch(image, expected)).isEqualTo(-1);
    }
}
