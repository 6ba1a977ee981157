package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.launcher.ExitStatus;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.LoadGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
@SuppressWarnings("try")
class ServeTest {
    private static final int BLOCK_SIZE = 4096;
    private static final int BLOCKS = 2000;
    private static final int DEPTH = 32;
    private static final int KILLS = 4;

    @TempDir
    private Path home;

    private Path socket;
    private Path store;
    private Path cache;

    @BeforeEach
    void createVolume() throws IOException, InterruptedException {
        socket = home.resolve("socket");
        store = home.resolve(".local/share/varve/store");
        cache = home.resolve(".cache/varve");
        try (VarveProcess create = VarveProcess.start(home, "volume", "create", "data", "--size", "1G")) {
            assertThat(create.awaitExit()).isZero();
        }
    }

    @Test
    void saysWhenItIsReadyAndHowToUseIt() throws IOException, InterruptedException {
        final long startNs = System.nanoTime();
        try (VarveProcess serve = VarveProcess.serve(home, socket)) {
            final long readyMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
            System.out.println("varve serve was ready after " + readyMs + " ms, without its start-up cache");
            serve.awaitOut(line -> line.startsWith("QEMU arguments: ") && line.contains("path=" + socket));
            assertThat(serve.out()).startsWith("varve: volume data: 1G, is ready at " + socket + "\n");
            assertThat(socket).exists();

            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
            assertThat(serve.out()).endsWith("varve: volume data: ended, everything is in the store\n");
            assertThat(socket).doesNotExist();
        }
    }

    @Test
    void keepsWhatWasWrittenOverARestart() throws IOException, InterruptedException {
        final LoadGenerator load;
        try (VarveProcess serve = VarveProcess.serve(home, socket)) {
            try (FrontEnd frontEnd = FrontEnd.started(socket, options())) {
                load = load(frontEnd).flushEvery(50);
                load.run(5_000);
                discardLastBlock(frontEnd);
            }
            serve.signal("INT");
            assertThat(serve.awaitExit()).isZero();
            assertThat(serve.err()).doesNotContain("WARN", "ERROR");
        }
        try (VarveProcess serve = VarveProcess.serve(home, socket);
                FrontEnd frontEnd = FrontEnd.started(socket, options())) {
            load.verifyAll(frontEnd);
            expectLastBlockToBeZero(frontEnd);
        }
    }

    @Test
    void endsWithEverythingInTheStoreSoThatTheCacheIsNotNeeded() throws IOException, InterruptedException {
        final LoadGenerator load;
        try (VarveProcess serve = VarveProcess.serve(home, socket)) {
            try (FrontEnd frontEnd = FrontEnd.started(socket, options())) {
                load = load(frontEnd);
                load.run(5_000);
            }
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
        }
        deleteTree(cache);
        try (VarveProcess serve = VarveProcess.serve(home, socket);
                FrontEnd frontEnd = FrontEnd.started(socket, options())) {
            load.verifyAll(frontEnd);
        }
    }

    @Test
    void aKillUnderAWritingClientLosesNoCompletedWrite() throws IOException, InterruptedException {
        try (FrontEnd writer = new FrontEnd(socket, options())) {
            final LoadGenerator load = load(writer).writePercent(100);
            for (int i = 0; i < KILLS; i++) {
                try (VarveProcess serve = VarveProcess.serve(home, socket)) {
                    if (i == 0) {
                        writer.connect();
                        writer.start();
                    } else {
                        writer.reconnect();
                        load.drain();
                    }
                    load.run(1_000 + 700L * i);
                    load.fill();
                    serve.kill();
                }
                try (VarveProcess serve = VarveProcess.serve(home, socket)) {
                    try (FrontEnd reader = FrontEnd.started(socket, options())) {
                        load.verifyAll(reader);
                    }
                    serve.signal("TERM");
                    assertThat(serve.awaitExit()).isZero();
                }
            }
        }
    }

