package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A guest that runs one task on one Varve disk. */
final class GuestVm {
    /** An emulated CPU on a busy machine takes its time; a test that works never waits as long as this. */
    static final Duration STEP_LIMIT = Duration.ofMinutes(4);

    private static final Duration POWER_OFF_LIMIT = Duration.ofSeconds(60);

    private final Program qemu;

    /** Takes over a QEMU that {@code qemu-scripts/start-vm} has become. */
    GuestVm(final Program qemu) {
        this.qemu = qemu;
    }

    /**
     * The command that starts a guest.
     *
     * @param emulator  which QEMU.
     * @param socket    of the disk.
     * @param initrd    that holds the task.
     * @param arguments further ones for {@code start-vm}.
     */
    static List<String> command(
            final Emulator emulator, final Path socket, final Path initrd, final String... arguments) {
        final List<String> command = new ArrayList<>(List.of(
                Checkout.file("qemu-scripts/start-vm").toString(),
                "--socket",
                socket.toString(),
                "--qemu",
                emulator.command(),
                "--initrd",
                initrd.toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Waits for the guest to be up, from its start or after a reboot. */
    void awaitBoot() throws InterruptedException {
        await("boot");
    }

    /** Waits for the guest's task to begin a step. */
    void awaitStep(final String step) throws InterruptedException {
        await("step " + step);
    }

    /** Waits for a result of the guest's task. */
    String awaitValue(final String key) throws InterruptedException {
        return await("value " + key + "=").group("rest");
    }

    /** Waits for a result that takes longer than others. */
    String awaitValue(final String key, final Duration limit) throws InterruptedException {
        return await("value " + key + "=", limit).group("rest");
    }

    /** Waits for the task to end well and for the guest to power off. */
    void awaitSuccess() throws InterruptedException {
        awaitSuccess(STEP_LIMIT);
    }

    /** Waits for a task that takes longer than others to end well and for the guest to power off. */
    void awaitSuccess(final Duration limit) throws InterruptedException {
        assertThat(await("done ", limit).group("rest"))
                .as("exit status of the guest's task")
                .isEqualTo("0");
        assertThat(qemu.awaitExit(POWER_OFF_LIMIT)).as("exit status of QEMU").isZero();
    }

    /** Kills QEMU: for the guest, the power is gone. */
    void kill() throws InterruptedException {
        qemu.kill();
    }

    /** Waits for a marker; one that says that the task has failed, or has ended too early, is not waited past. */
    private Matcher await(final String marker) throws InterruptedException {
        return await(marker, STEP_LIMIT);
    }

    private Matcher await(final String marker, final Duration limit) throws InterruptedException {
        final Matcher matcher = qemu.output()
                .await(
                        "^@@ (?:(?<wanted>" + Pattern.quote(marker)
                                + ")(?<rest>.*)|(?<failure>fail .*|done [1-9].*)|(?<end>done 0))$",
                        limit);
        assertThat(matcher.group("failure")).as("what the guest reports").isNull();
        assertThat(matcher.group("wanted"))
                .as("the guest's task is done; '" + marker + "' was awaited")
                .isNotNull();
        return matcher;
    }
}
