package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.varve.launcher.serve.VarveProcess;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code varve volume import} of images that QEMU reads: of all kinds, damaged ones, and those that a guest has made. */
class ImageImportTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE = 24 * MIB;

    @TempDir
    private Path home;

    private Path raw;

    @BeforeEach
    void makeDisk() throws IOException {
        assumeThat(Stream.of(System.getenv("PATH").split(":")))
                .as("qemu-img is installed")
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "qemu-img")));
        raw = home.resolve("disk.raw");
        final byte[] data = new byte[6 * MIB];
        new Random(18).nextBytes(data);
        try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "rw")) {
            file.setLength(SIZE);
            file.write(data, 0, 2 * MIB);
            file.seek(SIZE - 4 * MIB);
            file.write(data, 2 * MIB, 4 * MIB);
        }
    }

    private Path image(final String format, final String name) throws IOException, InterruptedException {
        run("qemu-img", "convert", "-f", "raw", "-O", format, raw.toString(), path(name));
        return home.resolve(name);
    }

    private String path(final String name) {
        return home.resolve(name).toString();
    }

    private static void run(final String... command) throws IOException, InterruptedException {
        final Process process =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        final String out = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(out).isZero();
    }

    private CommandRun importing(final Path file, final String... more) {
        return CommandRun.in(
                home,
                Stream.concat(Stream.of("volume", "import", file.toString(), "data"), Stream.of(more))
                        .toArray(String[]::new));
    }

    private void assertRefused(final int status, final String message, final Path file, final String... more) {
        final CommandRun run = importing(file, more);
        assertThat(run.err()).contains(message);
        assertThat(run.status()).isEqualTo(status);
        assertNoVolume();
    }

    private void assertNoVolume() {
        assertThat(CommandRun.in(home, "volume", "list").out().lines()).hasSize(1);
    }

    private static void overwrite(final Path file, final long offset, final byte[] bytes) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(offset);
            open.write(bytes);
        }
    }

    private static void cut(final Path file, final long bytes) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(open.length() - bytes);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qcow2", "qcow", "qed", "vdi", "vhdx", "vpc", "vmdk", "parallels"})
    void everyKindIsImportedAsWhatItIs(final String format) throws IOException, InterruptedException {
        final CommandRun run = importing(image(format, "disk." + format));
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.err()).startsWith("varve: " + path("disk." + format) + " is read as a " + format + " image\n");
        assertThat(CommandRun.in(home, "volume", "export", "data", path("out.raw"))
                        .status())
                .isZero();
        try (RandomAccessFile out = new RandomAccessFile(path("out.raw"), "rw")) {
            assertThat(out.length()).as("rounded up to its geometry").isBetween((long) SIZE, SIZE + (long) MIB);
            out.setLength(SIZE);
        }
        assertThat(Files.mismatch(raw, home.resolve("out.raw"))).isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qcow2", "qed", "vdi", "vhdx", "vpc", "vmdk", "parallels"})
    void anImageThatIsCutIsRefused(final String format) throws IOException, InterruptedException {
        final Path image = image(format, "disk." + format);
        cut(image, 3 * MIB + 100);
        assertRefused(1, image + " cannot be imported: ", image, "--format", format);
    }

    @Test
    void aNameThatIsTakenIsToldBeforeTheImageIsChecked() throws IOException, InterruptedException {
        final Path file = image("qcow2", "disk.qcow2");
        cut(file, MIB);
        assertThat(CommandRun.in(home, "volume", "create", "data", "--size", "1M")
                        .status())
                .isZero();
        final CommandRun run = importing(file);
        assertThat(run.err()).contains("data").doesNotContain("cannot be imported");
        assertThat(run.status()).isNotZero();
    }

    @Test
    void compressedAndStreamedImagesThatAreCutAreRefused() throws IOException, InterruptedException {
        run("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", raw.toString(), path("c.qcow2"));
        run(
                "qemu-img",
                "convert",
                "-f",
                "raw",
                "-O",
                "vmdk",
                "-o",
                "subformat=streamOptimized",
                raw.toString(),
                path("s.vmdk"));
        for (final String name : List.of("c.qcow2", "s.vmdk")) {
            cut(home.resolve(name), 3 * MIB);
            assertRefused(1, "it is damaged, or not all of it is there", home.resolve(name));
        }
    }

    /** Bits of incompatible features: 1 is for dirty, 2 for corrupt. */
    @ParameterizedTest
    @CsvSource({"1, it is marked as in use", "2, it is marked as corrupt"})
    void anImageThatIsMarkedIsRefused(final int bit, final String message) throws IOException, InterruptedException {
        final Path image = image("qcow2", "disk.qcow2");
        overwrite(image, 72, ByteBuffer.allocate(8).putLong(bit).array());
        assertRefused(1, message, image);
    }

    @Test
    void anImageWithADamagedTableIsRefused() throws IOException, InterruptedException {
        final Path image = image("qcow2", "disk.qcow2");
        final byte[] table = new byte[8];
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
            file.seek(40);
            final long l1 = file.readLong();
            file.seek(l1);
            file.readFully(table);
            table[5] ^= 2;
            overwrite(image, l1, table);
        }
        assertRefused(1, "it is damaged, or not all of it is there", image);
    }

    @ParameterizedTest
    @CsvSource({
        "qcow2, disk.img",
        "qcow, disk",
        "qed, copy.raw",
        "vdi, disk.vmdk",
        "vhdx, disk.img",
        "vpc, disk.img",
        "vmdk, disk.qcow2",
        "parallels, disk.img"
    })
    void contentsAloneDecideNothing(final String format, final String name) throws IOException, InterruptedException {
        final Path image = image(format, name);
        assertRefused(2, " begins like a " + format + " image", image);
    }

    @Test
    void anOptionDecides() throws IOException, InterruptedException {
        final Path image = image("vdi", "disk.img");
        assertThat(importing(image, "--format", "vdi").err()).isEmpty();
        assertThat(CommandRun.in(home, "volume", "import", image.toString(), "raw", "--format", "raw")
                        .status())
                .isZero();
        assertThat(CommandRun.in(home, "volume", "list").out())
                .containsPattern("data +24M ")
                .containsPattern("raw +[^ ]+ ")
                .doesNotContainPattern("raw +24M ");
    }

    @Test
    void aFixedVhdIsKnownByItsEnd() throws IOException, InterruptedException {
        run("qemu-img", "convert", "-f", "raw", "-O", "vpc", "-o", "subformat=fixed", raw.toString(), path("disk.img"));
        assertRefused(2, " begins like a vpc image", home.resolve("disk.img"));
    }

    @Test
    void aNameThatPromisesMoreThanTheFileHoldsIsRefused() throws IOException {
        Files.writeString(home.resolve("no.qcow2"), "this is none");
        assertRefused(2, "no.qcow2 does not begin like a qcow2 image", home.resolve("no.qcow2"));
        assertRefused(1, "cannot be imported: Could not open", home.resolve("no.qcow2"), "--format", "qcow2");
    }

    @ParameterizedTest
    @CsvSource({"gzip, zcat", "xz, xzcat", "bzip2, bzcat"})
    void whatIsPackedIsNoDisk(final String tool, final String unpacks) throws IOException, InterruptedException {
        final Path packed = home.resolve("packed");
        run("bash", "-c", "head -c 100000 " + raw + " | " + tool + " > " + packed);
        assertRefused(2, packed + " is packed: unpack it into the command, as by '" + unpacks + " " + packed, packed);
    }

    @Test
    void aPipeIsLookedAtToo() throws IOException, InterruptedException {
        final Path image = image("qcow2", "disk.qcow2");
        final VarveProcess run = VarveProcess.start(
                home, List.of("bash", "-c", "cat " + image + " | \"$@\"", "-"), "volume", "import", "-", "data");
        assertThat(run.awaitExit()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo("varve: the standard input begins like a qcow2 image: say what it is, with --format qcow2 or"
                        + " --format raw\n");
        assertNoVolume();
    }

    @Test
    void whatReachesForOtherFilesIsRefusedBeforeQemuOpensThem() throws IOException, InterruptedException {
        final Path secret = home.resolve("secret.raw");
        Files.write(secret, new byte[MIB]);
        run("qemu-img", "create", "-f", "qcow2", "-b", secret.toString(), "-F", "raw", path("b.qcow2"));
        run("qemu-img", "create", "-f", "qed", "-b", secret.toString(), "-F", "raw", path("b.qed"));
        run(
                "qemu-img",
                "create",
                "-f",
                "vmdk",
                "-b",
                image("vmdk", "base.vmdk").toString(),
                "-F",
                "vmdk",
                path("b.vmdk"));
        run("qemu-img", "create", "-f", "qcow2", "-o", "data_file=" + path("d.raw"), path("d.qcow2"), "1M");
        run(
                "qemu-img",
                "convert",
                "-f",
                "raw",
                "-O",
                "vmdk",
                "-o",
                "subformat=monolithicFlat",
                raw.toString(),
                path("flat.vmdk"));
        Files.delete(home.resolve("d.raw"));
        for (final String name : List.of("b.qcow2", "b.qed", "b.vmdk", "d.qcow2", "flat.vmdk")) {
            assertRefused(2, name + " keeps part of its data in another file", home.resolve(name));
        }
    }

    /** QEMU would wait at the FIFO for whoever writes to it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Timeout(60)
    void aDescriptorInAnyPlaceIsRefusedBeforeQemuOpensWhatItNames(final boolean isInSparse)
            throws IOException, InterruptedException {
        run("mkfifo", path("fifo"));
        final byte[] text =
                ("version=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 2048 FLAT \""
                                + path("fifo") + "\" 0\n")
                        .getBytes(StandardCharsets.US_ASCII);
        final ByteBuffer image = ByteBuffer.allocate(64 << 10).order(ByteOrder.LITTLE_ENDIAN);
        if (isInSparse) {
            // Magic, version, flags, no capacity, grain; then where the descriptor is, and of what length.
            image.put("KDMV".getBytes(StandardCharsets.US_ASCII)).putInt(1).putInt(3);
            image.putLong(0).putLong(128).putLong(1).putLong(20).position(512);
        }
        image.put(text);
        final Path file = Files.write(home.resolve("disk.vmdk"), image.array());
        final CommandRun run = importing(file, "--format", "vmdk");
        assertThat(run.err())
                .contains(isInSparse ? "keeps part of its data in another file" : "does not begin like a vmdk image");
        assertThat(run.status()).isEqualTo(isInSparse ? 2 : 1);
        assertNoVolume();
    }

    /** As by Ctrl-C at a terminal, which interrupts both: here the tool for sure before the command. */
    @ParameterizedTest
    @ValueSource(strings = {"qemu-img", "qemu-nbd"})
    void anInterruptionIsNotTheToolsFault(final String tool) throws IOException, InterruptedException {
        final Path image = image("qcow2", "disk.qcow2");
        final Path bin = Files.createDirectory(home.resolve("bin"));
        Files.writeString(
                bin.resolve(tool), "#!/bin/bash\n(sleep 0.2; kill -INT $PPID) </dev/null >&- 2>&- & kill -INT $$\n");
        Files.setPosixFilePermissions(bin.resolve(tool), PosixFilePermissions.fromString("rwxr-xr-x"));
        final VarveProcess run = VarveProcess.start(
                home,
                List.of("bash", "-c", "export PATH=" + bin + ":$PATH; exec \"$@\"", "-"),
                "volume",
                "import",
                image.toString(),
                "data");
        assertThat(run.awaitExit()).as(run.describe()).isEqualTo(130);
        assertThat(run.err()).doesNotContain("cannot be imported").contains("broken off");
    }

    @Test
    void qemusToolsGetNoCredentialsAndNoDescriptors() throws IOException, InterruptedException {
        final Path image = image("qcow2", "disk.qcow2");
        final Path bin = Files.createDirectory(home.resolve("bin"));
        for (final String tool : List.of("qemu-img", "qemu-nbd")) {
            Files.writeString(
                    bin.resolve(tool),
                    "#!/bin/bash\n(ls -l /proc/$$/fd; env) >> " + path("seen") + "\nPATH=${PATH#*:} exec " + tool
                            + " \"$@\"\n");
            Files.setPosixFilePermissions(bin.resolve(tool), PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        final VarveProcess run = VarveProcess.start(
                home,
                List.of(
                        "bash",
                        "-c",
                        "export PATH=" + bin + ":$PATH AWS_SECRET_ACCESS_KEY=secret AWS_PROFILE=mine VARVE_S3_REGION=eu"
                                + " HTTPS_PROXY=http://user:secret@proxy; exec \"$@\"",
                        "-"),
                "volume",
                "import",
                image.toString(),
                "data");
        assertThat(run.awaitExit()).as(run.describe()).isZero();
        assertThat(Files.readAllLines(home.resolve("seen")))
                .anyMatch(line -> line.startsWith("PATH="))
                .anyMatch(line -> line.contains(" 0 -> pipe:"))
                .noneMatch(line -> line.contains("secret") || line.startsWith("AWS_") || line.startsWith("VARVE_"))
                .noneMatch(
                        line -> line.contains("-> " + image) || line.contains(".varve") || line.contains("anon_inode"));
    }

    @Test
    void anImportThatIsBrokenOffEndsQemuToo() throws IOException, InterruptedException {
        run("qemu-img", "create", "-f", "qcow2", path("disk.qcow2"), "64T");
        final Path bin = Files.createDirectory(home.resolve("bin"));
        Files.writeString(bin.resolve("qemu-nbd"), "#!/bin/bash\necho $$ > " + path("pid") + "\nexec sleep 1000\n");
        Files.setPosixFilePermissions(bin.resolve("qemu-nbd"), PosixFilePermissions.fromString("rwxr-xr-x"));
        final VarveProcess run = VarveProcess.start(
                home,
                List.of("bash", "-c", "export PATH=" + bin + ":$PATH; exec \"$@\"", "-"),
                "volume",
                "import",
                path("disk.qcow2"),
                "data");
        await().until(() -> Files.exists(home.resolve("pid"))
                && Files.readString(home.resolve("pid")).endsWith("\n"));
        run.signal("TERM");
        assertThat(run.awaitExit()).isEqualTo(143);
        assertThat(run.err()).endsWith("varve: broken off; there is no volume data\n");
        final long pid = Long.parseLong(Files.readString(home.resolve("pid")).strip());
        assertThat(ProcessHandle.of(pid)).isEmpty();
        assertNoVolume();
    }

    @Test
    void aServerThatEndsInTheMiddleEndsTheImport() throws IOException, InterruptedException {
        final Path image = image("qcow2", "disk.qcow2");
        final Path bin = Files.createDirectory(home.resolve("bin"));
        Files.writeString(bin.resolve("qemu-nbd"), "#!/bin/bash\necho 'qemu-nbd: no memory left' >&2\nexit 1\n");
        Files.setPosixFilePermissions(bin.resolve("qemu-nbd"), PosixFilePermissions.fromString("rwxr-xr-x"));
        final VarveProcess run = VarveProcess.start(
                home,
                List.of("bash", "-c", "export PATH=" + bin + ":$PATH; exec \"$@\"", "-"),
                "volume",
                "import",
                image.toString(),
                "data");
        assertThat(run.awaitExit()).isEqualTo(1);
        assertThat(run.err()).endsWith(image + " cannot be imported: no memory left\n");
        assertNoVolume();
    }
}
