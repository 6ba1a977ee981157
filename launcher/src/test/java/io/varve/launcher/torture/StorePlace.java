package io.varve.launcher.torture;

import io.varve.s3.FaultyProxy;
import io.varve.s3.RgwServer;
import io.varve.s3.S3Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Where a rig keeps its objects: in a directory of its own, under a URL such as that of an S3 server, whose bucket is there and
 * whose options stand in the environment, or in an S3 server of this process's own. It can go away and come back.
 */
final class StorePlace {
    /** Rounds after which a rig on a server that keeps everything in memory is made anew. */
    private static final int ROUNDS_IN_MEMORY = 5;

    private static final int ROUNDS = 25;

    private final String base;
    private final Map<String, String> environment;
    private final Presence presence;
    private final int rounds;
    private final Path home;

    private StorePlace(
            final String base,
            final Map<String, String> environment,
            final Presence presence,
            final int rounds,
            final Path home) {
        this.base = base;
        this.environment = environment;
        this.presence = presence;
        this.rounds = rounds;
        this.home = home;
    }

    /** In a directory of each rig. */
    static StorePlace directory() {
        return new StorePlace(null, Map.of(), null, ROUNDS, null);
    }

    /**
     * Under a URL.
     *
     * @param base         each rig adds a name of its own.
     * @param stopCommand  a shell command that makes the store's server go away, or null.
     * @param startCommand a shell command that makes it come back, or null.
     */
    static StorePlace url(final String base, final String stopCommand, final String startCommand) {
        final Map<String, String> inherited = new HashMap<>();
        System.getenv().forEach((name, value) -> {
            if (name.startsWith("AWS_") || name.startsWith("VARVE_S3_")) {
                inherited.put(name, value);
            }
        });
        final boolean canGo = stopCommand != null && startCommand != null;
        return new StorePlace(
                base, inherited, canGo ? isHere -> run(isHere ? startCommand : stopCommand) : null, ROUNDS, null);
    }

    /**
     * In Ceph's RADOS gateway, which is started now and ends with this process.
     *
     * @param latency by which each of its answers is held back.
     */
    static StorePlace rgw(final Duration latency) throws IOException, InterruptedException {
        final RgwServer rgw = RgwServer.get();
        final S3Server server = rgw.server();
        String endpoint = server.endpoint();
        if (!latency.isZero()) {
            // Closed by the end of this process.
            @SuppressWarnings("resource")
            final FaultyProxy proxy = new FaultyProxy(endpoint);
            proxy.latency(latency);
            endpoint = proxy.endpoint();
        }
        final Map<String, String> environment = Map.of(
                "VARVE_S3_ENDPOINT",
                endpoint,
                "AWS_REGION",
                "us-east-1",
                "AWS_ACCESS_KEY_ID",
                server.accessKey(),
                "AWS_SECRET_ACCESS_KEY",
                server.secretKey());
        return new StorePlace(
                "s3://" + server.bucket() + "/torture",
                environment,
                isHere -> run("kill -" + (isHere ? "CONT " : "STOP ") + rgw.pid()),
                ROUNDS_IN_MEMORY,
                null);
    }

    /** This place for one rig. */
    StorePlace under(final Path newHome) throws IOException {
        if (base == null) {
            Files.createDirectories(newHome.resolve("objects"));
            Files.createSymbolicLink(newHome.resolve("store"), Path.of("objects"));
        }
        return new StorePlace(base, environment, presence, rounds, newHome);
    }

    /** The URL of the rig's store. */
    String url() {
        return base == null
                ? "file://" + home.resolve("store")
                : base + "/" + home.getFileName() + "-"
                        + ProcessHandle.current().pid();
    }

    /** Variables that daemons need in order to reach it. */
    Map<String, String> environment() {
        return environment;
    }

    /** How many rounds a rig lasts, so that no store grows without limit. */
    int rounds() {
        return rounds;
    }

    /** Whether objects are files. */
    boolean isDirectory() {
        return base == null;
    }

    /** The directory of the objects. */
    Path objects() {
        return home.resolve("objects");
    }

    /** Whether it can go away. */
    boolean canGo() {
        return base == null || presence != null;
    }

    /** Makes the store unreachable. */
    void takeAway() throws IOException, InterruptedException {
        if (base == null) {
            link("nowhere");
        } else {
            presence.change(false);
        }
    }

    /** Makes the store reachable again. */
    void bringBack() throws IOException, InterruptedException {
        if (base == null) {
            link("objects");
        } else {
            presence.change(true);
        }
    }

    private void link(final String target) throws IOException {
        final Path draft = home.resolve("store.new");
        Files.createSymbolicLink(draft, Path.of(target));
        Files.move(draft, home.resolve("store"), StandardCopyOption.ATOMIC_MOVE);
    }

    private static void run(final String command) throws IOException, InterruptedException {
        final Process process =
                new ProcessBuilder("bash", "-c", command).inheritIO().start();
        if (process.waitFor() != 0) {
            throw new IOException("failed: " + command);
        }
    }

    /** Makes a server go away and come back. */
    @FunctionalInterface
    private interface Presence {
        void change(boolean isHere) throws IOException, InterruptedException;
    }
}
