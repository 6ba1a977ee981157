package io.varve.s3;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/**
 * The real S3 server of the tests: Ceph's RADOS gateway, run by {@code dev/ceph-rgw}. One for all tests of this process,
 * started by the first that asks; the script ends it when this process has ended, however.
 */
public final class RgwServer {
    private static final int MISSING = 2;
    private static final Pattern SETTING = Pattern.compile("([A-Z0-9_]+)=(.*)");

    private static RgwServer running;
    private static String absence;

    private final Map<String, String> described;
    private final Process script;

    private RgwServer(final Process script, final Map<String, String> described) {
        this.script = script;
        this.described = described;
    }

    /** The server; skips the test, and says so loudly, when the packages for it are missing. */
    public static synchronized RgwServer get() throws IOException, InterruptedException {
        Assumptions.assumeTrue(isAvailable(), () -> absence);
        return running;
    }

    /** How to reach it. */
    public S3Server server() {
        return new S3Server(
                described.get("AWS_ENDPOINT_URL_S3"),
                described.get("VARVE_S3_BUCKET"),
                described.get("AWS_ACCESS_KEY_ID"),
                described.get("AWS_SECRET_ACCESS_KEY"));
    }

    /** The gateway's process, to be paused or ended. */
    public long pid() {
        return Long.parseLong(described.get("VARVE_RGW_PID"));
    }

    /** Whether there can be one here; when not, says so loudly, once. */
    public static synchronized boolean isAvailable() throws IOException, InterruptedException {
        if (running == null && absence == null) {
            start();
        }
        return running != null;
    }

    private static void start() throws IOException, InterruptedException {
        final Process script = new ProcessBuilder(root().resolve("dev/ceph-rgw").toString(), "run")
                .redirectErrorStream(true)
                .start();
        final Map<String, String> described = new HashMap<>();
        final StringBuilder said = new StringBuilder();
        // Never closed: the script takes the end of its input as the end of the tests.
        final BufferedReader output = script.inputReader(StandardCharsets.UTF_8);
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.equals("READY")) {
                running = new RgwServer(script, described);
                return;
            }
            final Matcher setting = SETTING.matcher(line);
            if (setting.matches()) {
                described.put(setting.group(1), setting.group(2));
            } else {
                System.err.println(line);
                said.append("; ").append(line);
            }
        }
        if (script.waitFor() != MISSING) {
            throw new IOException("dev/ceph-rgw could not start the server" + said);
        }
        absence =
                "NOT TESTED against a real S3 server: Ceph's packages are missing (dev/setup --with-ceph installs them)";
        System.err.println(absence);
    }

    private static Path root() throws IOException {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("dev/ceph-rgw"))) {
            directory = directory.getParent();
            if (directory == null) {
                throw new IOException("dev/ceph-rgw is not above the working directory");
            }
        }
        return directory;
    }
}