    @Test
    void servesTheNextFrontEndWhenOneHasGone() throws IOException, InterruptedException {
        try (VarveProcess serve = VarveProcess.serve(home, socket)) {
            final byte[] data = new byte[BLOCK_SIZE];
            for (int i = 1; i <= 5; i++) {
                try (FrontEnd frontEnd = FrontEnd.started(socket, options())) {
                    final BlkRequest read = frontEnd.run(BlkRequest.read(0, BLOCK_SIZE));
                    assertThat(read.in()).isEqualTo(data);
                    data[0] = (byte) i;
                    assertThat(frontEnd.run(BlkRequest.write(0, data)).status()).isEqualTo(BlkRequest.OK);
                }
            }
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
        }
    }

    @Test
    void endsWithAFrontEndConnectedAndRequestsInFlight() throws IOException, InterruptedException {
        try (VarveProcess serve = VarveProcess.serve(home, socket);
                FrontEnd frontEnd = FrontEnd.started(socket, options())) {
            final LoadGenerator load = load(frontEnd);
            load.run(1_000);
            load.fill();
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
            assertThat(serve.out()).endsWith("ended, everything is in the store\n");
        }
    }

    @Test
    void anAwayStoreIsNotWaitedForLongerThanTheBound() throws IOException, InterruptedException {
        final LoadGenerator load;
        try (VarveProcess serve = VarveProcess.serve(home, socket, "--shutdown-timeout", "500ms")) {
            try (FrontEnd frontEnd = FrontEnd.started(socket, options())) {
                load = load(frontEnd);
                load.run(1);
                takeStoreAway();
                load.run(2_000);
            }
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
            assertThat(serve.out().lines().toList().getLast())
                    .matches(
                            "varve: volume data: ended, [0-9.]+[KM] in [0-9]+ records are unsent; they are durable in the"
                                    + " log, and the next start ships them");
        }
        bringStoreBack();
        try (VarveProcess serve = VarveProcess.serve(home, socket)) {
            try (FrontEnd frontEnd = FrontEnd.started(socket, options())) {
                load.verifyAll(frontEnd);
            }
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
            assertThat(serve.out()).endsWith("ended, everything is in the store\n");
        }
    }

    @Test
    void anEndDoesNotWaitForWritesThatWaitForTheStore() throws IOException, InterruptedException {
        try (VarveProcess remove = VarveProcess.start(home, "volume", "remove", "data")) {
            assertThat(remove.awaitExit()).isZero();
        }
        try (VarveProcess create =
                VarveProcess.start(home, "volume", "create", "data", "--size", "1G", "--max-unsent-bytes", "64K")) {
            assertThat(create.awaitExit()).isZero();
        }
        try (VarveProcess serve = VarveProcess.serve(home, socket, "--shutdown-timeout", "500ms");
                FrontEnd frontEnd = FrontEnd.started(socket, options())) {
            frontEnd.run(BlkRequest.flush());
            takeStoreAway();
            for (int i = 0; i < DEPTH; i++) {
                final BlkRequest write = BlkRequest.write((long) i * BLOCK_SIZE, new byte[BLOCK_SIZE]);
                assertThat(frontEnd.queue(0).submit(write, Framing.USUAL)).isTrue();
            }
            frontEnd.queue(0).publish();
            serve.awaitErr(line -> line.contains("trying again"));
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
            int answered = 0;
            while (frontEnd.queue(0).poll() != null) {
                answered++;
            }
            assertThat(answered).isLessThan(DEPTH);
            assertThat(serve.out().lines().toList().getLast()).contains(" records are unsent");
        }
    }

    @Test
    void aSecondSignalLeavesShippingToTheNextStart() throws IOException, InterruptedException {
        try (VarveProcess serve = VarveProcess.serve(home, socket, "--shutdown-timeout", "60m")) {
            try (FrontEnd frontEnd = FrontEnd.started(socket, options())) {
                frontEnd.run(BlkRequest.flush());
                takeStoreAway();
                load(frontEnd).run(100);
            }
            serve.signal("INT");
            serve.awaitOut(line -> line.contains("a further signal leaves that to the next start"));
            serve.signal("INT");
            assertThat(serve.awaitExit()).isZero();
            assertThat(serve.out()).contains("they are durable in the log");
        }
    }

