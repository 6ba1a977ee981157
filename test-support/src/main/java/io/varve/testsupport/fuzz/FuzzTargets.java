package io.varve.testsupport.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/** The targets of one module. */
public interface FuzzTargets {
    /** All of them. */
    List<FuzzTarget> targets();

    /** The targets of all modules on the class path, by name. */
    static List<FuzzTarget> all() {
        return ServiceLoader.load(FuzzTargets.class).stream()
                .flatMap(provider -> provider.get().targets().stream())
                .sorted(Comparator.comparing(FuzzTarget::name))
                .toList();
    }

    /** The target of a name. */
    static FuzzTarget of(final String name) {
        return all().stream()
                .filter(target -> target.name().equals(name))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("no target " + name));
    }

    /**
     * Lists the names of all targets; given a name and a directory, writes the inputs to begin with there; given {@code keep} as well,
     * keeps what is there in the project.
     */
    static void main(final String[] args) throws IOException {
        if (args.length == 0) {
            all().forEach(target -> System.out.println(target.name()));
            return;
        }
        final FuzzTarget target = of(args[0]);
        final Path directory = Path.of(args[1]);
        if (args.length > 2) {
            System.out.println(KeptInputs.of(target).add(directory));
            return;
        }
        int number = 0;
        for (final byte[] input : FuzzSample.inputs(target)) {
            Files.write(directory.resolve("kept-" + number++), input);
        }
    }
}
