package io.varve.testvms;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;

/** The checkout that the tests run in: its scripts, and what {@code dev/setup} has put into its cache. */
final class Checkout {
    /** The directory with the Maven wrapper. */
    static final Path ROOT = findRoot();

    /** Set by {@code dev/test}: what is missing then fails a test instead of skipping it. */
    private static final boolean COMPLETE = Boolean.parseBoolean(System.getenv("VARVE_TEST_VMS_REQUIRED"));

    private Checkout() {}

    /** A file of the project. */
    static Path file(final String relative) {
        return ROOT.resolve(relative);
    }

    /** A file that {@code dev/setup} makes, whether it is there or not. */
    static Path cached(final String relative) {
        final String cache = System.getenv("VARVE_DEV_CACHE");
        return (cache == null ? file(".cache") : Path.of(cache)).resolve(relative);
    }

    /** Skips the test when the guest's kernel or root file system is missing, or fails it under {@code dev/test}. */
    static void requireGuest() {
        require(
                Stream.of("vmlinuz", "initramfs.cpio", "initramfs-small.cpio")
                        .allMatch(file -> Files.isReadable(cached("guest/" + file))),
                "no test guest: run dev/setup first");
    }

    /** Skips the test when {@code available} is false, or fails it under {@code dev/test}. */
    private static void require(final boolean available, final String reason) {
        if (COMPLETE && !available) {
            Assertions.fail(reason);
        }
        assumeTrue(available, reason);
    }

    private static Path findRoot() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("mvnw"))) {
            directory = directory.getParent();
            if (directory == null) {
                throw new IllegalStateException("the tests have to run inside the checkout");
            }
        }
        return directory;
    }
}
