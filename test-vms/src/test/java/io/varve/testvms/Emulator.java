package io.varve.testvms;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A QEMU that guests can be run with.
 *
 * @param name    for reports: "QEMU 7.2".
 * @param command what to start, or null when it is not on this machine.
 */
record Emulator(String name, String command) {
    private static final Pattern VERSION = Pattern.compile("version ((\\d+)\\.\\d+)");

    /** Where {@code dev/setup} unpacks others, by their major version. */
    private static final Map<Integer, String> UNPACKED =
            Map.of(10, "trixie/qemu-system", 11, "trixie-backports/qemu-system");

    /** This machine's QEMU and, where that is older, QEMU 10, which may be absent. */
    static List<Emulator> all() {
        final List<Emulator> found = new ArrayList<>();
        final int major =
                add(found, "qemu-system-" + System.getProperty("os.arch").replace("amd64", "x86_64"));
        addUnpacked(found, major, 10);
        return found;
    }

    /** {@link #all()}, and QEMU 11 where these are older: for what differs from version to version. */
    static List<Emulator> allVersions() {
        final List<Emulator> found = all();
        addUnpacked(found, found.getFirst().major(), 11);
        return found;
    }

    private static void addUnpacked(final List<Emulator> found, final int ownMajor, final int wantedMajor) {
        final Path unpacked = Checkout.cached(UNPACKED.get(wantedMajor));
        if (ownMajor >= wantedMajor) {
            return;
        }
        if (Files.isExecutable(unpacked)) {
            add(found, unpacked.toString());
        } else {
            found.add(new Emulator("QEMU " + wantedMajor, null));
        }
    }

    /** This machine's own QEMU. */
    static Emulator ofMachine() {
        return all().getFirst();
    }

    /** The newest one that is here. */
    static Emulator newest() {
        final List<Emulator> all = all();
        return all.getLast().command() == null ? all.getFirst() : all.getLast();
    }

    /** Skips the test when there is no such QEMU here. */
    void require() {
        assumeTrue(command != null, name + " is not on this machine: run dev/setup, --with-qemu10 and --with-qemu11");
    }

    @Override
    public String toString() {
        return name;
    }

    /** The argument of {@code -chardev} for the socket of a back-end, to which it connects again within a second: QEMU 9.2 has new words. */
    String chardev(final String id, final Path socket) {
        return "socket,id=" + id + ",path=" + socket + (isAtLeast(9, 2) ? ",reconnect-ms=200" : ",reconnect=1");
    }

    /** Whether a disk is connected again whose connection ended while its rings were being stopped. */
    boolean connectsAgainAfterStop() {
        return isAtLeast(8, 2);
    }

    private boolean isAtLeast(final int wantedMajor, final int wantedMinor) {
        final int[] version = version();
        return version[0] > wantedMajor || version[0] == wantedMajor && version[1] >= wantedMinor;
    }

    private int major() {
        return command == null ? 0 : version()[0];
    }

    private int[] version() {
        return Stream.of(name.substring(name.indexOf(' ') + 1).split("\\."))
                .mapToInt(Integer::parseInt)
                .toArray();
    }

    /** Adds a QEMU under its version's name and returns the major version, or 0 when it can't be run. */
    private static int add(final List<Emulator> found, final String command) {
        final Matcher version = VERSION.matcher(versionText(command));
        if (version.find()) {
            found.add(new Emulator("QEMU " + version.group(1), command));
            return Integer.parseInt(version.group(2));
        }
        found.add(new Emulator(command, null));
        return 0;
    }

    private static String versionText(final String command) {
        try {
            final Process process = new ProcessBuilder(command, "--version").start();
            try {
                process.getOutputStream().close();
                return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            } finally {
                process.waitFor();
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        } catch (final IOException e) {
            if (Path.of(command).isAbsolute()) {
                throw new UncheckedIOException(e);
            }
            return "";
        }
    }
}
