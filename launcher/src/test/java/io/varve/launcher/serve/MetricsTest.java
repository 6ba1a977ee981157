package io.varve.launcher.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.varve.launcher.ExitStatus;
import io.varve.testsupport.BlkRequest;
import io.varve.testsupport.Framing;
import io.varve.testsupport.FrontEnd;
import io.varve.testsupport.FrontEndOptions;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
final class MetricsTest {
    private static final int BLOCK_SIZE = 4096;
    private static final Pattern SAMPLE =
            Pattern.compile("(varve_[a-z_]+)\\{volume=\"data\"(,[a-z]+=\"[^\"]+\")*\\} -?[0-9.]+");

    private static final Pattern SAMPLE_OF_PROCESS = Pattern.compile("(varve_[a-z_]+) -?[0-9.]+");

    @TempDir
    private Path home;

    private Path socket;

    @BeforeEach
    void createVolume() throws IOException, InterruptedException {
        socket = home.resolve("socket");
        try (VarveProcess create = VarveProcess.start(home, "volume", "create", "data", "--size", "1G")) {
            assertThat(create.awaitExit()).isZero();
        }
    }

    @Test
    void theVolumesInfoTellsThemToo() throws IOException, InterruptedException {
        try (VarveProcess serve = serve();
                FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            ok(frontEnd.run(BlkRequest.write(0, new byte[BLOCK_SIZE])));
            await().atMost(60, TimeUnit.SECONDS).until(() -> info().contains("8K (8192 bytes) in use of"));
            assertThat(info()).contains("front-end is running").contains("unsent");
            serve.kill();
        }
        assertThat(info()).doesNotContain("served");
    }

    private String info() throws IOException, InterruptedException {
        try (VarveProcess info = VarveProcess.start(home, "volume", "info", "data")) {
            assertThat(info.awaitExit()).isZero();
            return info.describe();
        }
    }

    @Test
    void tellWhatIsDone() throws IOException, InterruptedException {
        try (VarveProcess serve = serve()) {
            final URI url = url(serve);
            assertThat(scrape(url)).containsEntry("varve_front_end_connected", 0.0);
            try (FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
                for (int i = 0; i < 10; i++) {
                    ok(frontEnd.run(BlkRequest.write(i * BLOCK_SIZE, new byte[BLOCK_SIZE])));
                }
                for (int i = 0; i < 5; i++) {
                    ok(frontEnd.run(BlkRequest.read(i * BLOCK_SIZE, BLOCK_SIZE)));
                }
                ok(frontEnd.run(BlkRequest.discard(0, BLOCK_SIZE)));
                ok(frontEnd.run(BlkRequest.flush()));
                // The volume's own figures are told a moment later.
                await().until(() -> scrape(url).get("varve_written_bytes_total") == 10.0 * BLOCK_SIZE);
                await().until(() -> scrape(url).get("varve_unsent_bytes") == 0);
                assertThat(scrape(url))
                        .containsEntry("varve_front_end_connected", 1.0)
                        .containsEntry("varve_size_bytes", (double) (1 << 30))
                        .containsEntry("varve_requests_total{type=write}", 10.0)
                        .containsEntry("varve_requests_total{type=read}", 5.0)
                        .containsEntry("varve_requests_total{type=discard}", 1.0)
                        .containsEntry("varve_requests_total{type=flush}", 1.0)
                        .containsEntry("varve_request_bytes_total{type=write}", 10.0 * BLOCK_SIZE)
                        .containsEntry("varve_request_bytes_total{type=read}", 5.0 * BLOCK_SIZE)
                        .containsEntry("varve_request_errors_total", 0.0)
                        // One after the other, so each is measured.
                        .containsEntry("varve_request_duration_seconds_count{type=write}", 10.0)
                        .containsEntry("varve_request_duration_seconds_bucket{type=read,le=+Inf}", 5.0)
                        .containsEntry("varve_store_failures_total{operation=put}", 0.0)
                        .containsEntry("varve_store_in_flight{operation=put}", 0.0)
                        .containsEntry("varve_failed", 0.0)
                        .containsEntry("varve_fenced", 0.0)
                        .hasEntrySatisfying(
                                "varve_objects_put_total",
                                count -> assertThat(count).isPositive())
                        .hasEntrySatisfying(
                                "varve_store_operations_total{operation=put}",
                                count -> assertThat(count).isPositive())
                        .hasEntrySatisfying(
                                "varve_log_free_bytes",
                                bytes -> assertThat(bytes).isBetween(1.0, (double) (64 << 20)));
            }
            await().until(() -> scrape(url).get("varve_front_end_connected") == 0);
        }
    }

