package io.varve.testvms;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Ceph's RADOS gateway on the store's host, run by {@code dev/ceph-rgw}. It ends with the test, also with one that is killed. */
final class ObjectServer {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final String ENDPOINT = "AWS_ENDPOINT_URL_S3";
    private static final Pattern SETTING = Pattern.compile("((?:AWS|VARVE)_\\w+)=(.*)");

    private final Program script;
    private final Map<String, String> settings = new HashMap<>();

    private ObjectServer(final Program script) {
        this.script = script;
    }

    /** Whether it can be run here. */
    static boolean isAvailable() throws IOException, InterruptedException {
        final Process status = new ProcessBuilder(
                        "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin command -v radosgw ceph-osd ceph-mon")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return status.waitFor() == 0;
    }

    /** Starts one, and waits for it. */
    static ObjectServer start(final Network network, final Path directory, final Consumer<Program> register)
            throws IOException, InterruptedException {
        final Program script = Program.start(
                "dev/ceph-rgw",
                directory,
                network.on(
                        Network.STORE,
                        List.of(
                                Checkout.file("dev/ceph-rgw").toString(),
                                "run",
                                directory.resolve("rgw").toString())),
                Map.of("VARVE_RGW_ADDRESS", Network.STORE_ADDRESS));
        register.accept(script);
        final ObjectServer server = new ObjectServer(script);
        server.script.output().await("^READY$", LIMIT);
        final Matcher setting = SETTING.matcher(script.output().text());
        while (setting.find()) {
            server.settings.put(setting.group(1), setting.group(2));
        }
        return server;
    }

    /** Holds back all of its answers by so much from now on, for those who are told of it later. */
    void delay(final Network network, final Path directory, final int latencyMs, final Consumer<Program> register)
            throws IOException, InterruptedException {
        final URI endpoint = URI.create(settings.get(ENDPOINT));
        final int port = endpoint.getPort() + 1;
        final Program proxy = Program.start(
                "latency proxy",
                directory,
                network.on(
                        Network.STORE,
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                LatencyProxy.class.getName(),
                                endpoint.getHost(),
                                Integer.toString(port),
                                Integer.toString(endpoint.getPort()),
                                Integer.toString(latencyMs))));
        register.accept(proxy);
        proxy.output().await("^READY$", LIMIT);
        settings.put(ENDPOINT, "http://" + endpoint.getHost() + ":" + port);
    }

    /** Variables that have a Varve reach it. */
    Map<String, String> environment() {
        return settings;
    }

    /** Where a test's volumes are. */
    String url() {
        return "s3://" + settings.get("VARVE_S3_BUCKET") + "/site";
    }

    /** Ends it, and all that it keeps. */
    void stop() throws IOException, InterruptedException {
        script.endInput();
        script.awaitExit(LIMIT);
    }
}