    @Test
    void listensOnAnInheritedSocket() throws IOException, InterruptedException {
        final List<String> listen = List.of(
                "perl",
                "-MSocket",
                "-e",
                "$^F = 255; socket(S, AF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un(shift)) && listen(S, 8)"
                        + " or die $!; exec @ARGV, '--fd', fileno(S)",
                socket.toString());
        try (VarveProcess serve = VarveProcess.start(home, listen, "serve", "data")) {
            assertThat(serve.awaitOut(line -> line.contains("ready")))
                    .isEqualTo("varve: volume data: 1G, is ready on the inherited socket");
            try (FrontEnd frontEnd = FrontEnd.started(socket, options())) {
                assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
            }
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
            assertThat(socket).exists();
        }
    }

    @Test
    void readOnlyRefusesWritesAndNeedsNoLog() throws IOException, InterruptedException {
        final Map<String, Long> before = tree();
        try (VarveProcess serve = VarveProcess.serve(home, socket, "--read-only");
                FrontEnd frontEnd = FrontEnd.started(socket, options())) {
            assertThat(serve.out()).contains("1G, read-only, is ready");
            assertThat(frontEnd.features() & FrontEnd.F_RO).isNotZero();
            assertThat(frontEnd.run(BlkRequest.write(0, new byte[BLOCK_SIZE])).status())
                    .isEqualTo(BlkRequest.IOERR);
            assertThat(frontEnd.run(BlkRequest.read(0, BLOCK_SIZE)).status()).isEqualTo(BlkRequest.OK);
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
        }
        assertThat(tree()).isEqualTo(before);
    }

    @Test
    void wrongUseIsOneLineAndStatusTwoAndChangesNothing() throws IOException, InterruptedException {
        final Path file = Files.createFile(home.resolve("file"));
        final Path tooLong = home.resolve("s".repeat(108));
        refused("no volume 'other' in ", "serve", "other", "--socket-path", socket.toString());
        refused("'a/b' is no name for a volume", "serve", "a/b", "--socket-path", socket.toString());
        refused("is too long", "serve", "data", "--socket-path", tooLong.toString());
        refused(
                "there is no directory",
                "serve",
                "data",
                "--socket-path",
                home.resolve("no/socket").toString());
        refused("something that is not a socket", "serve", "data", "--socket-path", file.toString());
        refused("is not a directory", "serve", "data", "--socket-path", socket.toString(), "--store", "file://" + file);
        refused("does not exist", "serve", "data", "--socket-path", socket.toString(), "--store", "file://" + tooLong);
        refused(file.toString(), "serve", "data", "--socket-path", socket.toString(), "--cache", file.toString());
    }

    @Test
    void aVolumeInUseIsRefusedAndItsDaemonGoesOn() throws IOException, InterruptedException {
        try (VarveProcess serve = VarveProcess.serve(home, socket);
                FrontEnd frontEnd = FrontEnd.started(socket, options())) {
            final LoadGenerator load = load(frontEnd);
            load.run(500);
            refusedWhateverElseHappens(
                    "is taken: another process listens there", "serve", "data", "--socket-path", socket.toString());
            refusedWhateverElseHappens(
                    "volume 'data' is in use",
                    "serve",
                    "data",
                    "--socket-path",
                    home.resolve("other").toString());
            refusedWhateverElseHappens("volume 'data' is in use", "volume", "remove", "data");
            load.run(500);
            load.verifyAll(frontEnd);
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
        }
    }

    @Test
    void aDaemonWhoseVolumeWasTakenOverFailsItsRequestsAndSaysSo() throws IOException, InterruptedException {
        final String other = home.resolve("other").toString();
        final String otherCache = home.resolve("other-cache").toString();
        try (VarveProcess first = VarveProcess.serve(home, socket);
                FrontEnd frontEnd = FrontEnd.started(socket, options())) {
            load(frontEnd).run(100);
            try (VarveProcess follower = VarveProcess.serve(home, Path.of(other), "--cache", otherCache)) {
                assertThat(follower.out()).contains("is being written by ").contains("--take-over");
                try (VarveProcess status = VarveProcess.start(home, "volume", "status", "data")) {
                    assertThat(status.awaitExit()).isZero();
                    assertThat(status.out()).contains("writing", "process " + first.pid(), "as much as that log held");
                }
                follower.signal("TERM");
                assertThat(follower.awaitExit()).isZero();
            }
            try (VarveProcess second = VarveProcess.serve(home, Path.of(other), "--cache", otherCache, "--take-over")) {
                frontEnd.run(BlkRequest.write(0, new byte[BLOCK_SIZE]));
                first.awaitErr(line -> line.startsWith("varve: volume data: every request fails from now on: "));
                assertThat(frontEnd.run(BlkRequest.read(0, BLOCK_SIZE)).status())
                        .isEqualTo(BlkRequest.IOERR);
                first.signal("TERM");
                assertThat(first.awaitExit()).isEqualTo(ExitStatus.FAILED);
                assertThat(first.err()).contains("varve: volume data: ended after a failure: ");
                second.signal("TERM");
                assertThat(second.awaitExit()).isZero();
            }
        }
    }

