package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import io.varve.testsupport.LoadGenerator;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.jr.ob.JSON;

/** The read cache of a daemon, a real process. */
@Timeout(60)
@SuppressWarnings("try")
class ReadCacheTest {
    private static final int BLOCKS = 2000;

    @TempDir
    private Path home;

    private DaemonRig rig;
    private LoadGenerator load;

    @BeforeEach
    void writeOneVolume() throws IOException, InterruptedException {
        rig = new DaemonRig(home);
        rig.create("one");
        rig.create("two");
        try (VarveProcess daemon = VarveProcess.daemon(home);
                FrontEnd guest = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
            load = new LoadGenerator(guest, BLOCKS, 4096, 16, 4);
            load.run(2 * BLOCKS);
            guest.close();
            rig.ok("detach", "one");
            end(daemon);
        }
    }

    @Test
    void whatWasReadOnceIsNotReadFromTheStoreAgainBeforeAndAfterARestart() throws Exception {
        try (VarveProcess daemon = VarveProcess.daemon(home);
                FrontEnd guest = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
            load.verifyAll(guest);
            refresh(guest);
            final long fetches = figure("fetches");
            assertThat(fetches).isPositive();
            load.verifyAll(guest);
            refresh(guest);
            assertThat(figure("cache_hit_bytes")).isGreaterThanOrEqualTo(BLOCKS / 2 * 4096L);
            assertThat(figure("fetches")).isEqualTo(fetches);
            assertThat(figure("cached_bytes")).isGreaterThanOrEqualTo(BLOCKS / 2 * 4096L);
            final Map<?, ?> cache = readCache();
            assertThat(cache.get("trouble")).isNull();
            assertThat(((Number) cache.get("used_bytes")).longValue()).isPositive();
            guest.close();
            end(daemon);
        }
        try (VarveProcess daemon = VarveProcess.daemon(home);
                FrontEnd guest = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
            load.verifyAll(guest);
            refresh(guest);
            assertThat(figure("fetches")).isZero();
            assertThat(figure("cache_hits")).isPositive();
        }
    }

    @Test
    void aDamagedCacheCostsNoMoreThanReadsOfTheStore() throws Exception {
        try (VarveProcess daemon = VarveProcess.daemon(home);
                FrontEnd guest = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
            load.verifyAll(guest);
            guest.close();
            end(daemon);
        }
        try (RandomAccessFile file = new RandomAccessFile(cacheFile().toFile(), "rw")) {
            for (long at = 1 << 20; at < file.length(); at += 4096) {
                file.seek(at + 17);
                final int value = file.read();
                file.seek(at + 17);
                file.write(value ^ 1);
            }
        }
        try (VarveProcess daemon = VarveProcess.daemon(home);
                FrontEnd guest = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
            load.verifyAll(guest);
            refresh(guest);
            assertThat(figure("cache_damaged")).isPositive();
            daemon.awaitErr(line -> line.contains(" is damaged at "));
        }
    }

    @Test
    void aSecondProcessGoesOnWithoutIt() throws Exception {
        try (VarveProcess daemon = VarveProcess.daemon(home)) {
            rig.attach("two");
            try (VarveProcess serve = VarveProcess.start(
                    home,
                    "serve",
                    "one",
                    "--store",
                    rig.url("one"),
                    "--socket-path",
                    home.resolve("alone").toString())) {
                serve.awaitErr(line -> line.contains(" is in use by another process"));
                serve.awaitOut(line -> line.contains(" is ready "));
                try (FrontEnd guest = FrontEnd.started(home.resolve("alone"), FrontEndOptions.DEFAULT)) {
                    load.verifyAll(guest);
                }
            }
            assertThat(readCache()).isNotNull();
        }
    }

    @Test
    void aDirectoryInItsPlaceOrNoSizeIsNoCache() throws Exception {
        Files.delete(cacheFile());
        Files.createDirectory(cacheFile());
        try (VarveProcess daemon = VarveProcess.daemon(home);
                FrontEnd guest = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
            load.verifyAll(guest);
            daemon.awaitErr(line -> line.contains(" can't be used, and volumes are served without"));
            assertThat(readCache()).isNull();
            guest.close();
            end(daemon);
        }
        try (VarveProcess daemon = VarveProcess.daemon(home, "--read-cache-size", "0");
                FrontEnd guest = FrontEnd.started(rig.attach("one"), FrontEndOptions.DEFAULT)) {
            load.verifyAll(guest);
            assertThat(readCache()).isNull();
            assertThat(daemon.err()).doesNotContain("read cache");
        }
    }

    /** Has the volume tell figures that count all that was read before. */
    private void refresh(final FrontEnd guest) {
        final long before = reads();
        await().pollInSameThread().until(() -> {
            guest.run(BlkRequest.read(0, 4096));
            return reads() > before;
        });
    }

    private long reads() {
        return figure("cache_hits") + figure("cache_misses");
    }

    private Path cacheFile() {
        return home.resolve(".cache/varve/read-cache");
    }

    private static void end(final VarveProcess daemon) throws IOException, InterruptedException {
        daemon.signal("TERM");
        assertThat(daemon.awaitExit()).isZero();
    }

    private long figure(final String name) {
        return ((Number) rig.status("one").get(name)).longValue();
    }

    private Map<?, ?> readCache() throws IOException {
        return (Map<?, ?>) JSON.std.mapFrom(rig.ok("status", "--json")).get("read_cache");
    }
}
