package io.varve.testvms;

import io.varve.launcher.logging.Logging;
import io.varve.testvms.powercut.CutJudge;
import io.varve.testvms.powercut.FileSystem;
import io.varve.testvms.powercut.PlantedBug;
import io.varve.testvms.powercut.Recording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Cuts the power of guests that run the daemon, hundreds of times; what {@code dev/power-cuts} runs. */
final class PowerCuts {
    private static final int FAILED = 1;
    private static final int WRONG_USE = 2;

    /** Findings after which a file system is left. */
    private static final int MAX_FINDINGS = 5;

    private Path directory = Path.of("test-vms/target/power-cuts");
    private List<FileSystem> fileSystems = List.of(FileSystem.values());
    private int cuts;
    private int only = -1;
    private int seconds = 20;
    private int lives = 4;
    private long seed = System.nanoTime() & 0xffff_ffffL;
    private PlantedBug bug;
    private int ignored;
    private boolean isReplay;

    private PowerCuts() {}

    /** Exit status: 0 nothing found, 1 something found, 2 wrong use. */
    public static void main(final String[] arguments) throws IOException, InterruptedException {
        Logging.setLevel(System.Logger.Level.WARNING);
        System.exit(new PowerCuts().run(arguments));
    }

    private int run(final String[] arguments) throws IOException, InterruptedException {
        for (int i = 0; i < arguments.length; i += 2) {
            if (i + 1 == arguments.length) {
                return refuse(arguments[i] + " needs a value");
            }
            final String refusal = take(arguments[i], arguments[i + 1]);
            if (refusal != null) {
                return refuse(refusal);
            }
        }
        final Optional<String> lack = PowerCutGuest.lack(fileSystems.stream());
        if (lack.isPresent()) {
            return refuse(lack.get());
        }
        final Emulator emulator = Emulator.ofMachine();
        if (emulator.command() == null) {
            return refuse("there is no QEMU on this machine: run dev/setup");
        }
        final PowerCutGuest guest;
        if (isReplay) {
            guest = null;
        } else {
            deleteTree(directory);
            guest = new PowerCutGuest(directory.toAbsolutePath(), emulator, bug);
        }
        boolean isWell = true;
        for (final FileSystem fileSystem : fileSystems) {
            isWell &= run(guest, fileSystem);
        }
        return isWell ? 0 : FAILED;
    }

    private String take(final String option, final String value) {
        if (List.of("--cuts", "--cut", "--seconds", "--lives", "--seed", "--ignore-flushes")
                        .contains(option)
                && !value.matches("[0-9]{1,9}")) {
            return option + " " + value + ": give a whole number";
        }
        switch (option) {
            case "--cuts" -> cuts = Integer.parseInt(value);
            case "--cut" -> only = Integer.parseInt(value);
            case "--seconds" -> seconds = Integer.parseInt(value);
            case "--lives" -> lives = Math.max(1, Integer.parseInt(value));
            case "--seed" -> seed = Long.parseLong(value);
            case "--ignore-flushes" -> ignored = Integer.parseInt(value);
            case "--directory" -> directory = Path.of(value);
            case "--replay" -> {
                directory = Path.of(value);
                isReplay = true;
            }
            case "--fs" -> {
                fileSystems = Stream.of(FileSystem.values())
                        .filter(each -> List.of(value.split(",")).contains(each.id()))
                        .toList();
                if (fileSystems.size() != value.split(",").length) {
                    return "--fs takes some of ext4,xfs,btrfs";
                }
            }
            case "--plant" -> {
                bug = Stream.of(PlantedBug.values())
                        .filter(each -> each.id().equals(value))
                        .findFirst()
                        .orElse(null);
                if (bug == null) {
                    return "--plant takes one of log-sync, object-sync, name-sync";
                }
            }
            default -> {
                return "unknown argument " + option;
            }
        }
        return null;
    }

    private static int refuse(final String what) {
        System.err.println("power-cuts: " + what + "; see dev/power-cuts --help");
        return WRONG_USE;
    }

    private boolean run(final PowerCutGuest guest, final FileSystem fileSystem)
            throws IOException, InterruptedException {
        final long startNs = System.nanoTime();
        final Path recorded =
                guest == null ? directory.resolve(fileSystem.id()) : guest.record(fileSystem, seed, seconds, lives);
        final int findings;
        try (Recording recording = Recording.open(recorded);
                CutJudge judge = new CutJudge(recording, scratch(), ignored)) {
            say(fileSystem, recording + ", seed " + recording.seed() + ", recorded in " + seconds(startNs) + " s");
            findings = judgeAll(fileSystem, recording, judge);
            say(
                    fileSystem,
                    judge.figures() + (findings == 0 ? ": PASSED in " : ": FAILED in ") + seconds(startNs) + " s");
        }
        if (findings == 0 && !isReplay) {
            deleteTree(recorded);
        }
        return findings == 0;
    }

    private int judgeAll(final FileSystem fileSystem, final Recording recording, final CutJudge judge)
            throws IOException, InterruptedException {
        int findings = 0;
        for (final int number :
                only >= 0 ? new int[] {only} : recording.numbers().choose(cuts)) {
            try {
                judge.judge(number);
            } catch (final AssertionError e) {
                findings++;
                say(fileSystem, e.getMessage());
                say(
                        fileSystem,
                        "again: dev/power-cuts --replay " + directory + " --fs " + fileSystem.id() + " --cut " + number
                                + (ignored == 0 ? "" : " --ignore-flushes " + ignored));
                if (only >= 0) {
                    e.printStackTrace(System.out);
                }
                if (findings == MAX_FINDINGS) {
                    say(fileSystem, "further cuts are left out");
                    break;
                }
            }
        }
        return findings;
    }

    /** In memory where there is some that is mounted, since each cut is a copy of the disk. */
    static Path scratch() throws IOException {
        final Path memory = Path.of("/dev/shm");
        return Files.isWritable(memory)
                ? Files.createTempDirectory(memory, "varve-power-cuts-")
                : Files.createTempDirectory("varve-power-cuts-");
    }

    private static long seconds(final long startNs) {
        return (System.nanoTime() - startNs) / 1_000_000_000;
    }

    private static void say(final FileSystem fileSystem, final String what) {
        System.out.println(fileSystem.name().toLowerCase(Locale.ROOT) + ": " + what);
    }

    private static void deleteTree(final Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        final List<Path> all = new ArrayList<>();
        try (Stream<Path> files = Files.walk(root)) {
            files.sorted(Comparator.reverseOrder()).forEach(all::add);
        }
        for (final Path file : all) {
            Files.delete(file);
        }
    }
}