    @Test
    void countWhatLanesServe() throws IOException, InterruptedException {
        try (VarveProcess serve = VarveProcess.serve(home, socket, "--metrics", "127.0.0.1:0", "--read-lanes", "1");
                FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT.withQueues(2, 64))) {
            for (int i = 0; i < 20; i++) {
                ok(frontEnd.run(i % 2, BlkRequest.write(i * BLOCK_SIZE, new byte[BLOCK_SIZE]), Framing.USUAL));
            }
            for (int i = 0; i < 50; i++) {
                ok(frontEnd.run(i % 2, BlkRequest.read(i * BLOCK_SIZE, BLOCK_SIZE), Framing.USUAL));
            }
            assertThat(scrape(url(serve)))
                    .containsEntry("varve_requests_total{type=write}", 20.0)
                    .containsEntry("varve_requests_total{type=read}", 50.0)
                    .containsEntry("varve_request_bytes_total{type=read}", 50.0 * BLOCK_SIZE)
                    .containsEntry("varve_request_duration_seconds_bucket{type=read,le=+Inf}", 50.0);
        }
    }

    @Test
    void areInPrometheusFormat() throws IOException, InterruptedException {
        try (VarveProcess serve = serve()) {
            final HttpURLConnection connection = open(url(serve));
            assertThat(connection.getContentType()).startsWith("text/plain; version=0.0.4");
            final String[] lines = text(connection).split("\n");
            final Set<String> samples = new HashSet<>();
            String metric = "";
            for (final String line : lines) {
                if (line.startsWith("# TYPE ")) {
                    metric = line.split(" ")[2];
                } else if (!line.startsWith("# HELP ")) {
                    assertThat(line)
                            .matches(metric.startsWith("varve_read_cache_") ? SAMPLE_OF_PROCESS : SAMPLE)
                            .startsWith(metric);
                    assertThat(samples.add(line.replaceFirst(" [^ ]*$", "")))
                            .as(line)
                            .isTrue();
                }
            }
        }
    }

    @Test
    void showThatADaemonIsFenced() throws IOException, InterruptedException {
        try (VarveProcess first = serve();
                FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            final URI url = url(first);
            final String otherCache = home.resolve("other-cache").toString();
            try (VarveProcess second =
                    VarveProcess.serve(home, home.resolve("other"), "--cache", otherCache, "--take-over")) {
                frontEnd.run(BlkRequest.write(0, new byte[BLOCK_SIZE]));
                await().until(() -> scrape(url).get("varve_fenced") == 1);
                assertThat(scrape(url)).containsEntry("varve_failed", 1.0);
                frontEnd.run(BlkRequest.read(0, BLOCK_SIZE));
                assertThat(scrape(url).get("varve_request_errors_total")).isPositive();
                assertThat(second.err()).doesNotContain("fail");
            }
        }
    }

    @Test
    void areNotHurtByScrapesThatHang() throws IOException, InterruptedException {
        final List<Socket> hanging = new ArrayList<>();
        try (VarveProcess serve = serve();
                FrontEnd frontEnd = FrontEnd.started(socket, FrontEndOptions.DEFAULT)) {
            final URI url = url(serve);
            for (int i = 0; i < 20; i++) {
                final Socket half = new Socket("127.0.0.1", url.getPort());
                half.getOutputStream().write("GET /metrics HTTP/1.1\r\nHo".getBytes(StandardCharsets.US_ASCII));
                hanging.add(half);
            }
            for (int i = 0; i < 100; i++) {
                ok(frontEnd.run(BlkRequest.write(i * BLOCK_SIZE, new byte[BLOCK_SIZE])));
            }
            assertThat(scrape(url)).containsEntry("varve_requests_total{type=write}", 100.0);
            serve.signal("TERM");
            assertThat(serve.awaitExit()).isZero();
        } finally {
            for (final Socket half : hanging) {
                half.close();
            }
        }
    }

    @Test
    void answerNothingButScrapes() throws IOException, InterruptedException {
        try (VarveProcess serve = serve()) {
            final URI url = url(serve);
            assertThat(open(url.resolve("/")).getResponseCode()).isEqualTo(404);
            final HttpURLConnection post = open(url);
            post.setRequestMethod("POST");
            assertThat(post.getResponseCode()).isEqualTo(405);
            final HttpURLConnection head = open(url);
            head.setRequestMethod("HEAD");
            assertThat(head.getResponseCode()).isEqualTo(200);
        }
    }

    @Test
    void areRefusedWhereNobodyCanListen() throws IOException, InterruptedException {
        refused("9464", "--metrics: '9464' is no address: give HOST:PORT, as 127.0.0.1:9464");
        refused("127.0.0.1:65536", "--metrics: '127.0.0.1:65536' is no address");
        refused("no-such-host.invalid:9464", "--metrics: host 'no-such-host.invalid' is not known");
        try (VarveProcess serve = serve()) {
            final String taken = "127.0.0.1:" + url(serve).getPort();
            refused(taken, "--metrics: cannot listen at " + taken + ": Address already in use");
        }
    }

    private void refused(final String address, final String message) throws IOException, InterruptedException {
        try (VarveProcess serve = VarveProcess.start(
                home, "serve", "data", "--socket-path", home.resolve("refused").toString(), "--metrics", address)) {
            assertThat(serve.awaitExit()).isEqualTo(ExitStatus.WRONG_USE);
            assertThat(serve.err()).startsWith("varve: " + message).hasLineCount(1);
        }
    }

    private VarveProcess serve() throws IOException, InterruptedException {
        return VarveProcess.serve(home, socket, "--metrics", "127.0.0.1:0");
    }

    private static URI url(final VarveProcess serve) throws InterruptedException {
        return URI.create(serve.awaitOut(line -> line.startsWith("Metrics: ")).substring("Metrics: ".length()));
    }

    private static void ok(final BlkRequest request) {
        assertThat(request.status()).isEqualTo(BlkRequest.OK);
    }

    /** All samples, by their names and labels without that of the volume. */
    private static Map<String, Double> scrape(final URI url) throws IOException {
        final Map<String, Double> samples = new HashMap<>();
        for (final String line : text(open(url)).split("\n")) {
            if (!line.startsWith("#")) {
                final int space = line.lastIndexOf(' ');
                final String name = line.substring(0, space)
                        .replace("\"", "")
                        .replace("{volume=data}", "")
                        .replace("{volume=data,", "{");
                samples.put(name, Double.valueOf(line.substring(space + 1)));
            }
        }
        return samples;
    }

    private static HttpURLConnection open(final URI url) throws IOException {
        final HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection();
        connection.setConnectTimeout(30_000);
        connection.setReadTimeout(60_000);
        return connection;
    }

    private static String text(final HttpURLConnection connection) throws IOException {
        return new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
}