    @Test
    void aRemovedVolumeLeavesNoLog() throws IOException, InterruptedException {
        try (VarveProcess serve = VarveProcess.serve(home, socket)) {
            assertThat(files(cache)).as("the log of a volume that is followed").isNotEmpty();
            try (FrontEnd frontEnd = FrontEnd.started(socket, options())) {
                frontEnd.run(BlkRequest.flush());
            }
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
        }
        assertThat(files(cache)).isNotEmpty();
        try (VarveProcess remove = VarveProcess.start(home, "volume", "remove", "data")) {
            assertThat(remove.awaitExit()).isZero();
        }
        assertThat(files(cache)).isEmpty();
    }

    private void refused(final String reason, final String... args) throws IOException, InterruptedException {
        final Map<String, Long> before = tree();
        refusedWhateverElseHappens(reason, args);
        assertThat(tree()).isEqualTo(before);
    }

    private void refusedWhateverElseHappens(final String reason, final String... args)
            throws IOException, InterruptedException {
        try (VarveProcess run = VarveProcess.start(home, args)) {
            assertThat(run.awaitExit()).isEqualTo(ExitStatus.WRONG_USE);
            assertThat(run.err()).startsWith("varve: ").contains(reason).hasLineCount(1);
            assertThat(run.out()).isEmpty();
        }
    }

    private static FrontEndOptions options() {
        return FrontEndOptions.DEFAULT;
    }

    private static LoadGenerator load(final FrontEnd frontEnd) {
        return new LoadGenerator(frontEnd, BLOCKS, BLOCK_SIZE, DEPTH, 4711);
    }

    private static void discardLastBlock(final FrontEnd frontEnd) throws IOException {
        final long last = frontEnd.capacity() - BLOCK_SIZE;
        final byte[] data = new byte[BLOCK_SIZE];
        java.util.Arrays.fill(data, (byte) 0x5a);
        assertThat(frontEnd.run(BlkRequest.write(last, data)).status()).isEqualTo(BlkRequest.OK);
        assertThat(frontEnd.run(BlkRequest.discard(last, BLOCK_SIZE)).status()).isEqualTo(BlkRequest.OK);
        assertThat(frontEnd.run(BlkRequest.flush()).status()).isEqualTo(BlkRequest.OK);
        expectLastBlockToBeZero(frontEnd);
    }

    private static void expectLastBlockToBeZero(final FrontEnd frontEnd) throws IOException {
        final BlkRequest read = frontEnd.run(BlkRequest.read(frontEnd.capacity() - BLOCK_SIZE, BLOCK_SIZE));
        assertThat(read.status()).isEqualTo(BlkRequest.OK);
        assertThat(read.in()).containsOnly(0);
    }

    private void takeStoreAway() throws IOException {
        Files.move(store.resolve("volumes"), store.resolve("away"));
        Files.createFile(store.resolve("volumes"));
    }

    private void bringStoreBack() throws IOException {
        Files.delete(store.resolve("volumes"));
        Files.move(store.resolve("away"), store.resolve("volumes"));
    }

    private Map<String, Long> tree() throws IOException {
        final Map<String, Long> sizes = new TreeMap<>();
        for (final Path file : files(home)) {
            sizes.put(file.toString(), Files.size(file));
        }
        return sizes;
    }

    /** All but the read cache, which belongs to no volume. */
    private static List<Path> files(final Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(path -> !Files.isDirectory(path) && !path.endsWith("read-cache"))
                    .toList();
        }
    }

    private static void deleteTree(final Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(java.util.Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (final IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
