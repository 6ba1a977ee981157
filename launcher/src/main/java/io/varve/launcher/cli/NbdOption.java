package io.varve.launcher.cli;

import io.varve.launcher.UserException;
import io.varve.launcher.daemon.NbdPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The option that has a volume served over NBD. */
final class NbdOption {
    @Option(
            names = "--nbd",
            paramLabel = "ADDRESS",
            description = "Serve it over NBD as well, at unix:PATH or HOST:PORT; may be given several times. Over TCP"
                    + " without --nbd-tls, whoever reaches the port reads and writes the volume.")
    private List<String> addresses = new ArrayList<>();

    @Option(
            names = "--nbd-tls",
            paramLabel = "DIR",
            description =
                    "Serve NBD clients over TLS only, and only those with a certificate: ca-cert.pem, server-cert.pem and"
                            + " server-key.pem are in this directory.")
    private Path tls;

    /** Where certificates and key are, absolute; null for no TLS. */
    Path tls() {
        if (tls != null && addresses.isEmpty()) {
            throw new UserException("--nbd-tls has no effect without --nbd: leave it out");
        }
        return tls == null ? null : tls.toAbsolutePath();
    }

    /** Where, with absolute paths. */
    List<String> addresses() {
        return addresses.stream().map(NbdPlan::absolute).toList();
    }

    boolean hasUnixSocket() {
        return addresses.stream().anyMatch(address -> address.startsWith("unix:"));
    }
}
