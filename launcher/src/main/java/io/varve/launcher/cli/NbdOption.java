package io.varve.launcher.cli;

import io.varve.launcher.daemon.NbdPlan;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The option that has a volume served over NBD. */
final class NbdOption {
    @Option(
            names = "--nbd",
            paramLabel = "ADDRESS",
            description =
                    "Serve it over NBD as well, at unix:PATH or HOST:PORT; may be given several times. Over TCP, whoever"
                            + " reaches the port reads and writes the volume.")
    private List<String> addresses = new ArrayList<>();

    /** Where, with absolute paths. */
    List<String> addresses() {
        return addresses.stream().map(NbdPlan::absolute).toList();
    }

    boolean hasUnixSocket() {
        return addresses.stream().anyMatch(address -> address.startsWith("unix:"));
    }
}
