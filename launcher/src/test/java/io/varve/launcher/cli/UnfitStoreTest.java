package io.varve.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.varve.launcher.ExitStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class UnfitStoreTest {
    private static final Map<String, String> SYSTEM_CREDENTIALS =
            Map.of("aws.accessKeyId", "access-key", "aws.secretAccessKey", "secret-key");

    @TempDir
    private Path home;

    private CarelessServer server;

    @BeforeEach
    void startServer() throws IOException {
        SYSTEM_CREDENTIALS.forEach(System::setProperty);
        server = new CarelessServer(true);
    }

    @AfterEach
    void stopServer() {
        server.close();
        SYSTEM_CREDENTIALS.keySet().forEach(System::clearProperty);
    }

    @Test
    void isRefusedForNewVolumes() {
        final CommandRun refused = run("volume", "create", "data", "--size", "1G");
        assertThat(refused.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(refused.err())
                .isEqualTo(
                        "varve: store s3://bucket/place is not fit to hold volumes: conditional creation: an object was"
                                + " created although its key was taken (no If-None-Match?); use another, or insist with"
                                + " --allow-unfit-store\n");
        assertThat(server.objects()).isEmpty();
    }

    @Test
    void isUsedWhenTheOperatorInsists() {
        final CommandRun allowed = run("volume", "create", "data", "--size", "1G", "--allow-unfit-store");
        assertThat(allowed.err()).isEmpty();
        assertThat(allowed.status()).isZero();
        assertThat(server.objects().keySet()).anyMatch(key -> key.startsWith("place/names/data/"));
    }

    @Test
    void isRefusedWhenAVolumeIsServed() {
        server.careless(false);
        assertThat(run("volume", "create", "data", "--size", "1G").err()).isEmpty();
        final Map<String, byte[]> before = Map.copyOf(server.objects());
        server.careless(true);
        final CommandRun refused =
                run("serve", "data", "--socket-path", home.resolve("socket").toString());
        assertThat(refused.status()).isEqualTo(ExitStatus.WRONG_USE);
        assertThat(refused.err())
                .startsWith("varve: store s3://bucket/place is not fit to hold volumes: conditional creation: ")
                .hasLineCount(1);
        assertThat(server.objects())
                .hasSameSizeAs(before)
                .allSatisfy((key, body) -> assertThat(body).isEqualTo(before.get(key)));
    }

    @Test
    void aCheckTellsThatVersionsStay() {
        server.careless(false);
        assertThat(check().out()).containsPattern("deletion +ok +seen at once\n");
        server.versioning("Enabled");
        final CommandRun run = check();
        assertThat(run.out())
                .contains("seen at once; but versioning of the bucket is enabled: what is deleted takes space until a"
                        + " lifecycle rule removes old versions\n");
        assertThat(run.status()).isZero();
    }

    @Test
    void aCheckNamesThePermissionThatIsMissing() {
        server.careless(false);
        server.deny("PUT");
        final CommandRun run = check();
        assertThat(run.out())
                .containsPattern("conditional creation +FAILED +cannot create volumes/.*: access to bucket 'bucket' is"
                        + " denied by .*: the credentials need s3:PutObject\n");
        assertThat(run.status()).isEqualTo(ExitStatus.FAILED);
        server.deny("GET");
        assertThat(check().err()).contains("the credentials need s3:ListBucket").hasLineCount(1);
    }

    private CommandRun check() {
        return CommandRun.in(home, "store", "check", "s3://bucket/place", "--s3-endpoint", server.endpoint());
    }

    private CommandRun run(final String... args) {
        final List<String> all = new ArrayList<>(Arrays.asList(args));
        all.addAll(List.of("--store", "s3://bucket/place", "--s3-endpoint", server.endpoint()));
        return CommandRun.in(home, all.toArray(String[]::new));
    }
}
