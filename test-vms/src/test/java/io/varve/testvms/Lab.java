package io.varve.testvms;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/**
 * What one test has at hand: a directory for its files and sockets, its back-ends and guests. All of it ends with the
 * test; when the test has failed, what every process printed is attached to the failure.
 */
final class Lab {
    private static final int REPORTED_LINES = 150;
    private static final String SMALL_INITRAMFS = "guest/initramfs-small.cpio";
    private static final Duration SCRIPT_LIMIT = Duration.ofSeconds(60);
    private static final boolean CONTROL = "qemu-storage-daemon".equals(System.getProperty("varve.test.backend"));

    private final Path directory;
    private final List<Program> programs = new ArrayList<>();
    private final List<AutoCloseable> resources = new ArrayList<>();
    private int tasks;

    Lab() throws IOException {
        // Under /tmp, because the path of a socket has at most 107 bytes.
        directory = Files.createTempDirectory(Path.of("/tmp"), "varve-test-");
    }

    /** The directory of the test; gone after it. */
    Path directory() {
        return directory;
    }

    /**
     * A back-end with a new disk, not yet started: Varve, or QEMU's own when the system property
     * {@code varve.test.backend} is {@code qemu-storage-daemon}.
     */
    Backend newDisk(final int sizeMiB) throws IOException, InterruptedException {
        final Path socket = directory.resolve("disk.sock");
        final Path files = Files.createDirectories(directory.resolve("backend"));
        return CONTROL
                ? new StorageDaemon(files.resolve("disk.raw"), socket, (long) sizeMiB << 20, this::register)
                : new VarveDaemon(files, socket, sizeMiB + "M", this::register);
    }

    /** A daemon for several volumes, not yet started; always Varve's. */
    VarveHost newHost() throws IOException {
        return new VarveHost(Files.createDirectories(directory.resolve("host")), this::register);
    }

    /**
     * Boots a guest.
     *
     * @param emulator  which QEMU.
     * @param disk      what it gets as {@code /dev/vda}.
     * @param task      name of a script in {@code test-vms/guest/tasks}, without its ending.
     * @param variables {@code NAME=VALUE} for the task.
     */
    GuestVm boot(final Emulator emulator, final Backend disk, final String task, final String... variables)
            throws IOException, InterruptedException {
        return boot(emulator, disk, List.of(), task, variables);
    }

    /** Boots a guest as {@link #boot(Emulator, Backend, String, String...)} does, with more arguments for {@code start-vm}. */
    GuestVm boot(
            final Emulator emulator,
            final Backend disk,
            final List<String> arguments,
            final String task,
            final String... variables)
            throws IOException, InterruptedException {
        return boot(emulator, disk.socket(), arguments, task, variables);
    }

    /** Boots a guest on a disk that is served at a socket. */
    GuestVm boot(
            final Emulator emulator,
            final Path socket,
            final List<String> arguments,
            final String task,
            final String... variables)
            throws IOException, InterruptedException {
        final Path initrd = initrd(Checkout.cached("guest/initramfs.cpio"), task, variables);
        return new GuestVm(run(
                "guest on " + emulator.name(),
                GuestVm.command(emulator, socket, initrd, arguments.toArray(String[]::new))));
    }

    /** An initramfs with a task that needs nothing but busybox: for guests of little memory. */
    Path smallInitrd(final String task, final String... variables) throws IOException, InterruptedException {
        return initrd(Checkout.cached(SMALL_INITRAMFS), task, variables);
    }

    private Path initrd(final Path base, final String task, final String... variables)
            throws IOException, InterruptedException {
        final Path initrd = directory.resolve("initrd-" + tasks++);
        final List<String> makeInitrd = new ArrayList<>(List.of(
                Checkout.file("test-vms/guest/make-initrd").toString(),
                "--base",
                base.toString(),
                "--task",
                Checkout.file("test-vms/guest/tasks/" + task + ".sh").toString(),
                "--output",
                initrd.toString()));
        makeInitrd.addAll(List.of(variables));
        final Program script = run("make-initrd", makeInitrd);
        assertThat(script.awaitExit(SCRIPT_LIMIT))
                .as(() -> script.output().tail(5))
                .isZero();
        return initrd;
    }

    /**
     * Boots a guest from what is on its disk, which the small initramfs mounts and starts.
     *
     * @param options   for {@code start-vm}.
     * @param append    for the kernel.
     * @param arguments for QEMU.
     */
    GuestVm bootFromDisk(
            final Emulator emulator,
            final Path socket,
            final List<String> options,
            final String append,
            final List<String> arguments)
            throws IOException {
        final List<String> more = new ArrayList<>(options);
        more.addAll(List.of("--append", "root=/dev/vda " + append, "--"));
        more.addAll(arguments);
        return new GuestVm(run(
                "guest on " + emulator.name() + " with " + append,
                GuestVm.command(emulator, socket, Checkout.cached(SMALL_INITRAMFS), more.toArray(String[]::new))));
    }

    /** Starts any other command in the test's directory. */
    Program run(final String name, final List<String> command) throws IOException {
        final Program program = Program.start(name, directory, command);
        register(program);
        return program;
    }

    /** Has a process end with the test, and its output in the report. */
    void register(final Program program) {
        programs.add(program);
    }

    /** Has something end with the test, before its processes are killed: what was last first. */
    void own(final AutoCloseable resource) {
        resources.add(resource);
    }

    /** What every process has printed last. */
    String report() {
        final StringBuilder text = new StringBuilder("what the processes of the test printed\n");
        for (final Program program : programs) {
            text.append(program.output().tail(REPORTED_LINES));
        }
        return text.toString();
    }

    /** Ends all processes, and clears the directory away. */
    void close() throws Exception {
        Exception failure = null;
        for (final AutoCloseable resource : resources.reversed()) {
            try {
                resource.close();
            } catch (final Exception e) {
                // Whatever it is, processes and files have to go.
                failure = e;
            }
        }
        clear();
        if (failure != null) {
            throw failure;
        }
    }

    private void clear() throws IOException, InterruptedException {
        for (final Program program : programs.reversed()) {
            program.kill();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Gives a test its laboratory as a parameter, and clears it away. */
    static final class Extension implements ParameterResolver, TestExecutionExceptionHandler, AfterEachCallback {
        private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(Lab.class);

        @Override
        public boolean supportsParameter(final ParameterContext parameter, final ExtensionContext context) {
            return parameter.getParameter().getType() == Lab.class;
        }

        @Override
        public Object resolveParameter(final ParameterContext parameter, final ExtensionContext context) {
            return context.getStore(NAMESPACE).getOrComputeIfAbsent(Lab.class, ignored -> newLab(), Lab.class);
        }

        private static Lab newLab() {
            try {
                return new Lab();
            } catch (final IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        @Override
        public void handleTestExecutionException(final ExtensionContext context, final Throwable failure)
                throws Throwable {
            final Lab lab = context.getStore(NAMESPACE).get(Lab.class, Lab.class);
            if (lab != null && !(failure instanceof TestAbortedException)) {
                failure.addSuppressed(new Report(lab.report()));
            }
            throw failure;
        }

        @Override
        public void afterEach(final ExtensionContext context) throws Exception {
            final Lab lab = context.getStore(NAMESPACE).remove(Lab.class, Lab.class);
            if (lab != null) {
                lab.close();
            }
        }
    }

    /** Carries output into a failure's report; it has no stack of its own. */
    private static final class Report extends Exception {
        private static final long serialVersionUID = 1;

        Report(final String text) {
            super(text, null, false, false);
        }
    }
}
